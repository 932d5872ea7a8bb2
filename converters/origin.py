"""Where the files that a recipe loads lie, below its downloaded sources; nothing leaves them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path

from converters.errors import RecipeError, SourceError
from converters.recipes.references import downloaded, is_shared, key_of


def origin_file(sources: Path, reference: str) -> Path:
    """The file that `<source key>` (if it holds one file) or `<source key>/<path>` names."""
    place = origin_place(sources, reference)
    if place.is_file():
        return place
    files = sorted(path for path in place.rglob("*") if path.is_file() and not _hidden(path, place))
    if len(files) == 1:
        return files[0]
    shown = ", ".join(str(path.relative_to(place)) for path in files[:10]) or "nothing"
    raise RecipeError(
        f"names a folder, which holds {shown}",
        subject=f"load: {reference}",
        remedy=f"name the file: {reference}/<path below it>",
    )


def origin_place(sources: Path, reference: str) -> Path:
    """The file or folder that `<source key>` or `<source key>/<path>` names, or one of a data set:
    `@<id>/<source key>` lies beside the sources of the model.
    """
    source = key_of(reference)
    owner, key = downloaded(sources.name, source)
    folder = sources.parent / owner / key if is_shared(source) else sources / key
    if not folder.exists():
        raise SourceError(
            "this source is not downloaded",
            subject=f"load: {reference}",
            remedy=f"run the download stage of {owner} with --key {key}, "
            "or name a source of the recipe",
        )
    return inside(folder, reference[len(source) + 1 :])


def inside(folder: Path, below: str) -> Path:
    """An existing path below a folder; a RecipeError if it is absent or leaves the folder."""
    place = (folder / below).resolve()
    if not place.is_relative_to(folder.resolve()):
        raise RecipeError(
            "leaves its folder", subject=str(below), remedy="name a path below the folder"
        )
    if not place.exists():
        present = sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))
        raise RecipeError(
            f"does not exist in {folder.name}/",
            subject=str(below),
            remedy=nearest(below, present) or "correct the path in the recipe",
        )
    return place


def nearest(wanted: str, names: Iterable[str]) -> str:
    """`did you mean ...?` for a name that was not found, or an empty text."""
    close = difflib.get_close_matches(wanted, list(names), n=1)
    return f"did you mean {close[0]}?" if close else ""


def listed(names: Iterable[str], limit: int = 10) -> str:
    """The first names of a list, and how many more there are."""
    every = list(names)
    more = f" and {len(every) - limit} more" if len(every) > limit else ""
    return ", ".join(every[:limit]) + more if every else "none"


def _hidden(path: Path, folder: Path) -> bool:
    return any(part.startswith(".") for part in path.relative_to(folder).parts)
