"""After every kind of change the next build runs the stages whose result can differ, no others."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from converters import keys
from converters.freshness import Wanted
from converters.jobs import upstream
from converters.paths import job_at
from converters.recipes import load_recipe
from converters.traces import all_traces
from tests.incremental.changes import ALL, CHANGES
from tests.incremental.page import PAGE, page
from tests.incremental.zoo import new_zoo

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """A zoo in which everything is built and stored."""
    zoo = new_zoo(tmp_path_factory.mktemp("incremental") / "zoo")
    (zoo.folder / "loaded").mkdir()
    done = zoo.build()
    assert done.code == 0, done.output
    shutil.move(zoo.folder / "loaded", zoo.folder.with_name("loaded"))
    return zoo


def test_a_stages_key_covers_every_module_that_it_loads(built):
    """The scan of imports is static: a module imported by name at run time must not escape it."""
    of_every_job = set(keys.code_of("converters.job")) | {"converters.job"}
    seen = set()
    for path in built.folder.with_name("loaded").glob("*.json"):
        argv, modules = json.loads(path.read_text())
        if argv[0].endswith("converters/job.py"):
            stage = Path(argv[1]).parent.name.split("-")[0]
            seen.add(stage)
            missed = set(modules) - set(keys.code_of(keys.ENTRIES[stage])) - of_every_job
            assert missed == set(), stage
    assert seen == {name.split("-")[0] for name in ALL}


def test_the_jobs_that_are_said_to_be_read_are_those_that_are_read(built, monkeypatch):
    monkeypatch.chdir(built.folder)
    recipe = load_recipe(Path("models/good"))
    traces = list(all_traces())
    assert len(traces) == len(ALL)
    for path, trace in traces:
        job = Wanted.read(path.with_name("wanted.json")).job
        made = {job_at(output) for output in trace.outputs}
        assert made == {job}
        if job.stage != "download":
            read = {job_at(name) for name in trace.inputs}
            assert read == set(upstream(job, recipe.variant(job.variant))), job


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
