"""Recipes that are marked as broken: each is tried, and one that works now is an error."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest

from converters import broken
from converters.recipes import read_zoo

ROOT = Path(__file__).parents[1]


class Recipe(NamedTuple):
    id: str
    status: str
    reason: str
    variants: dict


LOOP = Recipe("loop", "broken", "it loops", {"small": None, "large": None})
SOUND = Recipe("sound", "active", "", {"small": None})


def failed(logs: Path, stage: str) -> Path:
    """Logs as a failing build leaves them."""
    folder = logs / "loop" / "small"
    folder.mkdir(parents=True)
    record = {"subject": "rnn/while", "cause": "no rule for this op", "remedy": "", "stage": stage}
    (folder / f"{stage}.error.json").write_text(json.dumps(record))
    return logs


def test_only_the_broken_are_tried_with_one_variant(tmp_path):
    asked = []
    recipes = [SOUND, LOOP]
    found = list(broken.verdicts(recipes, lambda target: bool(asked.append(target)), tmp_path))
    assert asked == ["results/loop/small/package"]
    assert [verdict.model for verdict in found] == ["loop"]


def test_one_that_builds_is_mended(tmp_path):
    (found,) = broken.verdicts([LOOP], lambda _target: True, tmp_path)
    assert found.is_mended and "status: active" in found.says


def test_one_that_fails_says_where_and_what_the_recipe_says(tmp_path):
    (found,) = broken.verdicts([LOOP], lambda _target: False, failed(tmp_path, "mo"))
    assert not found.is_mended
    assert found.says.startswith("is still broken, [mo] rnn/while: no rule for this op")
    assert found.says.endswith("the recipe says: it loops")


def test_a_source_that_cannot_be_fetched_proves_nothing(tmp_path):
    (found,) = broken.verdicts([LOOP], lambda _target: False, failed(tmp_path, "download-net"))
    assert not found.is_mended and found.says.startswith("could not be tried")


def test_the_command_fails_where_one_is_mended(monkeypatch, capsys):
    monkeypatch.setattr(broken, "read_zoo", lambda *_: ({"loop": LOOP}, []))
    monkeypatch.setattr(broken, "snakemake", lambda _target: True)
    assert broken.main([]) == 1
    assert capsys.readouterr().out.startswith("loop: builds now")


@pytest.mark.slow
@pytest.mark.skipif("ZOO_MIRRORS" not in os.environ, reason="needs the sources: set ZOO_MIRRORS")
def test_what_this_zoo_calls_broken_is_broken():
    recipes, _problems = read_zoo(ROOT / "models", [])
    if not any(recipe.status == "broken" for recipe in recipes.values()):
        pytest.skip("no recipe of this zoo is marked as broken")
    command = [sys.executable, "-m", "converters.broken"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
