"""zoo_page: docs/zoo.md and the table of docs/models.md, from recipes and from what was measured.

Every artefact that was verified in results/, also those that missed their limits, with its error,
size, transposes and metric; every failure in words; what is not built, and why.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

from converters.jobs import RESULTS
from converters.marked import put_between
from converters.plan import not_built_because
from converters.recipes import ARTIFACTS, Recipe, read_zoo
from converters.stage import LOGS
from converters.summary import (
    failures,
    least_sqnr,
    metric_text,
    size_text,
    standing,
    transposes_of,
)

BEGIN, END = "<!-- made by python -m converters.zoo_page -->", "<!-- end of what is made -->"
"""What stands between them is replaced; the rest of a page is written by hand."""

VERIFIED = re.compile(r"^\| artefacts verified \| (\d+) \|$", re.MULTILINE)

INT8 = ("int8", "full_int8", "full_uint8")


class Evidence(NamedTuple):
    """What verification measured of one artefact."""

    model: str
    variant: str
    artifact: str
    bytes: int
    error: float  # largest normalised_max over the outputs
    sqnr_db: float | None  # smallest over the outputs; None where the outputs are equal
    metric: str
    transposes: int | None
    is_held: bool


def measured(recipes: Mapping[str, Recipe], results: Path, logs: Path) -> Iterator[Evidence]:
    """Every verified artefact of the variants that there are, in the order of the recipes."""
    for recipe in recipes.values():
        for variant in recipe.variants.values():
            for artifact in (a for a in ARTIFACTS if a in variant.artifacts):
                record = newest(results, logs, f"{recipe.id}/{variant.name}", artifact)
                if record:
                    yield _evidence(recipe.id, variant.name, artifact, record)


def newest(results: Path, logs: Path, place: str, artifact: str) -> Any:
    """What was measured last: a verdict that was kept, or one of a failing build; or None."""
    kept = results / place / "verify" / f"{artifact}.json"
    failed = logs / place / f"verify-{artifact}.failed.json"
    there = [path for path in (kept, failed) if path.is_file()]
    if not there:
        return None
    path = max(there, key=lambda path: path.stat().st_mtime)
    return json.loads(path.read_text(encoding="utf-8")) | {"passed": path == kept}


def _evidence(model: str, variant: str, artifact: str, record: Any) -> Evidence:
    outputs = record["outputs"].values()
    return Evidence(
        model,
        variant,
        artifact,
        record["bytes"],
        max((o["normalised_max"] or 0.0 for o in outputs), default=0.0),
        least_sqnr(record),
        metric_text(record),
        transposes_of(record),
        record["passed"],
    )


# docs/zoo.md --------------------------------------------------------------------------------


def zoo(recipes: Mapping[str, Recipe], found: Sequence[Evidence], logs: Path) -> str:
    """The page's part that is made."""
    blocks = [
        made_on(),
        table(("What there is", "Count"), counts(recipes, found)),
        "## Artefacts",
        "Error: the largest difference over the outputs, as a part of the largest value of the "
        "source's. SQNR: the smallest over the outputs. A metric stands before the source's own. "
        "`held` says whether the artefact keeps the limits of its recipe.",
        table(COLUMNS, [_cells(each) for each in found]),
        "## Failures, in words",
        *_failures(recipes, logs),
        "## Kinds that a recipe leaves out",
        *_left_out(recipes),
    ]
    return "\n\n".join(blocks)


COLUMNS = (
    "Model",
    "Variant",
    "Artefact",
    "Size",
    "Error",
    "SQNR",
    "Transposes",
    "Metric (source)",
    "Limits",
)


def _cells(each: Evidence) -> tuple[str, ...]:
    return (
        f"`{each.model}`",
        each.variant,
        each.artifact,
        size_text(each.bytes),
        f"{each.error:.1e}",
        "-" if each.sqnr_db is None else f"{each.sqnr_db:.1f} dB",
        "-" if each.transposes is None else str(each.transposes),
        each.metric or "-",
        "held" if each.is_held else "**missed**",
    )


def counts(recipes: Mapping[str, Recipe], found: Iterable[Evidence]) -> list[tuple[str, str]]:
    """What the zoo is believed by."""
    held = [each for each in found if each.is_held]
    float32 = [each for each in held if each.artifact == "float32"]
    numbers = {
        "recipes": len(recipes),
        "of these marked as broken": sum(r.status == "broken" for r in recipes.values()),
        "frameworks": len({v.framework for r in recipes.values() for v in r.variants.values()}),
        "tasks": len({recipe.task for recipe in recipes.values()}),
        "models with a verified float32 TFLite": len({each.model for each in float32}),
        "of these without a transpose": len({e.model for e in float32 if not e.transposes}),
        "models with an int8 TFLite that keeps its limits": len(
            {each.model for each in held if each.artifact in INT8}
        ),
        "artefacts verified": len(held),
    }
    return [(name, str(number)) for name, number in numbers.items()]


