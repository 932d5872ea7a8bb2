"""broken: builds the recipes that are marked as broken, and fails where one of them works now.

A build of all leaves such a recipe out, so nobody would notice that its reason is gone. One
variant of each is asked for; what is in the store is not made again, and most fail early.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from converters import summary
from converters.recipes import Recipe, read_zoo
from converters.stage import LOGS

OTHER_CAUSES = ("download", "check")
"""Stages whose failure says nothing of the reason: the source was not even there."""

Build = Callable[[str], bool]
"""Builds a target of the workflow; whether it succeeded."""


class Verdict(NamedTuple):
    """What became of one recipe that is marked as broken."""

    model: str
    is_mended: bool
    says: str  # in words, for people


def verdicts(recipes: Sequence[Recipe], build: Build, logs: Path) -> Iterator[Verdict]:
    """Each broken recipe, tried with the first of its variants."""
    for recipe in recipes:
        if recipe.status == "broken":
            variant = next(iter(recipe.variants))
            is_built = build(f"results/{recipe.id}/{variant}/package")
            yield Verdict(recipe.id, is_built, _told(recipe, is_built, logs))


def _told(recipe: Recipe, is_built: bool, logs: Path) -> str:
    if is_built:
        return "builds now; write status: active and remove the reason"
    failures = list(summary.failures(logs, [recipe.id]))
    if not failures:
        return f"does not build, and left no record why; the recipe says: {recipe.reason}"
    stage, cause = failures[0].stage, failures[0].cause
    if stage.startswith(OTHER_CAUSES):
        return f"could not be tried, [{stage}] {cause}"
    return f"is still broken, [{stage}] {cause}; the recipe says: {recipe.reason}"


def snakemake(target: str) -> bool:
    """Build with the workflow of this folder."""
    command = [str(Path(sys.executable).with_name("snakemake")), "--cores", "1", target]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def main(argv: Sequence[str] | None = None) -> int:
    """Print a line for each; exit 1 if one is mended."""
    parser = argparse.ArgumentParser(prog="python -m converters.broken", description=__doc__)
    parser.add_argument("--models", type=Path, default=Path("models"), help="folder of recipes")
    parser.add_argument("only", nargs="*", metavar="MODEL", help="ids of recipes (default: all)")
    args = parser.parse_args(argv)
    recipes, _problems = read_zoo(args.models, args.only)
    mended = False
    for verdict in verdicts(list(recipes.values()), snakemake, LOGS):
        print(f"{verdict.model}: {verdict.says}", flush=True)
        mended = mended or verdict.is_mended
    return int(mended)


if __name__ == "__main__":
    raise SystemExit(main())
