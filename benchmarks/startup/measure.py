"""One build of a zoo, and the CPU seconds of every process that it started, orphans included."""

from __future__ import annotations

import ctypes
import hashlib
import os
import resource
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]

PR_SET_CHILD_SUBREAPER = 36


class Usage(NamedTuple):
    """What a command took, with all its descendants."""

    code: int
    user: float
    system: float
    wall: float
    said: str

    @property
    def cpu(self) -> float:
        """CPU seconds."""
        return self.user + self.system


class Build(NamedTuple):
    """A build, and what it made."""

    usage: Usage
    jobs: int
    digests: Mapping[str, str]  # of the packages' manifests


def usage_of(command: Sequence[str | Path], folder: Path, environ: Mapping[str, str]) -> Usage:
    """Run a command and wait for everything that it leaves running.

    Servers outlive the job that started them: orphans become children of this process, so that
    the kernel adds their time to its own account.
    """
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    done = subprocess.run(
        [str(word) for word in command],
        cwd=folder,
        env={**os.environ, **environ},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    wall = time.monotonic() - started
    _wait_for_orphans()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    user, system = after.ru_utime - before.ru_utime, after.ru_stime - before.ru_stime
    return Usage(done.returncode, user, system, wall, done.stdout)


def _wait_for_orphans() -> None:
    while True:
        try:
            os.wait()
        except ChildProcessError:
            return


def build(folder: Path, models: Path, cores: int, workers: bool) -> Build:
    """Build a zoo from nothing in a new folder, without a store."""
    folder.mkdir()
    snakemake = Path(sys.executable).with_name("snakemake")
    command = [snakemake, "--snakefile", ROOT / "Snakefile", "--cores", str(cores), "all"]
    environ = {"ZOO_WORKERS": str(int(workers)), "ZOO_CACHE": ""}
    usage = usage_of([*command, "--config", f"models={models}"], folder, environ)
    manifests = sorted(folder.glob("results/*/*/package/manifest.json"))
    digests = {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in manifests
    }
    return Build(usage, len(list(folder.glob("logs/*/*/*.tsv"))), digests)


IMPORTS = {
    "Python alone": "pass",
    "one job that finds its result in the store": "import converters.job",
    "`import tensorflow`": "import tensorflow",
    "the same without Keras": "from converters import imports; imports.tensorflow()",
    "`import torch`": "import torch",
    "`import onnxsim`": "import onnxsim",
    "the same without torch": (
        "from converters import imports\nwith imports.without(['torch']): import onnxsim"
    ),
    "`import openvino.tools.mo`": "import converters, openvino.tools.mo",
    "`import tflite_runtime.interpreter`": "import tflite_runtime.interpreter",
}
"""What is imported, and the line that does it."""


def import_costs() -> dict[str, float]:
    """CPU seconds of a new interpreter that imports something; the less of two runs."""
    environ = {"PYTHONPATH": str(ROOT), "OPENBLAS_NUM_THREADS": "1", "TF_CPP_MIN_LOG_LEVEL": "3"}
    costs: dict[str, float] = {}
    for name, line in [*IMPORTS.items(), *IMPORTS.items()]:
        usage = usage_of([sys.executable, "-c", line], ROOT, environ)
        if usage.code == 0:
            costs[name] = min(usage.cpu, costs.get(name, usage.cpu))
    return costs
