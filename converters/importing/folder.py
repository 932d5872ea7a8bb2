"""The folder of an imported model: written whole and checked, or not at all."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from converters.errors import RecipeError
from converters.importing.draft import Draft, text_of
from converters.recipes import Recipe, load_recipe


def written(draft: Draft, models: Path) -> Path:
    """Write the recipe of a draft, which then passes the check."""
    target = models / draft.id
    if target.exists():
        raise RecipeError(
            "is there already, and is not overwritten",
            subject=str(target),
            remedy="remove the folder, or import into another one with --models",
        )
    models.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(prefix=".new.", dir=models)) / draft.id
    try:
        checked(draft, part)
        part.replace(target)
    finally:
        shutil.rmtree(part.parent, ignore_errors=True)
    return target


def checked(draft: Draft, folder: Path) -> Recipe:
    """The recipe of a draft, written into a folder; its sources may still be absent."""
    folder.mkdir()
    (folder / "recipe.yaml").write_text(text_of(draft), encoding="utf-8")
    return load_recipe(folder, with_files=True)
