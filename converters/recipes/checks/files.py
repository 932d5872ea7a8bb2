"""Checks on the files of a model's folder: for `converters.check`, not for every reading.

A recipe is read before its weights are made, by the script that makes them.
"""

from __future__ import annotations

from collections.abc import Iterator

from converters.recipes.checks.case import Case
from converters.recipes.problems import Path, Problem, nearest, shown


def files_exist(case: Case) -> Iterator[Problem]:
    """Whatever the recipe names in the model's folder lies there; a broken one may wait for it."""
    if case.recipe["status"] == "broken":
        return
    for path, name in _named(case):
        place = case.folder / name
        if not place.exists():
            present = [file.name for file in place.parent.glob("*")]
            yield Problem(path, f"there is no {shown(name)}", nearest(place.name, present))


def _named(case: Case) -> Iterator[tuple[Path, str]]:
    for key, source in case.recipe["sources"].items():
        if "path" in source:
            yield ("sources", key, "path"), source["path"]
    load = case.recipe["load"]
    if "model_folder" in load:
        yield ("load", "model_folder"), f"../{load['model_folder']}"
    if "file" in load:
        folder = f"../{load['model_folder']}/" if "model_folder" in load else ""
        yield ("load", "file"), folder + load["file"]
    for i, step in enumerate(case.recipe["surgery"]):
        for name, options in step.items():
            table = options if isinstance(options, dict) else {}
            if "file" in table:
                yield ("surgery", i, name, "file"), table["file"]
            if "file" in table.get("priors", {}):
                yield ("surgery", i, name, "priors", "file"), table["priors"]["file"]
    for key, block in case.recipe["data"].items():
        for field in ("file", "folder"):
            if field in block:
                yield ("data", key, field), block[field]
