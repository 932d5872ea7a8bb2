"""prune: what lies in results/, sources/ and logs/ though no recipe wants it any more.

    python -m converters.prune            what would be removed
    python -m converters.prune --delete   remove it

Prints each file or folder with its size and the reason; `--delete` removes them. Nothing outside
these three folders is touched, and symbolic links are never followed. What cannot be judged stays:
everything of a recipe that is wrong, and files that lie beside the folders of models.
"""

from __future__ import annotations

import argparse
import contextlib
import re
import shutil
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from converters.errors import RecipeError, ZooError
from converters.hold import hold_folder
from converters.recipes import ARTIFACTS, Recipe, Variant, load_recipe, recipe_folders
from converters.recipes.references import MARK, data_set_file, is_shared
from converters.recipes.shared import load_data_set
from converters.recipes.slices import EXPORTED
from converters.stage import ALL_VARIANTS
from converters.summary import size_text
from converters.targets.table import TARGETS
from converters.traces import FOLDER as TRACES

FOLDERS = ("results", "sources", "logs")
"""What builds fill; nothing else is ever looked at."""

OF_THE_RECIPE = "recipe"
"""Stands in a variant's place in logs/ for the check of a recipe."""

STEMS: Mapping[str, tuple[str, ...]] = {
    "export": ("source", "export"),
    "surgery": ("changed", "surgery"),
    "simplify": ("simplified", "simplify"),
    "edgetpu": ("edgetpu", "full_int8_edgetpu", "full_int8_segments"),
}
"""What the files of a stage are called, up to the first point, if not by an artefact's name."""

INTERMEDIATE = ("saved_model", "ir")
"""Artefacts that others are made of: they are wanted even where nobody asked for them."""

KEPT = ".downloads"
"""What was fetched once, by its digest, whoever wanted it."""

NOTES = ("facts", "layers", "verify", TRACES)
"""Folders of a variant that hold something of each stage or artefact."""

HALF_WRITTEN = re.compile(r"\..+\.[a-z0-9_]{8}")
"""The folders in which outputs are written before they are put into their places."""

UNRECORDED = re.compile(r"(\.error\.json|\.json|\.log|\.tsv)$")
"""What follows the name of a job in the names of its notes."""


class Orphan(NamedTuple):
    """A file, a folder or a link that no recipe wants."""

    path: Path
    bytes: int
    reason: str


def orphans(models: Path, root: Path = Path()) -> list[Orphan]:
    """All that no recipe in `models` wants, in the order of the paths."""
    folders = {folder.name: folder for folder in recipe_folders(models)}
    if not folders:
        raise ZooError(
            "there is no recipe: everything would go",
            subject=f"{models}/",
            remedy="name the folder of recipes with --models",
        )
    recipes: dict[str, Recipe | None] = {}
    found: list[Orphan] = []
    for path in _models_in(root):
        model = path.name
        if is_shared(model):
            found += _of_a_data_set(path, models)
        elif model not in folders:
            found.append(_orphan(path, f"there is no recipe {model}"))
        else:
            found += _of_a_recipe(path, _known(recipes, folders[model]))
    return found


def _known(recipes: dict[str, Recipe | None], folder: Path) -> Recipe | None:
    """The recipe in a folder, read once."""
    if folder.name not in recipes:
        recipes[folder.name] = _sound(folder)
    return recipes[folder.name]


def _of_a_recipe(path: Path, recipe: Recipe | None) -> list[Orphan]:
    """Of a folder that a recipe fills."""
    if recipe is None or path.is_symlink():
        return []
    return [_orphan(*pair) for pair in sorted(set(_unwanted(path, recipe)))]


def _of_a_data_set(path: Path, models: Path) -> list[Orphan]:
    """Of a folder in which a shared data set is downloaded, or notes on it are kept."""
    name = path.name.removeprefix(MARK)
    file = data_set_file(models, name)
    if not file.is_file():
        return [_orphan(path, f"there is no data set {name}")]
    try:
        keys = set(load_data_set(file).sources)
    except RecipeError:
        return []
    is_source = path.parent.name == "sources"
    entries = _entries(path) if is_source else _notes(path / ALL_VARIANTS)
    found = [
        *_half_written(path, depth=0 if is_source else 3),
        *_without_source(entries, keys, name),
    ]
    return [_orphan(*pair) for pair in sorted(found)]


def _models_in(root: Path) -> Iterator[Path]:
    """The folders of models, and links in their place."""
    for folder in (root / name for name in FOLDERS):
        if folder.is_dir() and not folder.is_symlink():
            entries = (path for path in sorted(folder.iterdir()) if path.name != KEPT)
            yield from (path for path in entries if path.is_symlink() or path.is_dir())


def _sound(folder: Path) -> Recipe | None:
    try:
        return load_recipe(folder)
    except RecipeError:
        return None


def _orphan(path: Path, reason: str) -> Orphan:
    return Orphan(path, _size(path), reason)


def _size(path: Path) -> int:
    """Bytes of a file, or of all files below a folder; a link is as large as its text."""
    if path.is_symlink() or not path.is_dir():
        return path.lstat().st_size
    return sum(_size(child) for child in path.iterdir())


# What a sound recipe does not want of its own folders ---------------------------------------------