def _failures(recipes: Mapping[str, Recipe], logs: Path) -> Iterator[str]:
    lines = [
        f"- `{each.model}/{each.variant}` [{each.stage}]: {' '.join(each.cause.split())}"
        for each in standing(recipes, failures(logs))
    ]
    for recipe in recipes.values():
        reason = not_built_because(recipe)
        if reason:
            lines.append(f"- `{recipe.id}` is not built: {reason}")
    yield "\n".join(lines) or "None."


def _left_out(recipes: Mapping[str, Recipe]) -> Iterator[str]:
    lines = [
        f"- `{recipe.id}`: {words}" for recipe in recipes.values() if (words := reason(recipe))
    ]
    yield "\n".join(lines) or "None."


def reason(recipe: Recipe) -> str:
    """What the recipe says right above its artefacts, in a comment."""
    text = (recipe.folder / "recipe.yaml").read_text(encoding="utf-8")
    found = re.search(r"((?:^#.*\n)+)artifacts:", text, re.MULTILINE)
    lines = found.group(1).splitlines() if found else []
    return " ".join(line.removeprefix("#").strip() for line in lines)


# docs/models.md -----------------------------------------------------------------------------


def origins(recipes: Mapping[str, Recipe]) -> str:
    """Where each model is from, and what may be done with it."""
    head = ("Model", "Task", "Origin", "Licence", "Format", "The answer rests on")
    rows = [
        (
            f"`{recipe.id}`",
            recipe.task,
            str(recipe.links.get("repo", "")).removeprefix("https://github.com/"),
            recipe.license.spdx,
            next(iter(recipe.variants.values())).framework,
            recipe.license.evidence,
        )
        for recipe in recipes.values()
    ]
    return table(head, rows)


# Pages --------------------------------------------------------------------------------------


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Rows as Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(
        f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in line)} |" for line in lines
    )


def made_on() -> str:
    """Date and machine, never the name of a host."""
    info = Path("/proc/cpuinfo")
    found = re.search(r"^model name\s*:\s*(.+)$", info.read_text() if info.is_file() else "", re.M)
    processor = found.group(1).strip() if found else platform.machine()
    date = datetime.now(UTC).date().isoformat()
    return (
        f"Made on {date}, {processor}, {os.cpu_count()} cores, by `python -m converters.zoo_page`."
    )


def replaced(page: str, made: str) -> str:
    """The page with what is made between its marks; at its end if it has none."""
    if BEGIN not in page:
        page = f"{page.rstrip()}\n\n{BEGIN}\n{END}\n"
    return put_between(page, BEGIN, END, made)


def loses(page: str, made: str) -> str:
    """What the page would lose, in words: a folder where little was built knows little."""
    before, now = (int(n[0]) if (n := VERIFIED.findall(text)) else 0 for text in (page, made))
    return f"{before} artefacts stand there, {now} were verified here" if now < before else ""


def main(argv: Sequence[str] | None = None) -> int:
    """Write both pages; exit 1 without writing where one would lose what it tells."""
    parser = argparse.ArgumentParser(prog="python -m converters.zoo_page", description=__doc__)
    parser.add_argument("--models", type=Path, default=Path("models"), help="folder of recipes")
    parser.add_argument("--docs", type=Path, default=Path("docs"), help="folder of the pages")
    parser.add_argument("--force", action="store_true", help="also where artefacts are lost")
    args = parser.parse_args(argv)
    recipes, _problems = read_zoo(args.models, [])
    found = list(measured(recipes, RESULTS, LOGS))
    pages = {"zoo.md": zoo(recipes, found, LOGS), "models.md": origins(recipes)}
    for name, made in pages.items():
        path = args.docs / name
        page = path.read_text(encoding="utf-8") if path.is_file() else ""
        lost = loses(page, made)
        if lost and not args.force:
            print(f"error: {path}: {lost}\n  remedy: build all first, or give --force")
            return 1
        path.write_text(replaced(page, made), encoding="utf-8")
        print(f"{path}: {made.count(chr(10)) + 1} lines made")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
