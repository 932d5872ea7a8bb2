"""Recipes: what a person writes in models/<id>/recipe.yaml, read, checked and expanded.

Nothing here imports a framework: `python -m converters.check` takes about a second.
"""

from converters.recipes.loading import (
    load_recipe,
    load_variant,
    load_zoo,
    read_zoo,
    recipe_folders,
)
from converters.recipes.problems import InvalidRecipe
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
from converters.recipes.schema import closed_list
from converters.recipes.slices import stage_slice

METRICS = closed_list("evaluation", "metric")
"""The task metrics that an evaluation may name."""

TASKS = closed_list("task")
"""What a model may be for."""

ARTIFACTS = closed_list("artifacts")
"""What may be built."""

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
    "load_recipe",
    "load_variant",
    "load_zoo",
    "read_zoo",
    "recipe_folders",
    "stage_slice",
]
