"""Memory: how much each stage of a model needs, and how much a machine has to give.

Snakemake starts a job only where its `mem_mb` fits beside those that run. The needs are upper
bounds, measured as the peak of the largest process (tests/test_memory.py holds the measurements):
a base that the imported packages take, a share of the weights, which are held several times over
while formats are converted, and a share of the input, for the activations that follow from it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from converters.jobs import FORMATS, load_sources
from converters.recipes import Variant
from converters.targets.table import TARGETS

MEGABYTE = 1e6
SOURCES = Path("sources")


class Need(NamedTuple):
    """What a stage needs, in MB: for itself, per MB of weights, per million input elements."""

    base: float
    weights: float = 0.0
    elements: float = 0.0


NEEDS: Mapping[str, Need] = {
    "export": Need(500, 5.5, 1250),
    "surgery": Need(400, 6.5, 1600),
    "simplify": Need(400, 6.5, 1600),
    "mo": Need(850, 2),
    "tf": Need(1000, 21),
    "quantize": Need(800, 26.5, 1250),
    "formats": Need(1200, 30),
    "lint": Need(200, 6, 5000),
    "layers": Need(250, 6, 5000),
    "edgetpu": Need(1000, 26.5),  # not measured: the compiler is not to be had here
    "reference": Need(750, 2, 500),
    "verify": Need(100, 3, 1400),
    "verify-ir": Need(150, 2.5, 500),
    "verify-saved_model": Need(750, 27, 600),
    **{f"verify-{name}": Need(1200, 27, 600) for name in FORMATS},
    "target": Need(1800, 30, 1600),  # not measured by target: most start TensorFlow
    **{f"verify-{name}": Need(1200, 27, 1400) for name in TARGETS},
    "target_report": Need(100),
    "pictures": Need(100, 0, 250),
    "report": Need(100),
    "package": Need(100),
}
"""By stage, and by artefact where artefacts differ much."""

SHARE = 0.9
"""Of a machine's memory that jobs may have together; the rest is for Snakemake and the system."""

MORE_EACH_TIME = 1.5
"""A job that failed may have lacked memory: where it is tried again, it gets more."""

LIMITS = ("/sys/fs/cgroup/memory.max", "/sys/fs/cgroup/memory/memory.limit_in_bytes")
"""Where a container reads how much it may have: the second and the first kind of cgroups."""

SPELLINGS = ("mem_mb", "mem_mib", "mem")
"""How memory may be given to Snakemake."""

Wildcards = Any


def needed(stage: str, weights: float, elements: float, attempt: int = 1) -> int:
    """MB for a stage of a model with so many MB of weights and million input elements."""
    need = NEEDS[stage]
    total = need.base + need.weights * weights + need.elements * elements
    return math.ceil(total * MORE_EACH_TIME ** (attempt - 1))


def asked(
    variant_of: Callable[[Wildcards], Variant], models: Path, stage: str
) -> Callable[[Wildcards, int], int]:
    """The `mem_mb` of a rule, for Snakemake, which asks for every job and before every round."""
    sizes: dict[tuple[str, str], tuple[float, float]] = {}

    def mem_mb(wildcards: Wildcards, attempt: int) -> int:
        one = (str(wildcards.model), str(wildcards.variant))
        if one not in sizes:
            variant = variant_of(wildcards)
            sizes[one] = weights_of(variant, models / one[0]), elements_of(variant)
        special = f"{stage}-{getattr(wildcards, 'artifact', '')}"
        return needed(special if special in NEEDS else stage, *sizes[one], attempt)

    return mem_mb


def weights_of(variant: Variant, folder: Path) -> float:
    """MB of the sources that a network is loaded from; 0 of one whose size nobody knows yet."""
    total = 0
    for key in load_sources(variant):
        source = variant.sources.get(key)
        if source is None:
            continue
        fetched = SOURCES / folder.name / key
        place = folder / source.path if source.kind == "file" else fetched
        total += source.size if source.size is not None else _size(place)
    return total / MEGABYTE


def elements_of(variant: Variant) -> float:
    """Millions of them, in all inputs together."""
    return sum(math.prod(spec.shape) for spec in variant.inputs) / 1e6


def _size(path: Path) -> int:
    """Bytes of a file, or of all files of a folder; 0 if it is not there."""
    files = path.rglob("*") if path.is_dir() else [path]
    return sum(file.lstat().st_size for file in files if file.is_file())


def of_this_machine(root: Path = Path("/")) -> int:
    """MB that jobs may have together here: of the machine's, or of the container's if less."""
    found = [_total(root / "proc" / "meminfo")]
    for limit in LIMITS:
        path = root / limit.lstrip("/")
        text = path.read_text().strip() if path.is_file() else ""
        found += [int(text)] if text.isdecimal() else []
    return int(min(found) * SHARE / MEGABYTE)


def _total(meminfo: Path) -> int:
    lines = dict(line.split(":", 1) for line in meminfo.read_text().splitlines() if ":" in line)
    return int(lines["MemTotal"].split()[0]) * 1024


def bound(workflow: Any) -> None:
    """Let jobs on this machine have its memory together, unless `--resources` says how much.

    A job that wants more than there is gets all of it, and runs alone. On a cluster (`--jobs`
    beside an executor) the scheduler of the cluster knows what its nodes have.
    """
    is_here = workflow.resource_settings.nodes is None
    is_said = any(workflow.global_resources.get(name).value is not None for name in SPELLINGS)
    if is_here and not is_said:
        workflow.register_resource("mem_mb", of_this_machine())
