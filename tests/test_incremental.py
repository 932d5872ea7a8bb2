"""After every kind of change the next build runs the stages whose result can differ, no others."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.incremental.changes import CHANGES
from tests.incremental.page import PAGE, page
from tests.incremental.zoo import new_zoo

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A zoo in which everything is built and stored."""
    zoo = new_zoo(tmp_path_factory.mktemp("incremental") / "zoo")
    done = zoo.build()
    assert done.code == 0, done.output
    return zoo


@pytest.mark.parametrize("change", CHANGES, ids=[change.name for change in CHANGES])
def test_exactly_what_can_differ_is_run_again(built, tmp_path, change):
    zoo = built.copy(tmp_path / "zoo")
    zoo = change.make(zoo) or zoo
    done = zoo.build()
    assert done.code == 0, done.output
    assert done.ran == change.ran, done.output
    again = zoo.build()
    assert (again.ran, again.restored) == (set(), set()), again.output


def test_the_page_shows_this_table():
    assert page() == PAGE.read_text(encoding="utf-8"), "run `make docs`"


def test_why_names_the_field_the_module_and_the_package(built, tmp_path):
    zoo = built.copy(tmp_path / "zoo")

    def why(target: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "converters.why", target]
        return subprocess.run(command, cwd=zoo.folder, text=True, capture_output=True, timeout=100)

    fresh = why("results/good/16x16/int8.tflite")
    assert fresh.returncode == 0 and "up to date" in fresh.stdout, fresh.stderr
    zoo.edit("models/good/recipe.yaml", "count: 20, seed: 1", "count: 21, seed: 1")
    zoo.edit("converters/simplify.py", "import argparse", "import argparse\nimport json")
    stale = why("good")
    assert stale.returncode == 1
    assert "[quantize-int8]" in stale.stdout and "count was 20, is 21" in stale.stdout
    assert "code: converters.simplify changed" in stale.stdout
    assert "is stale" not in why("results/good/16x16/facts/export.json").stdout
    unknown = why("results/good/16x16/nothing.at.all")
    assert unknown.returncode == 2 and "no stage makes it" in unknown.stderr
