"""What is there to release: every built variant with its recipe, report, files and traces."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from converters import latency, summary
from converters.contents import content_digest, files_below
from converters.jobs import COMPILED, RESULTS, Job
from converters.package import MANIFEST
from converters.plan import Plan, artifact_path, not_built_because
from converters.recipes import ARTIFACTS, Recipe, Variant
from converters.traces import Trace, read_trace

COMPILED_FILE = "full_int8_edgetpu.tflite"


class Offer:
    """A variant that was built: what a release holds of it."""

    def __init__(self, plan: Plan, recipe: Recipe, variant: Variant) -> None:
        self.plan, self.recipe, self.variant = plan, recipe, variant

    @property
    def name(self) -> str:
        """`<model>/<variant>`."""
        return f"{self.recipe.id}/{self.variant.name}"

    @property
    def folder(self) -> Path:
        """Where the build left it."""
        return RESULTS / self.recipe.id / self.variant.name

    @property
    def package(self) -> Path:
        """Its package."""
        return self.folder / "package"

    @cached_property
    def report(self) -> Any:
        """What was measured; of times, those of this machine, if somebody took them."""
        report = json.loads((self.package / "report.json").read_bytes())
        return latency.merged(report, self.folder, self.package)

    @cached_property
    def manifest(self) -> Any:
        """What is in the package, by its own manifest."""
        return json.loads((self.package / MANIFEST).read_bytes())

    @cached_property
    def interface(self) -> Any:
        """The tensors of the TensorFlow artefacts."""
        return json.loads((self.package / "interface.json").read_bytes())

    @cached_property
    def artifacts(self) -> dict[str, Path]:
        """Artefact -> its file or folder in the package, in the order of the chain."""
        names = sorted(self.report["artifacts"], key=place)
        found = {name: self.package / entry_of(self, name) for name in names}
        compiled = self.package / COMPILED_FILE
        return {**found, **({COMPILED: compiled} if compiled.is_file() else {})}

    @cached_property
    def digests(self) -> dict[str, str]:
        """Artefact -> the digest of its content."""
        return {name: content_digest(path) for name, path in self.artifacts.items()}

    @property
    def files(self) -> dict[str, Path]:
        """All files of the package."""
        return {name: self.package / name for name in files_below(self.package)}

    @cached_property
    def jobs(self) -> tuple[Job, ...]:
        """All jobs behind it, the first to run first."""
        return tuple(_before(self.plan, Job("package", self.recipe.id, self.variant.name)))

    @cached_property
    def traces(self) -> Mapping[Job, Trace | None]:
        """How each of them came about."""
        return {job: read_trace(job) for job in self.jobs}


def place(artifact: str) -> tuple[int, str]:
    """The schema lists artefacts in the order of the chain; one it no longer knows follows."""
    return (ARTIFACTS.index(artifact) if artifact in ARTIFACTS else len(ARTIFACTS), artifact)


def entry_of(offer: Offer, artifact: str) -> str:
    """The file or folder of an artefact within a package."""
    path = Path(artifact_path(offer.recipe.id, offer.variant.name, artifact))
    return path.relative_to(offer.folder).parts[0]


def _before(plan: Plan, job: Job) -> dict[Job, None]:
    found: dict[Job, None] = {}
    for each in plan.upstream_of(job):
        found |= _before(plan, each)
    return {**found, job: None}


def offers(plan: Plan) -> list[Offer]:
    """Every variant that has a package here, in the order of their names."""
    every = (Offer(plan, r, v) for r in plan.recipes.values() for v in r.variants.values())
    return [offer for offer in every if (offer.package / MANIFEST).is_file()]


def unbuilt(plan: Plan) -> dict[str, str]:
    """Every variant, or unreadable recipe, that has no package here, and why."""
    return dict(_unbuilt(plan))


def failed(plan: Plan) -> dict[str, str]:
    """Of those, the ones that a build tried to make."""
    stand = summary.standing(plan.recipes, summary.failures())
    names = {f"{f.model}/{f.variant}": f"[{f.stage}] {f.cause}" for f in stand}
    broken = {model: str(problem.cause) for model, problem in plan.problems.items()}
    known = {f"{r.id}/{name}" for r in plan.recipes.values() for name in r.variants}
    return {**{name: why for name, why in names.items() if name in known}, **broken}


def _unbuilt(plan: Plan) -> Iterator[tuple[str, str]]:
    reasons = failed(plan)
    shared = {f.model: f"[{f.stage}] {f.cause}" for f in summary.failures() if _is_shared(f)}
    yield from ((model, str(problem.cause)) for model, problem in plan.problems.items())
    for recipe in plan.recipes.values():
        for variant in recipe.variants.values():
            offer = Offer(plan, recipe, variant)
            if not (offer.package / MANIFEST).is_file():
                why = not_built_because(recipe) or reasons.get(offer.name) or shared.get(recipe.id)
                yield offer.name, why or f"not asked for here: snakemake {offer.package}"


def _is_shared(failure: summary.Failure) -> bool:
    return failure.stage.startswith("download")
