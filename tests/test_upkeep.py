"""What CI asks: what a commit changes, whether sources are as they were; the jobs themselves."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import yaml

from converters import changed, upkeep
from tests.servers import Server, content

ROOT = Path(__file__).resolve().parent.parent
WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(folder), "GIT_CONFIG_GLOBAL": os.devnull}
    return subprocess.run(command, cwd=folder, env=environment, text=True, capture_output=True)


# Changed ------------------------------------------------------------------------------------------


def keys(**variants: str) -> dict[str, object]:
    return {
        name: {"lineage": value, "jobs": {"tf": {"recipe": {"field": value}}}}
        for name, value in variants.items()
    }


def test_what_is_new_gone_and_changed_is_told_apart():
    found = list(changed.compared(keys(a="1", b="1", c="1"), keys(b="1", c="2", d="1")))
    assert [(each.name, each.kind) for each in found] == [
        ("a", "gone"),
        ("c", "changed"),
        ("d", "new"),
    ]
    assert found[1].reasons == {'recipe: field was "1", is "2"': ["tf"]}
    assert found[1].target == "results/c/package"


@pytest.mark.slow
def test_in_a_fresh_clone_one_field_changes_one_model(tmp_path):
    if not (ROOT / ".git").exists():
        pytest.skip("this copy of the repository has no git history to clone")
    clone = tmp_path / "clone"
    subprocess.run(["git", "clone", "-q", "--shared", str(ROOT), str(clone)], check=True)
    shutil.copytree(ROOT / "converters", clone / "converters", dirs_exist_ok=True)
    (clone / "config.yaml").write_text("models: models\nselect: [digits, espcn_x2]\n")
    commit = ["git", "-c", "user.name=x", "-c", "user.email=x@example.org", "commit", "-qam", "x"]
    assert run(clone, "git", "add", ".").returncode == 0
    assert run(clone, *commit).returncode == 0
    recipe = clone / "models" / "digits" / "recipe.yaml"
    text = recipe.read_text()
    assert "{data: training, count: 100, seed: 0}" in text
    changed_text = text.replace("count: 100, seed: 0", "count: 99, seed: 0")
    recipe.write_text(f"# a remark changes nothing\n{changed_text}")
    command = [sys.executable, "-m", "converters.changed", "--base", "HEAD"]
    (found,) = json.loads(run(clone, *command, "--json").stdout)
    assert found["name"] == "digits/8x8"
    assert list(found["reasons"]) == ["recipe: calibration.count was 100, is 99"]
    assert run(clone, *command, "--targets").stdout == "results/digits/8x8/package\n"
    recipe.write_text(f"# a remark changes nothing\n{text}")
    assert run(clone, *command, "--targets").stdout.strip() == ""
    wrong = run(clone, *command[:-1], "no-such-commit")
    assert wrong.returncode == 2 and "no-such-commit" in wrong.stderr
    assert "Traceback" not in wrong.stderr


# Upkeep -------------------------------------------------------------------------------------------


@pytest.fixture
def server():
    with Server() as found:
        yield found


@pytest.fixture
def zoo(tmp_path, server):
    """A recipe whose only source lies elsewhere."""
    model = tmp_path / "models" / "good"
    shutil.copytree(ROOT / "tests/workflow/mixed/models/good", model)
    sha256 = hashlib.sha256(b"weights").hexdigest()
    recipe = model / "recipe.yaml"
    address = server.url("/weights.safetensors")
    source = f"{{kind: url, url: '{address}', sha256: {sha256}, size: 7}}"
    recipe.write_text(recipe.read_text().replace("{kind: file, path: weights.safetensors}", source))
    return tmp_path


def test_a_source_that_is_as_it_was_is_well(zoo, server, capsys):
    server.on("/weights.safetensors", content(b"weights"))
    assert upkeep.main(["--models", str(zoo / "models")]) == 0
    assert capsys.readouterr().out.startswith("well  good: weights")


@pytest.mark.parametrize(("data", "told"), [(b"WEIGHTS", "sha256"), (None, "404")])
def test_a_source_that_is_another_or_away_is_reported(zoo, server, capsys, data, told):
    if data is not None:
        server.on("/weights.safetensors", content(data))
    report = zoo / "report.md"
    options = ["--models", str(zoo / "models"), "--attempts", "1", "--markdown", str(report)]
    assert upkeep.main([*options, "--json"]) == 1
    (found,) = json.loads(capsys.readouterr().out)
    assert not found["is_well"] and told in found["told"].lower()
    assert report.read_text().startswith("1 of 1 sources and locks are not as they were.")
    assert "| good: weights |" in report.read_text()


def test_a_recipe_that_cannot_be_read_is_not_passed_over(zoo, capsys):
    (zoo / "models" / "good" / "recipe.yaml").write_text("id: good")
    assert upkeep.main(["--models", str(zoo / "models")]) == 1
    assert capsys.readouterr().out.startswith("WRONG good")


# The jobs -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.stem)
def test_jobs_pin_their_actions_and_may_do_little(path):
    workflow = yaml.safe_load(path.read_text())
    assert workflow["permissions"] == {}
    for name, job in workflow["jobs"].items():
        assert "timeout-minutes" in job
        writes = [right for right, level in job["permissions"].items() if level == "write"]
        runs = " ".join(step.get("run", "") for step in job["steps"])
        assert not (writes and "make " in runs), f"{name} runs our code and may write"
        for step in job["steps"]:
            if "uses" in step:
                assert re.fullmatch(r"[\w-]+/[\w-]+@[0-9a-f]{40}", step["uses"])
            assert "${{" not in step.get("run", ""), "pass it by env: a shell would run it"


def test_jobs_run_targets_that_there_are():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    named = {
        target
        for path in WORKFLOWS
        for target in re.findall(r"run: make ([a-z-]+)", path.read_text())
    }
    assert {"lint", "changed", "release", "site", "upkeep"} <= named <= targets


def test_actionlint_finds_nothing():
    command = shutil.which("actionlint")
    if command is None:
        pytest.skip("actionlint is not installed: the workflows are not linted")
    done = run(ROOT, command, *map(str, WORKFLOWS))
    assert done.returncode == 0, done.stdout
