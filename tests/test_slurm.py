"""The zoo on a real Slurm: nodes do the work, one of them loses power, and the build ends whole."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests import slurm_cluster
from tests.slurm_cluster import Cluster, wait_until

ROOT = Path(__file__).resolve().parent.parent
CASE = ROOT / "tests" / "workflow" / "mixed"
BIN = Path(sys.executable).parent
PLUGINS = ROOT / ".venvs" / "slurm"
MODELS = ("good", "other")

pytestmark = pytest.mark.slow

OPTIONS = {
    "--slurm-status-command": ["squeue"],  # a cluster without accounts has no sacct
    "--slurm-init-seconds-before-status-checks": ["1"],
    "--seconds-between-status-checks": ["1"],
    "--latency-wait": ["5"],
    "--default-resources": ["slurm_partition=zoo", "mem_mb=1000", "disk_mb=1000", "runtime=10"],
}
"""What differs from the profile: a tiny cluster answers at once."""


def make_zoo(folder: Path) -> None:
    """Two recipes of the sound one: the same network with other weights, two artefacts each."""
    for seed, model in enumerate(MODELS):
        shutil.copytree(CASE / "models" / "good", folder / "models" / model)
        recipe = folder / "models" / model / "recipe.yaml"
        text = recipe.read_text().replace("id: good", f"id: {model}")
        wanted = "artifacts: [saved_model, ir, float32, int8]"
        assert wanted in text
        recipe.write_text(text.replace(wanted, "artifacts: [float32]"))
        code = (
            f"import torch, network, safetensors.torch as s; torch.manual_seed({seed});"
            "s.save_file(network.Tiny(4).state_dict(), 'weights.safetensors')"
        )
        subprocess.run([sys.executable, "-c", code], cwd=recipe.parent, check=True)
    shutil.copy(CASE / "config.yaml", folder)


def command(*words: str) -> list[str]:
    profile = ["--profile", str(ROOT / "profiles" / "slurm")]
    fixed = ["--snakefile", str(ROOT / "Snakefile"), "--configfile", "config.yaml", *profile]
    more = [word for name, values in OPTIONS.items() for word in (name, *values)]
    return [str(BIN / "snakemake"), *words, *fixed, *more]


@pytest.fixture
def zoo(tmp_path):
    make_zoo(tmp_path / "zoo")
    return tmp_path / "zoo"


@pytest.fixture
def cluster(tmp_path):
    why_not = slurm_cluster.missing()
    if not why_not and not (PLUGINS / "snakemake_executor_plugin_slurm").is_dir():
        why_not = "Snakemake's Slurm plugin is not installed: make slurm-env"
    if why_not:
        pytest.skip(why_not)
    with Cluster(tmp_path / "slurm", ("n1", "n2")) as running:
        yield running


def settings(zoo: Path) -> dict[str, str]:
    own = {"PYTHONPATH": str(PLUGINS), "ZOO_CACHE": str(zoo / "store"), "OMP_NUM_THREADS": "1"}
    return {**os.environ, **own, "PATH": slurm_cluster.search_path()}


def has_begun(zoo: Path, cluster: Cluster) -> bool:
    """Whether the first node is in the middle of its work."""
    return bool(cluster.jobs("n1")) and any(zoo.glob("results/*/16x16/source.onnx"))


def states(cluster: Cluster) -> dict[str, tuple[str, str]]:
    """Of all jobs there were: the id, the state, the node."""
    lines = cluster.ask("squeue", "-h", "-t", "all", "-o", "%A %T %N")
    return {line.split()[0]: (*line.split()[1:], "")[:2] for line in lines}


def test_a_build_outlives_a_node(zoo, cluster):
    log = zoo / "build.log"
    with log.open("wb") as out:
        build = subprocess.Popen(
            command("all"), cwd=zoo, env=settings(zoo), stdout=out, stderr=subprocess.STDOUT
        )
        try:
            why = "no job began on the first node"
            wait_until(lambda: has_begun(zoo, cluster) or build.poll() is not None, 300, why)
            assert build.poll() is None, log.read_text()
            lost = cluster.kill("n1")
            code = build.wait(600)
        finally:
            build.kill()
            build.wait()
    found = states(cluster)
    assert code == 0, log.read_text()
    assert lost and all(found[job] == ("NODE_FAIL", "n1") for job in lost)
    assert ("COMPLETED", "n2") in found.values()
    assert cluster.idle() == {"n2"}
    for model in MODELS:
        assert (zoo / f"results/{model}/16x16/package/manifest.json").is_file()
    intact = [sys.executable, "-m", "converters.intact"]
    checked = subprocess.run(
        intact, cwd=zoo, env={**settings(zoo), "PYTHONPATH": str(ROOT)}, capture_output=True
    )
    assert checked.returncode == 0, checked.stdout.decode()
    again = subprocess.run(
        command("all"), cwd=zoo, env=settings(zoo), capture_output=True, text=True, timeout=300
    )
    assert "Nothing to be done" in again.stdout + again.stderr
    assert states(cluster).keys() == found.keys()
