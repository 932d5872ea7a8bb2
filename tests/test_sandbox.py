"""The sandbox: what strangers' code cannot do in it, and what happens where there is none."""

from __future__ import annotations

import json
import os
import socket
import sys
import textwrap
from pathlib import Path

import pytest

from converters import sandbox, strangers
from converters.errors import ZooError
from converters.recipes import load_variant, stage_slice

needs_bubblewrap = pytest.mark.skipif(
    bool(sandbox.unavailable()), reason=f"no sandbox here: {sandbox.unavailable()}"
)


@pytest.fixture(autouse=True)
def workdir(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(sandbox.MODE, "auto")
    (tmp_path / "own").mkdir()
    return tmp_path


def boxed(code: str, limits=sandbox.Limits(seconds=60), **more):  # noqa: B008
    """The exit code and what is said by Python code that may write to `own` alone."""
    own = Path("own")
    with (own / "said").open("w+b") as said:
        words = [sys.executable, "-c", textwrap.dedent(code)]
        end = sandbox.run(words, sandbox.Files([], [own]), limits, said)
    return end, (own / "said").read_text()


@needs_bubblewrap
def test_its_own_folder_and_a_temporary_one_are_all_it_can_write(workdir):
    outside = workdir / "outside.txt"
    code, said = boxed(f"""
        import os, pathlib, tempfile
        pathlib.Path("own/made.txt").write_text("made")
        pathlib.Path(tempfile.gettempdir(), "free.txt").write_text("gone at the end")
        for place in ({str(outside)!r}, {str(sandbox.ROOT / "converters" / "x.py")!r},
                      "/usr/x", "/etc/passwd", "/dev/shm/../../usr/y"):
            try:
                open(place, "a").write("x")
                print("WROTE", place)
            except OSError as error:
                print(error.strerror)
    """)
    assert code == 0 and "WROTE" not in said, said
    assert said.count("Read-only file system") + said.count("Permission denied") == 5
    assert (workdir / "own" / "made.txt").read_text() == "made"
    assert not outside.exists()


@needs_bubblewrap
def test_there_is_no_network(workdir):
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        code, said = boxed(f"""
            import socket
            for address in (("127.0.0.1", {port}), ("192.0.2.1", 80)):
                try:
                    socket.create_connection(address, timeout=3)
                    print("REACHED", address)
                except OSError as error:
                    print(type(error).__name__)
        """)
    assert code == 0 and "REACHED" not in said and said.count("\n") == 2


@needs_bubblewrap
def test_it_sees_no_other_processes_secrets_or_home(workdir, monkeypatch):
    monkeypatch.setenv("GITHUB_TOKEN", "s3cret")
    code, said = boxed(f"""
        import os, pathlib
        print(os.environ.get("GITHUB_TOKEN"))
        print(len([p for p in os.listdir("/proc") if p.isdigit()]) < 5)
        print(pathlib.Path.home(), os.listdir("/run"))
        try:
            os.kill({os.getpid()}, 15)
            print("KILLED")
        except ProcessLookupError:
            print("no such process")
    """)
    assert (code, said.split("\n")[:4]) == (0, ["None", "True", "/tmp []", "no such process"])


@pytest.mark.parametrize("mode", ["auto", "off"])
def test_limits_hold_with_and_without_bubblewrap(mode, monkeypatch):
    monkeypatch.setenv(sandbox.MODE, mode)
    code, said = boxed("x = bytearray(3_000_000_000)", sandbox.Limits(memory=1_000_000_000))
    assert code == 1 and "MemoryError" in said
    code, _ = boxed("while True: pass", sandbox.Limits(seconds=1))
    assert code == sandbox.TOO_LONG
    code, said = boxed(
        "open('own/large', 'wb').write(b'x' * 3_000_000)", sandbox.Limits(file=1_000_000)
    )
    assert code != 0 and Path("own/large").stat().st_size <= 1_000_000


def test_without_bubblewrap_there_is_a_warning_or_a_refusal(monkeypatch, capsys):
    monkeypatch.setattr(sandbox, "unavailable", lambda: "bubblewrap is not installed")
    assert boxed("print('ran')") == (0, "ran\n")
    assert "without a sandbox, with limits alone: bubblewrap is not" in capsys.readouterr().err
    monkeypatch.setenv(sandbox.MODE, "required")
    with pytest.raises(ZooError, match="is not installed") as caught:
        boxed("print('ran')")
    assert "sandbox: auto" in caught.value.remedy
    monkeypatch.setenv(sandbox.MODE, "sometimes")
    with pytest.raises(ZooError, match="none of auto, required, off"):
        boxed("print('ran')")


def test_the_configuration_reaches_the_jobs():
    said = sandbox.settings({"sandbox": False, "sandbox_memory": 8}, {"ZOO_SANDBOX_SECONDS": "5"})
    assert said == {"ZOO_SANDBOX": "off", "ZOO_SANDBOX_MEMORY": "8", "ZOO_SANDBOX_SECONDS": "5"}
    assert sandbox.settings({"sandbox": "auto"}, {"ZOO_SANDBOX": "required"})[sandbox.MODE] == (
        "required"
    )


# Which stages -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("load", "stages"),
    [
        ({"framework": "pytorch", "file": "network.py"}, set()),
        ({"framework": "pytorch", "module": "net", "path": ["code"]}, {"export", "reference"}),
        (
            {"framework": "pytorch", "file": "n.py", "allow_pickle_of": ["argparse.Namespace"]},
            {"export", "reference"},
        ),
        ({"framework": "onnx"}, set()),
        ({"framework": "tflite"}, {"mo", "reference"}),
        ({"framework": "caffe"}, set()),
        ({"framework": "keras"}, {"mo", "reference"}),
        ({"framework": "saved_model"}, {"mo", "reference"}),
        ({"framework": "tensorflow_frozen"}, {"mo", "reference"}),
    ],
)
def test_the_stages_that_run_strangers_code_are_declared(load, stages):
    every = ("export", "surgery", "simplify", "mo", "tf", "quantize", "reference", "verify")
    assert {stage for stage in every if strangers.code_in(stage, {"load": load})} == stages


