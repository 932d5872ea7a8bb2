"""What a check is given."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple


class Case(NamedTuple):
    """One variant of a recipe, as data."""

    folder: Path
    recipe: Mapping[str, Any]  # complete: with defaults
    written: Mapping[str, Any]  # without defaults: what somebody decided to write

    @property
    def public_names(self) -> list[str]:
        """The names of the outputs in every artefact; empty where the graph decides."""
        return [output["rename"] or output["name"] for output in self.recipe.get("outputs", ())]