def _unwanted(folder: Path, recipe: Recipe) -> Iterator[tuple[Path, str]]:
    """Of its folder in results/, sources/ or logs/."""
    is_source = folder.parent.name == "sources"  # what lies deeper there is not ours
    yield from _half_written(folder, depth=0 if is_source else 3)
    if is_source:
        yield from _of_other_sources(_entries(folder), recipe)
        return
    for path in _entries(folder):
        if path.is_dir() and not path.is_symlink() and path.name != OF_THE_RECIPE:
            yield from _of_a_variant(path, recipe)


def _of_a_variant(folder: Path, recipe: Recipe) -> Iterator[tuple[Path, str]]:
    """Of the folder of a variant, or of what all variants share."""
    if folder.name == ALL_VARIANTS:
        yield from _of_other_sources(_notes(folder), recipe)
    elif folder.name in recipe.variants:
        yield from _of_other_artifacts(folder, recipe, recipe.variants[folder.name])
    else:
        yield folder, f"{recipe.id} has no variant {folder.name}"


def _entries(folder: Path) -> list[Path]:
    """What lies in a folder and has its place there."""
    if folder.is_symlink() or not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if not _is_half_written(path))


def _is_half_written(path: Path) -> bool:
    return bool(HALF_WRITTEN.fullmatch(path.name)) and path.is_dir() and not path.is_symlink()


def _half_written(folder: Path, depth: int) -> Iterator[tuple[Path, str]]:
    """What a killed build left in a folder, and so many folders below it."""
    for path in sorted(folder.iterdir()):
        if _is_half_written(path):
            yield path, "was half-written when a build was killed"
        elif depth and path.is_dir() and not path.is_symlink():
            yield from _half_written(path, depth - 1)


def _notes(folder: Path) -> list[Path]:
    """The entries of a variant's folder, and of its folders of notes in their place."""
    notes = [path for name in NOTES for path in _entries(folder / name)]
    return [*(path for path in _entries(folder) if path.name not in NOTES), *notes]


def _of_other_sources(paths: Sequence[Path], recipe: Recipe) -> Iterator[tuple[Path, str]]:
    """Downloads that the recipe no longer names, and the notes on them."""
    keys = {key for variant in recipe.variants.values() for key in variant.sources}
    yield from _without_source(paths, keys, recipe.id)


def _without_source(
    paths: Sequence[Path], keys: set[str], owner: str
) -> Iterator[tuple[Path, str]]:
    for path in paths:
        key = UNRECORDED.sub("", path.name).removeprefix("download-")
        if not {key, path.name} & keys:
            yield path, f"{owner} has no source {key}"


def _of_other_artifacts(
    folder: Path, recipe: Recipe, variant: Variant
) -> Iterator[tuple[Path, str]]:
    """Files of artefacts and stages that the variant does without."""
    wanted = {*variant.artifacts, *variant.targets}
    absent = [name for name in (*ARTIFACTS, *TARGETS) if name not in wanted]
    reasons = {name: f"{recipe.id} {variant.name} makes no {name}" for name in absent}
    if variant.framework not in EXPORTED:
        reason = f"{recipe.id} comes from {variant.framework} without it"
        reasons |= {"export": reason, "simplify": reason}
    if not variant.is_changed:
        reasons["surgery"] = f"{recipe.id} {variant.name} has no surgery"
    by_stem = {stem: why for name, why in reasons.items() for stem in _stems(name)}
    for path in _notes(folder):
        stem = path.name.split(".")[0]
        is_needed = path.parent == folder and stem in INTERMEDIATE
        if stem in by_stem and not is_needed:
            yield path, by_stem[stem]


OF_ARTIFACTS = ("quantize", "formats", "target", "layers", "verify")
"""Stages whose jobs are told apart by an artefact."""


def _stems(name: str) -> tuple[str, ...]:
    return STEMS.get(name, (name, *(f"{stage}-{name}" for stage in OF_ARTIFACTS)))


def remove(path: Path) -> None:
    """Remove a file, a link, or a folder with all that is in it."""
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
    else:
        shutil.rmtree(path)


def text(found: Sequence[Orphan], verb: str) -> Iterator[str]:
    """A line for each, and the sum."""
    width = max((len(str(orphan.path)) for orphan in found), default=0)
    for orphan in found:
        size = size_text(orphan.bytes)
        yield f"{str(orphan.path).ljust(width)}  {size:>9}  {orphan.reason}"
    yield f"{len(found)} {verb}, {size_text(sum(orphan.bytes for orphan in found))}"


def run(models: Path, *, delete: bool) -> Iterator[str]:
    """What is printed; with `delete`, all of it is gone afterwards. A running build is awaited."""
    with hold_folder() if delete else contextlib.nullcontext():
        found = orphans(models)
        for orphan in found if delete else ():
            remove(orphan.path)
    yield from text(found, "removed" if delete else "not wanted")
    if found and not delete:
        yield "`--delete` removes them"


def main(argv: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(
        prog="python -m converters.prune",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--models", type=Path, default=Path("models"), help="folder of recipes")
    parser.add_argument("--delete", action="store_true", help="remove what is listed")
    args = parser.parse_args(argv)
    try:
        for line in run(args.models, delete=args.delete):
            print(line)
    except ZooError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
