"""The page on targets: what was built and verified, of every recipe that lists some.

    python -m converters.targets.overview > docs/targets.md

Reads what verify left in results/; a target that was not built yet is said to be so.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from converters.jobs import RESULTS
from converters.recipes import read_zoo
from converters.summary import size_text
from converters.targets.table import TARGETS

HEADER = """\
# Targets, built and verified

Made by `python -m converters.targets.overview > docs/targets.md` on {date}, {machine}, from what
verify left in `results/`; do not edit. "Error" is the largest difference from the source, over
the largest value that it has, of all outputs and samples. A target without numbers was looked into,
or could not be built on that machine; the note says which.
How each is made: [from anything to anything](interop.md).
"""

COLUMNS = "| Target | What it is | Size | Error | SQNR | Metric (source's) | Run in | Verified |\n"


def page(models: Path, results: Path) -> Iterator[str]:
    """The page, piece by piece."""
    machine = f"{platform.machine()}, {os.cpu_count()} cores"
    yield HEADER.format(date=time.strftime("%Y-%m-%d"), machine=machine)
    recipes, _ = read_zoo(models)
    for recipe in recipes.values():
        for variant in recipe.variants.values():
            if variant.targets:
                folder = results / recipe.id / variant.name
                yield f"\n## `{recipe.id}`, {variant.name}\n\n{COLUMNS}|{'---|' * 8}\n"
                yield from (row(name, folder) for name in variant.targets)


def row(name: str, folder: Path) -> str:
    """A line of a table."""
    path = folder / "verify" / f"{name}.json"
    head = f"| `{name}` | {TARGETS[name].purpose} |"
    if not path.is_file():
        return f"{head} – | – | – | – | – | not built yet |\n"
    found = json.loads(path.read_text(encoding="utf-8"))
    size = size_text(found["bytes"]) if found["bytes"] else "–"
    runtime = ", ".join(f"{k} {v}" for k, v in found["runtime"].items()) or "–"
    return f"{head} {size} | {_numbers(found)} | {runtime} | {_verdict(found)} |\n"


def _numbers(found: Any) -> str:
    outputs = list(found["outputs"].values())
    error = max((each["normalised_max"] for each in outputs), default=None)
    ratios = [each["sqnr_db"] for each in outputs if each.get("sqnr_db") is not None]
    metric = found.get("metric")
    shown = (
        "–" if error is None else f"{error:.1e}",
        f"{min(ratios):.1f} dB" if ratios else "–",
        f"{metric['name']} {metric['value']:.4f} ({metric['source']:.4f})" if metric else "–",
    )
    return " | ".join(shown)


def _verdict(found: Any) -> str:
    held = {True: "yes", False: "no", None: "no numbers"}[found["passed"]]
    note = found.get("note", "")
    return f"{held}: {note}" if note else held


def main(argv: Sequence[str] | None = None) -> int:
    """Print the page."""
    parser = argparse.ArgumentParser(
        prog="python -m converters.targets.overview",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--models", type=Path, default=Path("models"), help="folder of recipes")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of results")
    args = parser.parse_args(argv)
    print("".join(page(args.models, args.results)), end="")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
