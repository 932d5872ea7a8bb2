"""check: read recipes and data sets, and say all that is wrong with them, with file and line.

    python -m converters.check                    every recipe
    python -m converters.check digits u2netp      these

Nothing is downloaded or built. Exit code 0: all are sound; 1: some are not. Notes are no errors:
they tell what is accepted, but worth knowing.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from converters.errors import RecipeError
from converters.jobs import load_sources, surgery_sources
from converters.new.text import UNWRITTEN, counted, decisions, unwritten_line
from converters.recipes import Recipe, Variant, all_owners, load_recipe, recipe_folders
from converters.recipes.colours import doubt
from converters.recipes.problems import listed, nearest
from converters.recipes.references import MARK, data_set_file, is_shared, key_of
from converters.recipes.shared import DataSet, load_data_set


def check(folder: Path) -> Recipe:
    """A sound recipe; a RecipeError with all its problems otherwise."""
    if not (folder / "recipe.yaml").is_file():
        known = [other.name for other in recipe_folders(folder.parent)]
        hint = nearest(folder.name, known) or f"there are: {listed(known)}"
        raise RecipeError(f"{folder / 'recipe.yaml'}:1: there is no such recipe; {hint}")
    return load_recipe(folder, with_files=True)


def _notes_of_set(owner: DataSet) -> Iterator[str]:
    """What is worth knowing of a sound data set."""
    used = {
        key_of(each).split("/")[1] for part in owner.parts for each in _referred(owner.part(part))
    }
    for key, source in owner.sources.items():
        if not source.is_pinned:
            yield f"sources.{key}: not pinned yet; run python -m converters.lock {MARK}{owner.id}"
        if key not in used:
            yield f"sources.{key}: no part refers to it"


def notes(recipe: Recipe) -> Iterator[str]:
    """What is worth knowing of a sound recipe, each thing once for all its variants."""
    variants = list(recipe.variants.values())
    yield from _undecided(recipe.folder)
    yield from dict.fromkeys(note for variant in variants for note in _notes(variant))
    unused = set(variants[0].sources).intersection(*(v.sources for v in variants))
    unused -= {key for variant in variants for key in used_sources(variant)}
    for key in sorted(unused):
        yield f"sources.{key}: no field refers to it"


def _undecided(folder: Path) -> Iterator[str]:
    """What `converters.new` left for a person to do, in the files of a model."""
    for file in (folder / "recipe.yaml", folder / "network.py"):
        text = file.read_text(encoding="utf-8") if file.is_file() else ""
        if line := unwritten_line(text):
            yield f"{file}:{line}: {UNWRITTEN}"
        if found := list(decisions(text)):
            things = counted(len(found), "thing")
            yield f"{file}:{found[0][0]}: {things} to decide, look for DECIDE"


def _notes(variant: Variant) -> Iterator[str]:
    yield from filter(None, map(doubt, variant.inputs))
    calibration = variant.calibration
    if calibration is not None and variant.data[calibration.data]["kind"] == "random":
        yield "calibration: random data calibrates nothing; the int8 artefacts will be worthless"
    if variant.data[variant.verification.data]["kind"] == "random":
        yield "verification: random data proves the structure alone"
    for key, source in variant.sources.items():
        if not source.is_pinned:
            yield f"sources.{key}: not pinned yet; run python -m converters.lock"


def used_sources(variant: Variant) -> set[str]:
    """The keys of the sources that a variant refers to."""
    referred = [each for block in variant.data.values() for each in _referred(block)]
    of_data = {key_of(reference) for reference in referred}
    return load_sources(variant) | surgery_sources(variant) | of_data


def _referred(block: Mapping[str, Any]) -> list[str]:
    """The references to sources in a data block."""
    return [*block.get("sources", ()), *([block["source"]] if block.get("source") else [])]


def run(models: Path, names: Sequence[str]) -> int:
    """Check recipes and data sets, print what is wrong, and return the exit code."""
    wrong, variants = 0, 0
    chosen = names or all_owners(models)
    for name in chosen:
        try:
            if is_shared(name):
                told = list(_notes_of_set(checked_data_set(models, name)))
            else:
                recipe = check(models / name)
                variants += len(recipe.variants)
                told = list(notes(recipe))
        except RecipeError as error:
            print(error, file=sys.stderr)
            wrong += 1
            continue
        for note in told:
            print(f"note: {name}: {note}")
    print(f"{_counted(chosen, variants)}: {f'{wrong} of them are wrong' if wrong else 'all sound'}")
    return 1 if wrong else 0


def _counted(names: Sequence[str], variants: int) -> str:
    sets = sum(map(is_shared, names))
    told = [f"{len(names) - sets} recipes, {variants} variants"] if sets < len(names) else []
    return ", ".join([*told, *([f"{sets} data sets"] if sets else [])])


def checked_data_set(models: Path, name: str) -> DataSet:
    """A sound data set whose own files are there."""
    owner = load_data_set(data_set_file(models, name.removeprefix(MARK)))
    for key, source in owner.sources.items():
        if source.kind == "file" and not (owner.folder / source.path).is_file():
            cause = f"sources.{key}.path: there is no {source.path} in {owner.folder}/"
            raise RecipeError(cause, subject=f"{owner.folder}.yaml")
    return owner


def main(argv: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(
        prog="python -m converters.check",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("model", nargs="*", help="ids of recipes, @ids of data sets (default: all)")
    parser.add_argument("--models", type=Path, default=Path("models"), help="folder of recipes")
    args = parser.parse_args(argv)
    return run(args.models, args.model)


if __name__ == "__main__":
    raise SystemExit(main())
