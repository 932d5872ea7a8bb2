"""Whole builds of a small zoo in which everything that can go wrong goes wrong once.

`tests/workflow/mixed/` holds a sound recipe among ones that are misspelt, too strict, unreachable,
unlocked, or kept in somebody else's repository. It is copied, given its weights, and built by
Snakemake once; each test looks at one thing that a user would see.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
import yaml

ROOT = Path(__file__).resolve().parent.parent
CASE = ROOT / "tests" / "workflow" / "mixed"
BIN = Path(sys.executable).parent

pytestmark = pytest.mark.slow


class Build(NamedTuple):
    folder: Path
    code: int
    output: str


def run(folder: Path, *command: str, **settings: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, **settings, "PYTHONPATH": str(ROOT)}
    environment.pop("ZOO_MIRRORS", None)
    return subprocess.run(
        command, cwd=folder, env=environment, text=True, capture_output=True, timeout=900
    )


def snakemake(folder: Path, *options: str, **settings: str) -> Build:
    command = [str(BIN / "snakemake"), "--snakefile", str(ROOT / "Snakefile"), "--cores", "2"]
    done = run(folder, *command, *options, "--configfile", "config.yaml", **settings)
    return Build(folder, done.returncode, done.stdout + done.stderr)


def make_weights(model: Path) -> None:
    """Weights for the network of `good`, drawn with a fixed seed."""
    code = (
        "import torch, network, safetensors.torch as s; torch.manual_seed(0);"
        "s.save_file(network.Tiny(4).state_dict(), 'weights.safetensors')"
    )
    subprocess.run([sys.executable, "-c", code], cwd=model, check=True)


def make_upstream(folder: Path) -> None:
    """A repository such as researchers publish: a package, and weights pickled from training."""
    (folder / "nets").mkdir(parents=True)
    (folder / "weights").mkdir()
    (folder / "nets" / "__init__.py").touch()
    (folder / "nets" / "tiny.py").write_text(
        "import torch\n\n\nclass TinyNet(torch.nn.Module):\n"
        "    def __init__(self, width):\n        super().__init__()\n"
        "        self.layers = torch.nn.Sequential(\n"
        "            torch.nn.Linear(4, width), torch.nn.Tanh(), torch.nn.Linear(width, 2))\n\n"
        "    def forward(self, x):\n        return self.layers(x)\n"
    )
    code = (
        "import torch; from nets.tiny import TinyNet; torch.manual_seed(1);"
        "state = {'module.' + k: v for k, v in TinyNet(3).state_dict().items()};"
        "torch.save({'model': {'state': state}, 'epoch': 7}, 'weights/tiny.pth')"
    )
    subprocess.run([sys.executable, "-c", code], cwd=folder, check=True)
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.org"]
    for step in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-q", "-m", "all"]):
        subprocess.run([*git, *step], cwd=folder, check=True)


@pytest.fixture(scope="session")
def settings(tmp_path_factory):
    """git finds example.org's repository in a folder of this test, and asks nobody else."""
    upstream = tmp_path_factory.mktemp("upstream") / "upstream.git"
    make_upstream(upstream)
    return {
        "GIT_CONFIG_COUNT": "1",
        "GIT_CONFIG_KEY_0": f"url.{upstream.as_uri()}.insteadOf",
        "GIT_CONFIG_VALUE_0": "https://git.example.org/upstream.git",
    }


@pytest.fixture(scope="session")
def zoo(tmp_path_factory, settings):
    folder = tmp_path_factory.mktemp("zoo")
    shutil.copytree(CASE, folder, dirs_exist_ok=True)
    make_weights(folder / "models" / "good")
    shutil.copy(folder / "models/good/weights.safetensors", folder / "models/strict")
    locked = run(folder, sys.executable, "-m", "converters.lock", "upstream", **settings)
    assert locked.returncode == 0, locked.stderr
    return folder


@pytest.fixture(scope="session")
def build(zoo, settings):
    return snakemake(zoo, "all", **settings)


def report(build: Build, model: str, variant: str):
    return json.loads((build.folder / f"results/{model}/{variant}/report.json").read_text())


