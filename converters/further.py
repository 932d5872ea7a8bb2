"""What the Snakefile asks about further targets: what each reads, and which environments they need.

A part of the plan, apart from it since the default target has nothing to do with it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from converters.environments.place import STAMP, all_environments, place_of
from converters.environments.table import LOCKS
from converters.jobs import Job, data_sources, load_sources, target_origin
from converters.plan import Plan, folders
from converters.targets.table import TARGETS, file_of, is_of_network

Wildcards = Any


class Further:
    """The further targets of a plan's recipes."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan

    def packages(self, _wildcards: Wildcards) -> list[str]:
        """What the target `targets` comes to: a report for each variant that has any."""
        variants = [(r.id, v) for r in self.plan.built() for v in r.variants.values() if v.targets]
        return [
            f"results/{model}/{variant.name}/targets/report.json" for model, variant in variants
        ]

    def reads(self, wildcards: Wildcards) -> list[str]:
        """What a target is made from, and the sources of its samples or of its network."""
        variant, target = self.plan.variant(wildcards), TARGETS[wildcards.target]
        keys = data_sources(variant, "calibration") if target.draws else set()
        if is_of_network(wildcards.target, variant):
            keys = keys | load_sources(variant)
        origin = self.origin(wildcards)
        both = (
            [origin, str(Path(origin).with_suffix(".bin"))] if target.origin == "ir" else [origin]
        )
        if Path(origin).parent.name in TARGETS:
            both = [str(Path(origin).parent)]
        return [*both, *folders(wildcards.model, keys)]

    def origin(self, wildcards: Wildcards) -> str:
        """The file or folder that a target is made from."""
        job = Job("target", str(wildcards.model), str(wildcards.variant), str(wildcards.target))
        made = target_origin(job, self.plan.variant(wildcards))
        return f"results/{job.model}/{job.variant}/{origin_path(made)}"

    @property
    def environment_stamp(self) -> str:
        """What the rule that makes an environment makes, with its wildcard."""
        return str(_shown(all_environments()) / "{environment}" / STAMP)

    def environments(self, _wildcards: Wildcards) -> list[str]:
        """The stamps of all environments that targets of recipes need; not those for a GPU."""
        variants = [variant for recipe in self.plan.built() for variant in recipe.variants.values()]
        wanted = [TARGETS[name] for variant in variants for name in variant.targets]
        names = {name for each in wanted if not each.hardware for name in each.environments}
        return [str(_shown(place_of(name).folder) / STAMP) for name in sorted(names)]

    def conda_file(self, wildcards: Wildcards) -> str | None:
        """The environment for `--sdm conda`, of targets that are made in one of their own."""
        name = TARGETS[wildcards.target].environment
        return str(LOCKS / f"{name}.yaml") if name else None

    def evidence(self, wildcards: Wildcards) -> list[str]:
        """What verify found of each target."""
        folder = f"results/{wildcards.model}/{wildcards.variant}/verify"
        return [f"{folder}/{name}.json" for name in self.plan.variant(wildcards).targets]

    def facts(self, wildcards: Wildcards) -> list[str]:
        """What making each target noted."""
        folder = f"results/{wildcards.model}/{wildcards.variant}/facts"
        return [f"{folder}/{name}.json" for name in self.plan.variant(wildcards).targets]


def _shown(path: Path) -> Path:
    """Relative to where the build runs, if it lies there."""
    return path.relative_to(Path.cwd()) if path.is_relative_to(Path.cwd()) else path


def origin_path(made: Job) -> str:
    """What a stage makes that targets start from, below its variant's folder."""
    if made.stage == "target":
        return f"{made.what}/{file_of(made.what)}"
    return ORIGIN_PATHS.get(made.stage, f"{made.what}.tflite")


ORIGIN_PATHS = {"tf": "saved_model", "mo": "ir/model.xml", "simplify": "simplified.onnx"}
