"""upkeep: whether everything that the zoo stands on is still where it was, and still the same.

    python -m converters.upkeep                        every source of every recipe
    python -m converters.upkeep --pins                 and every pinned package of the environment
    python -m converters.upkeep --markdown REPORT.md   a report to open an issue with

Every source is fetched from where it is published, mirrors apart, and held against its checksum;
nothing is kept. Exit codes: 0: all is well; 1: something is away or another.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from converters.download import FetchOptions, fetch
from converters.errors import ZooError
from converters.recipes import Recipe, Source, read_zoo

LOCKS = ("uv.txt", "main.txt")


class Finding(NamedTuple):
    """One thing that was looked at."""

    what: str  # model: source, or a lock
    where: str
    is_well: bool
    told: str  # what is wrong; empty if nothing is


def sources(recipes: Sequence[Recipe], attempts: int) -> Iterator[Finding]:
    """Every pinned source that lies elsewhere, each place once."""
    seen: set[str] = set()
    for recipe in recipes:
        every = [
            source
            for variant in recipe.variants.values()
            for source in (*variant.sources.values(), *variant.shared.values())
        ]
        for source in every:
            place = source.url or source.id
            if source.kind == "file" or not source.is_pinned or place in seen:
                continue
            seen.add(place)
            yield looked_at(recipe, source, attempts)


def looked_at(recipe: Recipe, source: Source, attempts: int) -> Finding:
    """Fetch one source from its own place into a folder that is removed again."""
    what, where = f"{recipe.id}: {source.key}", source.url or f"Google Drive {source.id}"
    with tempfile.TemporaryDirectory(prefix="upkeep-") as folder:
        options = FetchOptions.from_environment(
            {}, {}, downloads=Path(folder) / "downloads", attempts=attempts, quiet=True
        )
        try:
            fetch(source, recipe.folder, Path(folder) / "content", options)
        except ZooError as error:
            return Finding(what, where, False, str(error.cause))
    return Finding(what, where, True, "")


def pins(folder: Path) -> Iterator[Finding]:
    """Every lock of the environment: whether its packages can still be had with these hashes."""
    for name in LOCKS:
        command = [sys.executable, "-m", "uv", "pip", "install", "--dry-run", "--reinstall"]
        command += ["--no-deps", "--require-hashes", "--quiet", "-r", str(folder / name)]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        last = " ".join(done.stderr.split())[-400:]
        yield Finding(f"envs/{name}", "package registry", done.returncode == 0, last)


def markdown(found: Sequence[Finding]) -> str:
    """The report, what is wrong first."""
    wrong = [each for each in found if not each.is_well]
    lines = [f"{len(wrong)} of {len(found)} sources and locks are not as they were.", ""]
    if wrong:
        lines += ["| what | where | what is wrong |", "|---|---|---|"]
        lines += [f"| {f.what} | {f.where} | {' '.join(f.told.split())} |" for f in wrong]
    return "\n".join(lines) + "\n"


def main(argv: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(
        prog="python -m converters.upkeep",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("model", nargs="*", help="ids of recipes (default: all)")
    parser.add_argument("--models", type=Path, default=Path("models"), help="folder of recipes")
    parser.add_argument("--pins", action="store_true", help="look at the locks in envs/ too")
    parser.add_argument("--attempts", type=int, default=3, help="fruitless tries for each place")
    parser.add_argument("--markdown", type=Path, help="file to write the report to")
    parser.add_argument("--json", action="store_true", help="print data instead of lines")
    args = parser.parse_args(argv)
    recipes, problems = read_zoo(args.models, args.model)
    found = [Finding(p.recipe, "its recipe", False, str(p.cause)) for p in problems]
    found += sources(list(recipes.values()), args.attempts)
    found += list(pins(Path("envs"))) if args.pins else []
    if args.json:
        print(json.dumps([each._asdict() for each in found], indent=2))
    else:
        print(
            "\n".join(
                f"{'well ' if f.is_well else 'WRONG'} {f.what}  {f.told or f.where}" for f in found
            )
        )
    if args.markdown:
        args.markdown.write_text(markdown(found), encoding="utf-8")
    return 0 if all(each.is_well for each in found) else 1


if __name__ == "__main__":
    raise SystemExit(main())
