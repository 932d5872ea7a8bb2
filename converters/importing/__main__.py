"""Draft recipes from the folders of other zoos, and say what of them a recipe does not say.

Known are folders of PINTO_model_zoo (conversion scripts, url.txt, LICENSE, replacement JSON) and
model.yml of Open Model Zoo. Scripts are read as text and never run; nothing is downloaded. Every
draft passes the check; a source that is not published there, or code that is still to be written,
leaves it `status: broken` with the reason.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from converters.errors import RecipeError, ZooError
from converters.importing import model_yml, pinto_folder
from converters.importing.draft import Draft, NoDraftError, text_of
from converters.importing.folder import written

EXAMPLES = """\
examples:
  python -m converters.importing ../PINTO_model_zoo/149_depth_estimation
  python -m converters.importing ../open_model_zoo/models/public/*/model.yml
  python -m converters.importing --dry-run ../PINTO_model_zoo/132_YOLOX

exit codes: 0 all are drafted, 1 some are not, each with its reason
"""


def draft_of(place: Path) -> Draft:
    """The draft of a folder or of a model.yml."""
    if place.name == model_yml.NAME and place.is_file():
        return model_yml.draft(place)
    if (place / model_yml.NAME).is_file():
        return model_yml.draft(place / model_yml.NAME)
    if place.is_dir() and pinto_folder.is_one(place):
        return pinto_folder.draft(place)
    raise NoDraftError(
        "is no folder of a zoo that is known here",
        subject=str(place),
        remedy="name a folder with model.yml, or with conversion scripts and url.txt",
    )


def main(argv: Sequence[str] | None = None) -> int:
    """The command."""
    args = _parser().parse_args(argv)
    code = 0
    for place in args.place:
        try:
            _bring(draft_of(place), args.models, dry=args.dry_run)
        except (NoDraftError, RecipeError) as error:
            print(f"error: {_named(error, place)}", file=sys.stderr)
            code = 1
    return code


def _named(error: ZooError, place: Path) -> ZooError:
    error.subject = error.subject or str(place)
    return error


def _bring(draft: Draft, models: Path, *, dry: bool) -> None:
    if dry:
        print(text_of(draft), end="")
        return
    folder = written(draft, models)
    decisions = sum(len(found) for found in draft.decisions.values())
    print(f"{folder}/recipe.yaml: {decisions} things to decide")
    for loss in draft.losses:
        print(f"  not expressed: {loss.kind}{': ' if loss.detail else ''}{loss.detail}")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m converters.importing",
        description=__doc__,
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("place", nargs="+", type=Path, help="folders, or model.yml files")
    parser.add_argument("--models", type=Path, default=Path("models"), help="folder of recipes")
    parser.add_argument("--dry-run", action="store_true", help="print recipes, write nothing")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