def test_the_build_comes_to_what_is_expected(build):
    expected = yaml.safe_load((CASE / "expected.yaml").read_text())
    done = run(build.folder, sys.executable, "-m", "converters.summary", "--json")
    summary = json.loads(done.stdout)
    built: dict[str, dict[str, list[str]]] = {}
    for row in summary["artifacts"]:
        built.setdefault(row["model"], {}).setdefault(row["variant"], []).append(row["artifact"])
    assert built == expected["built"], build.output
    failed = {failure["model"]: failure for failure in summary["failures"]}
    assert set(failed) == set(expected["failed"])
    for model, wanted in expected["failed"].items():
        assert failed[model]["stage"] == wanted["stage"]
        assert wanted["says"] in failed[model]["cause"] + failed[model]["remedy"]
    assert set(summary["left_out"]) == set(expected["left_out"])
    for model, reason in expected["left_out"].items():
        assert reason in summary["left_out"][model]


def test_the_sound_recipe_is_built_and_verified(build):
    package = build.folder / "results/good/16x16/package"
    assert package.is_dir(), build.output
    evidence = report(build, "good", "16x16")["artifacts"]
    assert set(evidence) == {"saved_model", "ir", "float32", "int8"}
    for name in ("saved_model", "ir", "float32"):
        assert evidence[name]["outputs"]["mask"]["normalised_max"] < 1e-4
    assert evidence["float32"]["transposes"]["count"] == 0
    assert evidence["int8"]["metric"]["name"] == "iou"


def test_the_manifest_lists_every_file_with_its_digest(build):
    package = build.folder / "results/good/16x16/package"
    manifest = json.loads((package / "manifest.json").read_text())
    files = {p.relative_to(package).as_posix() for p in package.rglob("*") if p.is_file()}
    assert set(manifest["files"]) == files - {"manifest.json", ".snakemake_timestamp"}
    assert {"float32.tflite", "int8.tflite", "report.json", "ir/model.bin"} <= files
    assert list(manifest["files"]) == sorted(manifest["files"])
    assert "tensorflow" in manifest["versions"]["tf"]


def test_the_table_and_the_failures_end_the_build(build):
    assert build.code != 0
    table = build.output[build.output.index("model ") :]
    assert "good          16x16    int8" in table or "good" in table
    assert "strict/16x16 [verify-float32]" in table
    assert "unreachable/sources [download-net]" in table
    assert "Not built:\n  unlocked: no checksum yet for net" in table


def test_a_bad_recipe_says_where_and_what(build):
    log = (build.folder / "logs/misspelt/recipe/check.log").read_text()
    assert "models/misspelt/recipe.yaml:" in log
    assert "artefacts" in log and "artifacts" in log
    assert "misspelt" in build.output


def test_int8_without_calibration_is_refused(build):
    log = (build.folder / "logs/refused_int8/recipe/check.log").read_text()
    assert "calibration" in log


def test_a_limit_that_fails_leaves_no_package(build):
    assert not (build.folder / "results/strict/16x16/package").exists()
    record = json.loads((build.folder / "logs/strict/16x16/verify-float32.error.json").read_text())
    assert "mask" in record["cause"] + record["subject"]
    assert "normalised_max" in record["cause"]


def test_upstream_code_is_imported_from_its_pinned_commit(build):
    evidence = report(build, "upstream", "default")["artifacts"]["float32"]
    assert evidence["outputs"]["y"]["normalised_max"] < 1e-4
    facts = report(build, "upstream", "default")["sources"]["code"]
    assert len(facts["commit"]) == 40


def test_nothing_half_written_lies_about(build):
    hidden = (build.folder / "results").rglob(".*")
    assert [path for path in hidden if path.name != ".snakemake_timestamp"] == []


def test_a_second_build_runs_only_what_failed(build, settings):
    planned = snakemake(build.folder, "all", "-n", **settings).output
    assert "unreachable: download net" in planned
    assert "strict/16x16: verify float32" in planned
    assert "strict/16x16: make" not in planned
    assert "good/16x16:" not in planned and "upstream/default:" not in planned


def test_a_comment_changes_nothing_and_a_limit_reruns_verify_alone(build, settings):
    recipe = build.folder / "models/good/recipe.yaml"
    text = recipe.read_text()
    target = "results/good/16x16/package"
    recipe.write_text("# a remark\n" + text)
    assert "Nothing to be done" in snakemake(build.folder, target, "-n", **settings).output
    recipe.write_text(text + "limits: {int8: {sqnr_db: 5}}\n")
    planned = snakemake(build.folder, target, "-n", **settings).output
    recipe.write_text(text)
    assert "rule verify" in planned or "verify " in planned
    assert "quantize" not in planned and "reference" not in planned.replace("reference.npz", "")
