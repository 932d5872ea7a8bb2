"""Recipes: what a person writes in models/<id>/recipe.yaml, read, checked and expanded.

Nothing here imports a framework: `python -m converters.check` takes about a second. What reads
recipes is imported when it is asked for: most jobs of a build find their result without it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from converters.recipes.recipe import (
    Input,
    License,
    Options,
    Output,
    Recipe,
    Sampling,
    Source,
    Variant,
)
from converters.recipes.slices import stage_slice

if TYPE_CHECKING:
    from converters.recipes.loading import (
        all_owners,
        load_owner,
        load_recipe,
        load_variant,
        load_zoo,
        read_zoo,
        recipe_folders,
    )
    from converters.recipes.problems import InvalidRecipe

    METRICS: tuple[str, ...]
    """The task metrics that an evaluation may name."""

    TASKS: tuple[str, ...]
    """What a model may be for."""

    ARTIFACTS: tuple[str, ...]
    """What may be built."""

LISTS = {"METRICS": ("evaluation", "metric"), "TASKS": ("task",), "ARTIFACTS": ("artifacts",)}
"""The closed lists, and where they stand in the schema."""

__all__ = [
    "ARTIFACTS",
    "METRICS",
    "TASKS",
    "Input",
    "InvalidRecipe",
    "License",
    "Options",
    "Output",
    "Recipe",
    "Sampling",
    "Source",
    "Variant",
    "all_owners",
    "load_owner",
    "load_recipe",
    "load_variant",
    "load_zoo",
    "read_zoo",
    "recipe_folders",
    "stage_slice",
]


def __getattr__(name: str) -> Any:
    if name in LISTS:
        from converters.recipes.schema import closed_list

        return closed_list(*LISTS[name])
    if name in __all__:
        from converters.recipes import loading

        return getattr(loading, name)
    raise AttributeError(f"module {__name__} has no attribute {name}")
