"""The folder of a SavedModel: as it was downloaded, or put together from its files."""

from __future__ import annotations

import shutil
from pathlib import Path

from converters.errors import RecipeError
from converters.origin import listed, origin_file, origin_place
from converters.recipes.recipe import Options

GRAPH, VARIABLES = "saved_model.pb", "variables"


def saved_model_folder(load: Options, sources: Path, spare: Path) -> Path:
    """The folder that `load.model` means; made at `spare` where the recipe lists `variables`."""
    if load.get("variables"):
        return _put_together(load, sources, spare)
    place = origin_place(sources, str(load["model"]))
    found = sorted(path.parent for path in place.rglob(GRAPH))
    if not found or (place not in found and len(found) > 1):
        raise RecipeError(
            f"holds {len(found)} SavedModels: {listed(str(p.relative_to(place)) for p in found)}",
            subject=f"load.model: {load['model']}",
            remedy=f"name the folder that holds {GRAPH}, or the sources of its variables",
        )
    return place if place in found else found[0]


def _put_together(load: Options, sources: Path, spare: Path) -> Path:
    """Files that were downloaded one by one, as TensorFlow looks for them."""
    below = spare / VARIABLES
    below.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(origin_file(sources, str(load["model"])), spare / GRAPH)
    for reference in load["variables"]:
        path = origin_file(sources, str(reference))
        shutil.copyfile(path, below / path.name)
    return spare
