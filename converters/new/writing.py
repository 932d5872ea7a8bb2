"""A new model's folder, written whole and checked before it appears; nothing is overwritten."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from converters.errors import RecipeError
from converters.new.drafting import Made
from converters.new.text import decisions
from converters.recipes import load_recipe
from converters.recipes.schema import SCHEMA_FILE


def write(made: Made, models: Path) -> Path:
    """Write the folder of a model; its recipe passes the check, or nothing is there."""
    target = models / made.id
    present = [name for name in (*made.texts, *made.copies) if _is_other(target, name, made)]
    if (target / "recipe.yaml").exists() or present:
        taken = "recipe.yaml" if (target / "recipe.yaml").exists() else present[0]
        raise RecipeError(
            "is there already, and is not overwritten",
            subject=str(target / taken),
            remedy="choose another id with --id, or remove the folder",
        )
    models.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=".new.", dir=models)) / made.id
    try:
        _fill(made, part)
        load_recipe(part, with_files=True)
        _put(part, target)
        _show_schema(models)
    finally:
        shutil.rmtree(part.parent, ignore_errors=True)
    return target


def _is_other(target: Path, name: str, made: Made) -> bool:
    """Whether a file of that name is there that is not the very file that was given."""
    place = target / name
    if not place.exists():
        return False
    origin = made.copies.get(name)
    return origin is None or not place.samefile(origin)


def _fill(made: Made, folder: Path) -> None:
    folder.mkdir()
    for name, text in made.texts.items():
        (folder / name).write_text(text, encoding="utf-8")
    for name, origin in made.copies.items():
        shutil.copyfile(origin, folder / name)


def _put(part: Path, target: Path) -> None:
    """The folder in one step; into one that is there, file by file, the recipe last."""
    if not target.exists():
        part.replace(target)
        return
    for file in sorted(part.iterdir(), key=lambda each: each.name == "recipe.yaml"):
        if not (target / file.name).exists():
            file.replace(target / file.name)


def _show_schema(models: Path) -> None:
    """Editors look for the schema above a recipe: in somebody's own zoo a link leads to it."""
    place = models / SCHEMA_FILE.name
    if not place.exists() and not place.is_symlink():
        place.symlink_to(SCHEMA_FILE)


def open_decisions(folder: Path) -> Iterator[tuple[Path, int, str]]:
    """What a person must still decide: file, line, and the line itself."""
    for file in sorted(folder.iterdir(), key=lambda each: each.suffix != ".yaml"):
        if file.suffix in (".yaml", ".py"):
            for number, line in decisions(file.read_text(encoding="utf-8")):
                yield file, number, line