def test_the_slices_of_these_stages_say_it():
    models = sandbox.ROOT / "tests" / "workflow" / "mixed" / "models"
    variant = load_variant(models, "upstream", "default")
    for stage in ("export", "reference"):
        assert "module" in strangers.code_in(stage, stage_slice(variant, stage))


# A whole stage ----------------------------------------------------------------------------------

RECIPE = """\
schema: 1
id: theirs
name: A network of strangers
task: regression
license: {spdx: MIT}
sources: {code: {kind: file, path: notes.txt}}
load: {framework: pytorch, module: net, path: [code], factory: Net}
inputs: [{name: x, shape: [1, 4]}]
outputs: [{name: y}]
artifacts: [float32]
data: {noise: {kind: random}}
verification: {data: noise}
"""

NETWORK = """\
import torch


class Net(torch.nn.Module):
    def forward(self, x):
        %s
        return x + 1
"""


def export(workdir: Path, body: str) -> tuple[int, dict]:
    """Export a network whose forward does something else besides."""
    (workdir / "models" / "theirs").mkdir(parents=True)
    (workdir / "models" / "theirs" / "recipe.yaml").write_text(RECIPE)
    (workdir / "sources" / "theirs" / "code").mkdir(parents=True)
    (workdir / "sources" / "theirs" / "code" / "net.py").write_text(NETWORK % body)
    out = "results/theirs/default"
    makes = [f"{out}/source.onnx", f"{out}/facts/export.json"]
    options = ["theirs", "default", "--record", "export", "--models", "models"]
    options += ["--sources", "sources/theirs", "--out", makes[0], "--facts", makes[1]]
    code = strangers.run_boxed(strangers.Boxed("export", options, ["sources/theirs"], makes))
    record = Path("logs/theirs/default/export.error.json")
    return code, json.loads(record.read_text()) if record.exists() else {}


@needs_bubblewrap
def test_a_stage_of_strangers_makes_what_it_should_and_nothing_else(workdir):
    code, record = export(workdir, "open('/tmp/note', 'w').write('seen by nobody')")
    assert (code, record) == (0, {})
    made = sorted(str(p) for p in Path("results").rglob("*") if p.is_file())
    assert made == [
        "results/theirs/default/facts/export.json",
        "results/theirs/default/source.onnx",
    ]
    assert not Path("/tmp/note").exists()


@needs_bubblewrap
def test_a_network_that_reaches_out_fails_with_words(workdir):
    body = "import net, pathlib; pathlib.Path(net.__file__).write_text('x')"
    code, record = export(workdir, body)
    assert code == 1 and "Read-only file system" in record["cause"]
    assert record["recipe"] == "theirs/default" and record["stage"] == "export"
    assert (workdir / "sources/theirs/code/net.py").read_text() == NETWORK % body
    assert not list(Path("results").rglob("*.onnx"))


def test_a_network_that_never_ends_is_stopped(workdir, monkeypatch):
    # that the clock is heeded is tested above; importing torch alone takes many seconds
    monkeypatch.setenv("ZOO_SANDBOX_SECONDS", "7")
    asked = []
    monkeypatch.setattr(sandbox, "run", lambda *a, folder: asked.append(a[2]) or sandbox.TOO_LONG)
    code, record = export(workdir, "pass")
    assert asked[0].seconds == 7
    assert code == 1 and record["cause"] == "foreign code was stopped: it took too long"
    assert "sandbox_seconds" in record["remedy"]


@needs_bubblewrap
def test_a_link_in_the_place_of_an_output_is_not_taken_out(workdir, capsys):
    body = "import atexit, os, sys; p = sys.argv[sys.argv.index('--out') + 1]; "
    body += "atexit.register(lambda: (os.remove(p), os.symlink('/etc/passwd', p)))"
    code, record = export(workdir, body)
    assert code == 1 and "something else than plain files" in record["cause"]
    assert not Path("results/theirs/default/source.onnx").exists()
