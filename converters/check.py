"""check: read recipes and say everything that is wrong with them, each with file and line.

Nothing is downloaded or built. Exit code 0: all are sound; 1: some are not. Notes are no errors:
they tell what is accepted, but worth knowing.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from converters.errors import RecipeError
from converters.jobs import load_sources
from converters.recipes import Recipe, Variant, load_recipe, recipe_folders
from converters.recipes.problems import listed, nearest


def check(folder: Path) -> Recipe:
    """A sound recipe; a RecipeError with all its problems otherwise."""
    if not (folder / "recipe.yaml").is_file():
        known = [other.name for other in recipe_folders(folder.parent)]
        hint = nearest(folder.name, known) or f"there are: {listed(known)}"
        raise RecipeError(f"{folder / 'recipe.yaml'}:1: there is no such recipe; {hint}")
    return load_recipe(folder, with_files=True)


def notes(recipe: Recipe) -> Iterator[str]:
    """What is worth knowing of a sound recipe, each thing once for all its variants."""
    variants = list(recipe.variants.values())
    yield from dict.fromkeys(note for variant in variants for note in _notes(variant))
    unused = set(variants[0].sources).intersection(*(v.sources for v in variants))
    unused -= {key for variant in variants for key in used_sources(variant)}
    for key in sorted(unused):
        yield f"sources.{key}: no field refers to it"


def _notes(variant: Variant) -> Iterator[str]:
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
    blocks = variant.data.values()
    listed_keys = [key for block in blocks for key in block.get("sources", ())]
    single_keys = [block["source"] for block in blocks if block.get("source")]
    return load_sources(variant) | {str(key).split("/")[0] for key in listed_keys + single_keys}


def run(models: Path, names: Sequence[str]) -> int:
    """Check recipes, print what is wrong, and return the exit code."""
    folders = [models / name for name in names] or recipe_folders(models)
    wrong, variants = 0, 0
    for folder in folders:
        try:
            recipe = check(folder)
        except RecipeError as error:
            print(error, file=sys.stderr)
            wrong += 1
            continue
        variants += len(recipe.variants)
        for note in notes(recipe):
            print(f"note: {folder.name}: {note}")
    state = f"{wrong} of {len(folders)} recipes are wrong" if wrong else "all sound"
    print(f"{len(folders)} recipes, {variants} variants: {state}")
    return 1 if wrong else 0


def main(argv: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(
        prog="python -m converters.check",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("model", nargs="*", help="ids of recipes (default: all)")
    parser.add_argument("--models", type=Path, default=Path("models"), help="folder of recipes")
    args = parser.parse_args(argv)
    return run(args.models, args.model)


if __name__ == "__main__":
    raise SystemExit(main())
