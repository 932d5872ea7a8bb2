"""Somebody's own zoo: a folder with config.yaml, models/ and a short Snakefile that uses ours."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from test_new import onnx_file

from converters.new.__main__ import main

ROOT = Path(__file__).resolve().parent.parent
TEMPLATE = ROOT / "template"
BIN = Path(sys.executable).parent


def test_the_template_has_the_options_of_the_build_system():
    profile = "profiles/default/config.yaml"
    assert (TEMPLATE / profile).read_text() == (ROOT / profile).read_text()
    own, ours = (yaml.safe_load((f / "config.yaml").read_text()) for f in (TEMPLATE, ROOT))
    assert set(own) - {"zoo"} <= set(ours)  # what it leaves out has its default


@pytest.fixture(scope="module")
def own(tmp_path_factory):
    """The template as it is copied, with one model that `new` has drafted."""
    folder = tmp_path_factory.mktemp("elsewhere") / "own"
    shutil.copytree(TEMPLATE, folder)
    config = folder / "config.yaml"
    config.write_text(config.read_text().replace("zoo: ..", f"zoo: {ROOT}"))
    file = onnx_file(folder / "net.onnx")
    assert main([str(file), "--id", "mine", "--models", str(folder / "models")]) == 0
    recipe = folder / "models" / "mine" / "recipe.yaml"
    recipe.write_text(recipe.read_text() + "artifacts: [float32]\n")
    return folder


def run(folder: Path, *command: str, **settings: str) -> subprocess.CompletedProcess[str]:
    hidden = ("PYTHONPATH", "ZOO_MIRRORS", "ZOO_CACHE")
    environment = {key: value for key, value in os.environ.items() if key not in hidden}
    return subprocess.run(
        command, cwd=folder, env={**environment, **settings}, text=True, capture_output=True
    )


def test_an_editor_finds_the_schema(own):
    assert (own / "models" / "schema.yaml").samefile(ROOT / "models" / "schema.yaml")


@pytest.mark.slow
def test_it_builds_with_the_rules_of_the_build_system(own):
    before = {path.name for path in ROOT.iterdir()}
    done = run(own, str(BIN / "snakemake"), "--cores", "2")
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    assert (own / "results/mine/8x8/package/float32.tflite").is_file()
    assert (own / "logs/mine/8x8/mo.log").is_file()
    assert "results/mine/8x8/package" in said and "Stages: " in said  # the table at the end
    assert (own / ".snakemake/zoo.lock").is_file() and any((own / "cache").iterdir())
    assert {path.name for path in ROOT.iterdir()} == before
    again = run(own, str(BIN / "snakemake"), "--cores", "2")
    assert "Nothing to be done" in again.stdout + again.stderr
    why = run(own, sys.executable, "-m", "converters.why", "mine", PYTHONPATH=str(ROOT))
    assert why.returncode == 0, why.stderr


def test_its_models_may_lie_elsewhere(own, tmp_path):
    shutil.copytree(own / "models", tmp_path / "shared" / "models", symlinks=True)
    command = ["--config", f"models={tmp_path}/shared/models", "--dry-run", "--forceall", "all"]
    done = run(own, str(BIN / "snakemake"), *command)
    assert done.returncode == 0, done.stderr
    assert "mine/8x8: package" in done.stdout + done.stderr
