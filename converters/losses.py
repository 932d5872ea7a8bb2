"""What the rules read of lint and layers: where a variant's quantised files lose the signal."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

from converters.jobs import RESULTS, layered_artifacts
from converters.recipes import Variant

Wildcards = Any


class Losses(NamedTuple):
    """The paths, for a rule's wildcards."""

    variant_of: Callable[[Wildcards], Variant]

    def files(self, wildcards: Wildcards) -> list[str]:
        """What layers and lint noted, for an artefact that they look at."""
        if wildcards.artifact not in layered_artifacts(self.variant_of(wildcards)):
            return []
        folder = f"{RESULTS}/{wildcards.model}/{wildcards.variant}"
        return [f"{folder}/layers/{wildcards.artifact}.json", f"{folder}/facts/lint.json"]

    def option(self, wildcards: Wildcards) -> str:
        """The options that tell verify where these are."""
        found = zip(("--layers", "--lint"), self.files(wildcards), strict=False)
        return " ".join(f"{option} {path}" for option, path in found)

    def tables(self, wildcards: Wildcards) -> list[str]:
        """The tables of layers and their pictures, for the package."""
        names = layered_artifacts(self.variant_of(wildcards))
        folder = f"{RESULTS}/{wildcards.model}/{wildcards.variant}/layers"
        return [f"{folder}/{name}.{ending}" for name in names for ending in ("json", "png")]
