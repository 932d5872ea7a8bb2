"""What people see in a terminal: help with examples, how long a build takes, tables as data."""

from __future__ import annotations

import json
import os
import pty
import runpy
import subprocess
import sys
from pathlib import Path

import pytest

from converters import intact, keys, outlook, summary
from converters.freshness import Wanted
from converters.jobs import Job
from converters.keys import ENTRIES
from converters.plan import Plan

ROOT = Path(__file__).resolve().parent.parent

COMMANDS = (
    *("changed", "check", "intact", "lock", "prune", "release", "site", "store", "summary"),
    *("upkeep", "why"),
)
STAGES = [entry.removesuffix(".__main__").removeprefix("converters.") for entry in ENTRIES.values()]


@pytest.mark.parametrize("command", [*COMMANDS, *STAGES])
def test_every_command_has_help_with_an_example(command, capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", [command, "--help"])
    name, place = f"converters.{command}", ROOT.joinpath("converters", *command.split("."))
    file = place / "__main__.py" if place.is_dir() else place.with_suffix(".py")
    with pytest.raises(SystemExit) as left:
        runpy.run_path(str(file), run_name="__main__")
    told = capsys.readouterr().out
    assert left.value.code == 0
    assert f"python -m {name} " in told.split("usage:", 1)[1].split("\n\n", 1)[1]
    assert "\x1b" not in told


# How long -----------------------------------------------------------------------------------------


def job(name: str) -> Job:
    return Job("tf", "digits", name)


def test_a_build_says_how_much_is_before_it():
    found = outlook.Outlook({job("a"): 60.0, job("b"): 120.0, job("c"): None}, 2)
    assert found.left() == 120.0  # no shorter than the longest stage
    said = outlook.announced(found)
    assert said == ("3 stages to run, 1 of unknown length: about 2 min at most, by earlier runs")
    assert outlook.progressed(found, {job("b")}) == "1 of 3 stages done, about 60 s left"


def test_nobody_guesses_what_never_ran():
    said = outlook.announced(outlook.Outlook({job("a"): None}, 2))
    assert said.startswith("1 stages to run; none of them ran here before")


@pytest.mark.parametrize(
    ("seconds", "text"), [(4, "4 s"), (89, "89 s"), (100, "2 min"), (7500, "2 h 5 min")]
)
def test_times_as_people_say_them(seconds, text):
    assert outlook.duration(seconds) == text


def test_only_what_is_stale_is_before_a_build(tmp_path, monkeypatch):
    plan = Plan(tmp_path, [])
    wanted = [Wanted(job(name), "", "", {}, cause) for name, cause in (("a", ""), ("b", "new"))]
    monkeypatch.setattr(plan.freshness, "asked", lambda: wanted)
    assert list(outlook.waiting(plan)) == [job("b")]


# Tables as data -----------------------------------------------------------------------------------


def test_what_is_no_longer_intact_is_also_data(tmp_path, capsys):
    (tmp_path / "manifest.json").write_text('{"files": {"a": {"sha256": "0"}}}')
    assert intact.main(["--json", "--package", str(tmp_path)]) == 1
    (found,) = json.loads(capsys.readouterr().out)
    assert found["findings"] == [{"path": str(tmp_path / "a"), "what": "is gone"}]


def test_the_table_of_a_comment_holds_the_named_variants_alone(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    for variant in ("8x8", "9x9"):
        folder = tmp_path / "results" / "digits" / variant
        (folder / "package").mkdir(parents=True)
        outputs = {"y": {"normalised_max": 0.5, "sqnr_db": None}}
        evidence = {"bytes": 10, "outputs": outputs, "metric": None}
        report = {"model": "digits", "variant": variant, "artifacts": {"int8": evidence}}
        (folder / "report.json").write_text(json.dumps(report))
    Path("changed.txt").write_text("results/digits/9x9/package\n")
    assert summary.main(["--markdown", "--variants", "changed.txt"]) == 0
    told = capsys.readouterr().out
    assert "| digits | 9x9 | int8 | 10 B | 5.0e-01 |" in told
    assert "8x8" not in told


# A build on a terminal ----------------------------------------------------------------------------


def on_a_terminal(folder: Path, **settings: str) -> str:
    """What a dry run prints where its output is a terminal."""
    command = [str(Path(sys.executable).parent / "snakemake"), "--cores", "1", "-n"]
    command += ["--snakefile", str(ROOT / "Snakefile"), "results/digits/recipe.checked"]
    environment = {**os.environ, "TERM": "xterm", **settings}
    ours, theirs = pty.openpty()
    done = subprocess.Popen(command, cwd=folder, env=environment, stdout=theirs, stderr=theirs)
    os.close(theirs)
    told = b""
    while True:
        try:
            more = os.read(ours, 4096)
        except OSError:  # Linux says so when the other side is closed
            break
        if not more:
            break
        told += more
    os.close(ours)
    assert done.wait(60) == 0, told
    return told.decode()


@pytest.mark.slow
def test_colours_are_for_terminals_whose_user_wants_them(tmp_path):
    (tmp_path / "models").symlink_to(ROOT / "models")
    plan = "Building DAG"
    assert "\x1b[" in on_a_terminal(tmp_path).split(plan)[1]
    assert "\x1b[" not in on_a_terminal(tmp_path, NO_COLOR="1").split(plan)[1]


def test_the_commands_of_rules_name_their_log():
    for stage in keys.ENTRIES:
        assert keys.command_of(stage).endswith("> {log} 2>&1")
