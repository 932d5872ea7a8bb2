"""How much of other zoos becomes drafts: the tables of docs/importing.md, counted anew.

    python -m converters.importing.counting [--pinto FOLDER] [--write]

Open Model Zoo's model.yml files come with the openvino-dev package; PINTO_model_zoo is counted
where a clone is named. A section that is not counted stays as it is.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.util
import platform
import re
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import yaml

from converters.errors import ZooError
from converters.importing.__main__ import draft_of
from converters.importing.draft import NoDraftError
from converters.importing.folder import checked
from converters.importing.model_yml import NAME
from converters.marked import put_between

PAGE = Path(__file__).resolve().parents[2] / "docs" / "importing.md"


class Count(NamedTuple):
    """What became of the folders of a zoo, or of one kind of them."""

    outcomes: Counter[str]  # whole, partial, broken, none
    reasons: Counter[str]  # why there is no draft -> how many
    losses: Counter[str]  # what is not expressed -> in how many drafts

    @property
    def total(self) -> int:
        """How many folders there were."""
        return sum(self.outcomes.values())


def count(places: Iterable[Path]) -> Count:
    """Draft every place, check every draft, and count."""
    found = Count(Counter(), Counter(), Counter())
    with tempfile.TemporaryDirectory() as folder:
        for number, place in enumerate(places):
            try:
                draft = draft_of(place)
                (Path(folder) / str(number)).mkdir()
                recipe = checked(draft, Path(folder) / str(number) / draft.id)
            except NoDraftError as error:
                found.outcomes["none"] += 1
                found.reasons[error.cause] += 1
                continue
            except ZooError as error:
                found.outcomes["none"] += 1
                found.reasons[f"the draft does not pass the check: {str(error)[:200]}"] += 1
                continue
            found.losses.update({loss.kind for loss in draft.losses})
            outcome = "partial" if draft.losses else "whole"
            found.outcomes["broken" if recipe.status == "broken" else outcome] += 1
    return found


# The page ---------------------------------------------------------------------------------------

HEADS = ("draft, nothing lost", "draft, something lost", "draft, a file still to be put in", "none")
OUTCOMES = ("whole", "partial", "broken", "none")


def page_of_model_yml() -> str:
    """The section about Open Model Zoo."""
    spec = importlib.util.find_spec("omz_tools")
    homes = list(spec.submodule_search_locations or ()) if spec else []
    if not homes:
        raise ZooError("omz_tools is not installed", remedy="install openvino-dev")
    files = sorted((Path(homes[0]) / "models").rglob(NAME))
    groups: dict[str, list[Path]] = {}
    for file in files:
        text = file.read_text(encoding="utf-8")
        groups.setdefault(str(yaml.safe_load(text)["framework"]), []).append(file)
    counts = {name: count(places) for name, places in sorted(groups.items())}
    head = f"All {len(files)} `model.yml` of openvino-dev {version('openvino-dev')}; {_when()}."
    return "\n".join([head, "", *_tables(counts, "framework")])


def page_of_pinto(folder: Path) -> str:
    """The section about PINTO_model_zoo."""
    places = sorted(p for p in folder.iterdir() if re.match(r"\d{3}_", p.name) and p.is_dir())
    scripted = {place for place in places if any(_scripts(place))}
    counts = {
        "with conversion scripts": count(p for p in places if p in scripted),
        "without": count(p for p in places if p not in scripted),
    }
    head = f"All {len(places)} numbered folders that hold text; {_when()}."
    return "\n".join([head, "", *_tables(counts, "folders")])


def _scripts(place: Path) -> Iterator[Path]:
    from converters.importing.pinto_folder import scripts

    return scripts(place)


def _when() -> str:
    today = datetime.datetime.now(tz=datetime.UTC).date()
    return f"{today}, Python {platform.python_version()}, `python -m converters.importing.counting`"


def _tables(counts: dict[str, Count], what: str) -> Iterator[str]:
    yield f"| {what} | all | {' | '.join(HEADS)} |"
    yield f"|---|{'---:|' * (len(HEADS) + 1)}"
    for name, found in counts.items():
        numbers = " | ".join(str(found.outcomes[outcome]) for outcome in OUTCOMES)
        yield f"| {name} | {found.total} | {numbers} |"
    reasons = sum((found.reasons for found in counts.values()), Counter())
    yield from _ranked("why there is no draft", "folders", reasons)
    losses = sum((found.losses for found in counts.values()), Counter())
    yield from _ranked("what drafts do not say", "drafts", losses)


def _ranked(head: str, unit: str, numbers: Counter[str]) -> Iterator[str]:
    yield from ("", f"| {head} | {unit} |", "|---|---:|")
    for text, number in sorted(numbers.items(), key=lambda item: (-item[1], item[0])):
        yield f"| {text.replace('|', '/')} | {number} |"


def main(argv: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(
        prog="python -m converters.importing.counting",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--pinto", type=Path, help="a clone of PINTO_model_zoo")
    parser.add_argument("--write", action="store_true", help=f"write the tables to {PAGE.name}")
    args = parser.parse_args(argv)
    sections = {"model.yml": page_of_model_yml()}
    if args.pinto:
        sections["pinto"] = page_of_pinto(args.pinto)
    if not args.write:
        print("\n\n".join(sections.values()))
        return 0
    page = PAGE.read_text(encoding="utf-8")
    for section, text in sections.items():
        marks = (f"<!-- {section}: counted -->", f"<!-- {section}: end -->")
        page = put_between(page, *marks, text)
    PAGE.write_text(page, encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
