"""Environments of further tools: made once from a lock, whole or not at all, and found again."""

from __future__ import annotations

import hashlib
import json
import subprocess
import sys
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from converters import errors
from converters.environments import __main__ as command
from converters.environments import conda, making, place, table
from converters.environments.table import ENVIRONMENTS, LOCKS, Environment, lock_of

LAYERS = [name for name, each in ENVIRONMENTS.items() if each.kind == "layer"]


def wheel(folder: Path, version: str) -> Path:
    """A package with one module that tells its version."""
    path = folder / f"tiny_tool-{version}-py3-none-any.whl"
    info = f"tiny_tool-{version}.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("tiny_tool.py", f"VERSION = {version!r}\n")
        metadata = f"Metadata-Version: 2.1\nName: tiny-tool\nVersion: {version}\n"
        archive.writestr(f"{info}/METADATA", metadata)
        archive.writestr(f"{info}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{info}/RECORD", f"tiny_tool.py,,\n{info}/METADATA,,\n{info}/WHEEL,,\n")
    return path


def write_lock(folder: Path, version: str, digest: str = "") -> None:
    made = wheel(folder, version)
    digest = digest or hashlib.sha256(made.read_bytes()).hexdigest()
    (folder / "tiny.txt").write_text(
        f"--no-index\n--find-links {folder}\ntiny-tool=={version} \\\n    --hash=sha256:{digest}\n"
    )


@pytest.fixture
def locks(tmp_path, monkeypatch):
    folder = tmp_path / "envs"
    folder.mkdir()
    (folder / "main.txt").write_text("numpy==1.26.4\n")
    tiny = {"tiny": Environment("a test"), "web": Environment("a test", "npm")}
    monkeypatch.setattr(table, "ENVIRONMENTS", {**ENVIRONMENTS, **tiny})
    monkeypatch.delenv("CONDA_PREFIX", raising=False)
    write_lock(folder, "1.0")
    return folder


def told(python: Path) -> dict[str, str]:
    code = "import json, numpy, tiny_tool as t; print(json.dumps([t.VERSION, numpy.__version__]))"
    done = subprocess.run([python, "-I", "-c", code], capture_output=True, text=True, check=True)
    return dict(zip(("tiny", "numpy"), json.loads(done.stdout), strict=True))


def test_a_layer_has_its_own_packages_before_those_of_the_main_environment(locks, tmp_path):
    made = making.ready("tiny", locks, tmp_path / "made")
    found = told(made.python)
    assert found["tiny"] == "1.0" and found["numpy"]
    assert json.loads((made.folder / place.STAMP).read_text())["name"] == "tiny"


def test_it_is_made_once_and_again_when_the_lock_changes(locks, tmp_path, monkeypatch):
    first = making.ready("tiny", locks, tmp_path / "made")
    written = (first.folder / place.STAMP).stat().st_mtime_ns
    monkeypatch.setattr(making, "_make", lambda *_: pytest.fail("made again"))
    assert making.ready("tiny", locks, tmp_path / "made") == first
    assert (first.folder / place.STAMP).stat().st_mtime_ns == written
    monkeypatch.undo()
    monkeypatch.setattr(table, "ENVIRONMENTS", {"tiny": Environment("a test")})
    write_lock(locks, "2.0")
    second = making.ready("tiny", locks, tmp_path / "made")
    assert second.folder != first.folder
    assert (told(first.python)["tiny"], told(second.python)["tiny"]) == ("1.0", "2.0")


def test_another_main_environment_is_another_layer(locks):
    before = place.lock_digest("tiny", locks)
    (locks / "main.txt").write_text("numpy==1.26.5\n")
    assert place.lock_digest("tiny", locks) != before


def test_what_is_not_what_the_lock_says_is_refused_and_nothing_stays(locks, tmp_path, capfd):
    write_lock(locks, "1.0", digest="0" * 64)
    with pytest.raises(errors.ZooError, match="cannot be made") as raised:
        making.ready("tiny", locks, tmp_path / "made")
    assert raised.value.subject == "environment tiny"
    assert "python -m converters.environments" in raised.value.remedy
    assert [path.suffix for path in (tmp_path / "made").iterdir()] == [".lock"]
    assert "ash" in capfd.readouterr().err  # the installer's own words


def test_two_who_want_it_at_once_get_one(locks, tmp_path, monkeypatch):
    made = []
    real = making._make
    monkeypatch.setattr(making, "_make", lambda *given: (made.append(1), real(*given)))
    with ThreadPoolExecutor(2) as pool:
        both = list(pool.map(lambda _: making.ready("tiny", locks, tmp_path / "m"), range(2)))
    assert both[0] == both[1] and made == [1]


def test_npm_that_is_not_there_is_said(locks, tmp_path, monkeypatch):
    (locks / "web").mkdir()
    (locks / "web" / "package-lock.json").write_text("{}")
    monkeypatch.setattr(making.shutil, "which", lambda _name: None)
    with pytest.raises(errors.ZooError, match="node and npm are not installed"):
        making.ready("web", locks, tmp_path / "made")


def test_an_active_conda_environment_with_every_package_is_used(locks, tmp_path, monkeypatch):
    packages = tmp_path / "conda" / "lib" / "python3.11" / "site-packages"
    packages.mkdir(parents=True)
    monkeypatch.setenv("CONDA_PREFIX", str(tmp_path / "conda"))
    assert place.of_conda("tiny", locks) is None
    (packages / "tiny_tool-1.0.dist-info").mkdir()
    assert making.ready("tiny", locks).folder == tmp_path / "conda"


def test_an_unknown_one_is_named(capsys):
    assert command.main(["make", "tfsj"]) == 1
    assert "tfsj: there is no such environment" in capsys.readouterr().err


def test_prune_removes_former_ones_alone(tmp_path, monkeypatch, capsys):
    kept = place.place_of("tfjs", within=tmp_path).folder
    for folder in (kept, tmp_path / "tfjs-000000000000", tmp_path / "notes"):
        folder.mkdir()
    command.prune([], within=tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted([kept.name, "notes"])


@pytest.mark.parametrize("name", [n for n, each in ENVIRONMENTS.items() if each.is_python])
def test_every_pin_has_a_hash_and_conda_has_the_same_list(name):
    text = lock_of(name).read_text()
    pinned = place.pins(lock_of(name))
    assert pinned and text.count("--hash=sha256:") >= len(pinned)
    assert (LOCKS / f"{name}.yaml").read_text() == conda.text(name)
    assert (LOCKS / f"{name}.in").is_file()


@pytest.mark.parametrize("name", LAYERS)
def test_a_layer_repeats_nothing_of_the_main_environment(name):
    assert not set(place.pins(lock_of(name))) & set(place.pins(LOCKS / "main.txt")) - {"pandas"}


def test_npm_packages_have_their_integrity():
    packages = json.loads(lock_of("node").read_text())["packages"]
    assert all("integrity" in each for name, each in packages.items() if name)


def test_the_command_lists_them_all():
    done = subprocess.run(
        [sys.executable, "-m", "converters.environments"],
        cwd=LOCKS.parent,
        capture_output=True,
        text=True,
        check=True,
    )
    assert [line.split()[0] for line in done.stdout.splitlines()] == list(ENVIRONMENTS)
