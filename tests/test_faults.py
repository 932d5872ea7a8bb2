"""Builds survive what can happen to them, and two of them make equal bytes wherever they are.

The quick form of `python -m benchmarks.faults`: one trial of each fault, at a seeded moment.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from benchmarks.faults import __main__ as command
from benchmarks.faults import disks, kills, together
from benchmarks.faults.bench import Bench, Ended, Impossible, Outcome
from benchmarks.faults.build import Build
from benchmarks.faults.page import Tried, page
from benchmarks.faults.zoo import contents, differences, make_zoo
from converters import hold
from converters.freshness import Freshness
from converters.jobs import Job
from converters.keys import edited_since
from converters.traces import Output, Trace, trace_path, write_trace

ROOT = Path(__file__).resolve().parent.parent
GOOD = ROOT / "tests" / "workflow" / "mixed" / "models" / "good"

QUICK = (
    kills.without_store,
    kills.with_store,
    kills.while_restoring,
    disks.full_results,
    disks.read_only_full,
    disks.vanishing,
    disks.damaged_blobs,
    together.dead_server,
    together.two_builds,
    together.two_clones,
)


@pytest.fixture(scope="module")
def bench(tmp_path_factory):
    return Bench(tmp_path_factory.mktemp("faults"), seed=5)


@pytest.mark.slow
@pytest.mark.parametrize("fault", QUICK, ids=lambda fault: fault.__name__)
def test_a_build_survives(bench, fault):
    bench.chance.seed(f"{bench.seed} {fault.__name__}")
    try:
        outcome = fault(bench)
    except Impossible as reason:
        pytest.skip(str(reason))
    assert outcome.survived, outcome.words


# Two builds make equal bytes ----------------------------------------------------------------------

HERE = {"USER": "ada", "LOGNAME": "ada", "TZ": "Pacific/Kiritimati", "LANG": "C.UTF-8"}
THERE = {
    "USER": "bob.o'hara",
    "LOGNAME": "bob.o'hara",
    "TZ": "America/Adak",
    "LANG": "C",
    "ZOO_WORKERS": "0",
}


@pytest.mark.slow
def test_two_builds_make_equal_bytes(tmp_path):
    """In two folders, as two users, in two time zones, with and without workers."""
    made = []
    for name, settings in (("a", HERE), ("another/folder, deeper", THERE)):
        folder = zoo_from_pytorch(tmp_path / name)
        home = tmp_path / f"home of {settings['USER']}"
        home.mkdir()
        ended = Build(folder, "off", **settings, HOME=str(home)).ended()
        assert ended.code == 0, ended.output
        made.append(contents(folder))
    endings = {Path(name).suffix for name in made[0]}
    assert {".onnx", ".xml", ".bin", ".tflite", ".pb", ".h5", ".keras", ".json"} <= endings
    assert differences(*made) == ""


def zoo_from_pytorch(folder: Path) -> Path:
    """A zoo of one recipe from PyTorch, in every kind of format."""
    model = folder / "models" / "good"
    shutil.copytree(GOOD, model)
    text = (model / "recipe.yaml").read_text()
    old = "artifacts: [saved_model, ir, float32, int8]"
    assert old in text
    new = "artifacts: [saved_model, frozen_pb, h5, keras, ir, float32, int8]"
    (model / "recipe.yaml").write_text(text.replace(old, new))
    (folder / "config.yaml").write_text("models: models\n")
    weights = (
        "import torch, network, safetensors.torch as s; torch.manual_seed(0);"
        "s.save_file(network.Tiny(4).state_dict(), 'weights.safetensors')"
    )
    subprocess.run([sys.executable, "-c", weights], cwd=model, check=True)
    return folder


# What the faults have taught ----------------------------------------------------------------------


def test_who_had_to_wait_plans_anew(tmp_path):
    """A second process, called as Snakemake is, begins again once the first lets go."""
    code = (
        "import sys\nfrom pathlib import Path\nfrom converters import hold\n"
        "print('begun', flush=True)\n"
        "hold.hold_folder(Path('lock'), after_waiting=hold.plan_anew)\nprint('held')\n"
    )
    script = tmp_path / "snakemake"
    script.write_text(code)
    held = hold.hold_folder(tmp_path / "lock")
    second = subprocess.Popen(
        [sys.executable, str(script)],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert second.stderr.readline().startswith(
        f"another build runs in this folder ({os.getpid()}".replace("(", "(process ")
    )
    held.close()
    output, _ = second.communicate(timeout=60)
    assert output.split() == ["begun", "begun", "held"]


def test_a_fresh_job_is_told_what_is_wanted_now(tmp_path, monkeypatch):
    """An edit that was planned and taken back leaves no file that speaks of it: a job may run
    though it is fresh, and would keep its result under the key of the edit.
    """
    monkeypatch.chdir(tmp_path)
    job = Job("simplify", "m", "v")

    def planned(opset: int) -> dict[str, object]:
        fresh = Freshness(lambda _: {"opset": opset}, lambda _: ())
        fresh.tell_snakemake(job)
        return fresh.wanted(job)

    before = planned(1)
    made = tmp_path / "made"
    made.write_text("x")
    trace = Trace(
        before.key,
        before.lineage,
        before.parts,
        {},
        {"made": Output.of(made)},
        1.0,
        "ran",
        time.time_ns(),
    )
    write_trace(job, trace)
    planned(2)
    again = planned(1)
    assert again.cause == ""
    told = type(again).read(trace_path(job).with_name("wanted.json"))
    assert told == again


def test_a_recipe_edited_in_mid_build_is_noticed(tmp_path):
    recipe = tmp_path / "recipe.yaml"
    recipe.write_text("schema: 1\n")
    moment = recipe.stat().st_mtime + 1
    parts = {"code": {}, "files": {"data.py": "absent"}}
    assert not edited_since(moment, parts, tmp_path)
    os.utime(recipe, (moment + 1, moment + 1))
    assert edited_since(moment, parts, tmp_path)


# The benchmark's own words ------------------------------------------------------------------------


def test_an_outcome_tells_files_apart(tmp_path):
    bench = Bench(tmp_path, seed=0)
    bench.undisturbed = {"results/a": "1"}
    folder = bench.zoo()
    assert bench.judged(folder, Ended(1, "an Error: too bad")).words == "exit 1: an Error: too bad"
    assert bench.judged(folder, Ended(0, "")) == Outcome(False, "results/a differ")
    (folder / "results").mkdir()
    (folder / "results" / "a").write_text("")
    bench.undisturbed = contents(folder)
    assert bench.judged(folder, Ended(0, "Stages: 1 run.")) == Outcome(True, "1 run")


def test_notes_and_litter_are_no_contents(tmp_path):
    folder = make_zoo(tmp_path / "zoo")
    for name in ("m/v/traces/tf/trace.json", "m/v/.a.tflite.abcd_123/a.tflite", "m/v/a.tflite"):
        path = folder / "results" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert list(contents(folder)) == ["results/m/v/a.tflite"]


def test_a_long_run_goes_on_from_what_is_kept(tmp_path):
    def falls(bench):
        """a fault"""
        calls.append(bench.chance.random())
        return Outcome(True, "well")

    calls: list[float] = []
    bench = Bench(tmp_path, seed=0)
    kept = tmp_path / "kept.jsonl"
    first = command.tried(bench, falls, 2, command.Kept(kept))
    second = command.tried(bench, falls, 3, command.Kept(kept))
    assert (first.survived, second.survived, len(calls)) == (2, 3, 3)
    assert len(set(calls)) == 3


def test_the_page_says_what_did_not_survive():
    facts = dict.fromkeys(("date", "machine", "load", "command", "seed", "stages", "seconds"), "-")
    tried = [
        Tried("rain", [Outcome(True, "dry"), Outcome(False, "wet")]),
        Tried("snow", [], "it is summer"),
    ]
    text = page(tried, facts)
    assert "| rain | 2 | **1** |" in text
    assert "| snow | 0 | not tried: it is summer |" in text
    assert "**not survived: wet**" in text
