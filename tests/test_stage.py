"""The stage runner: outputs whole or absent, errors in words and on record."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from converters import stage
from converters.errors import ZooError


@pytest.fixture(autouse=True)
def workdir(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run_stage(run, *options):
    return stage.main(
        "cook", "Cooks.", lambda parser: None, run, ["soup", "hot", *map(str, options)]
    )


def test_a_file_appears_whole(workdir):
    with stage.made_whole(workdir / "a" / "b.txt") as part:
        part.write_text("done")
        assert not (workdir / "a" / "b.txt").exists()
    assert (workdir / "a" / "b.txt").read_text() == "done"
    assert [path.name for path in (workdir / "a").iterdir()] == ["b.txt"]


def test_a_failure_leaves_the_older_file_and_nothing_else(workdir):
    target = workdir / "b.txt"
    target.write_text("old")
    with pytest.raises(RuntimeError), stage.made_whole(target) as part:
        part.write_text("half")
        raise RuntimeError
    assert target.read_text() == "old"
    assert [path.name for path in workdir.iterdir()] == ["b.txt"]


def test_a_directory_replaces_an_older_one(workdir):
    target = workdir / "folder"
    for content in ("one", "two"):
        with stage.made_whole(target) as part:
            part.mkdir()
            (part / content).touch()
    assert [path.name for path in target.iterdir()] == ["two"]


def test_success_returns_zero_and_forgets_the_last_failure():
    record = stage.error_record("soup", "hot", "cook")
    record.parent.mkdir(parents=True)
    record.write_text("{}")
    assert run_stage(lambda args: None) == 0
    assert not record.exists()


def test_an_error_names_recipe_stage_subject_cause_and_remedy(capsys):
    def run(args):
        raise ZooError("is cold", subject="pot", remedy="light the stove")

    assert run_stage(run) == 1
    message = capsys.readouterr().err
    assert message == "error: soup/hot [cook]: pot: is cold\n  remedy: light the stove\n"
    record = json.loads(Path("logs/soup/hot/cook.error.json").read_text())
    assert record == {
        "recipe": "soup/hot",
        "stage": "cook",
        "subject": "pot",
        "cause": "is cold",
        "remedy": "light the stove",
    }


def test_a_bug_of_ours_is_told_from_a_users_mistake(capsys):
    def run(args):
        raise KeyError("salt")

    assert run_stage(run) == 70
    message = capsys.readouterr().err
    assert "Traceback" in message and "internal error" in message


def test_several_jobs_of_a_stage_keep_their_own_records():
    def run(args):
        raise ZooError("is cold")

    assert run_stage(run, "--record", "cook-left") == 1
    assert Path("logs/soup/hot/cook-left.error.json").exists()
