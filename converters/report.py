"""report: everything that was measured of one variant, gathered from its stages, as JSON.

    python -m converters.report digits 8x8 --evidence results/digits/8x8/verify/*.json \\
        --facts results/digits/8x8/facts/*.json --out /tmp/report.json
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from converters import stage
from converters.recipes import load_recipe
from converters.recipes.references import is_shared

SCHEMA = 1


def uncalibrated(report: Mapping[str, Any]) -> list[str]:
    """The kinds of a report whose ranges come from no real data: nothing to be released."""
    return sorted(
        name for name, f in report.get("stages", {}).items() if f.get("calibrated") is False
    )


def gather(recipe_folder: Path, variant: str, evidence: list[Path], facts: list[Path]) -> Any:
    """The report: what the recipe is, what each stage noted, what verification measured."""
    recipe = load_recipe(recipe_folder)
    chosen = recipe.variant(variant)
    stages = {path.stem: _read(path) for path in facts if path.parent.name != "sources"}
    return {
        "schema": SCHEMA,
        "model": recipe.id,
        "name": recipe.name,
        "task": recipe.task,
        "license": {"spdx": recipe.license.spdx, "redistribute": recipe.license.redistribute},
        "variant": variant,
        "axes": dict(chosen.axes),
        "framework": chosen.framework,
        "sources": {_source_name(p): _read(p) for p in facts if p.parent.name == "sources"},
        "stages": stages,
        "artifacts": {path.stem: _read(path) for path in evidence},
    }


def _source_name(path: Path) -> str:
    """The key of a source; with its data set, where a data set declares it."""
    owner = path.parent.parent.name
    return f"{owner}/{path.stem}" if is_shared(owner) else path.stem


def _read(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options beside MODEL and VARIANT."""
    parser.add_argument("--evidence", type=Path, nargs="*", default=[], help="verify's JSON files")
    parser.add_argument("--facts", type=Path, nargs="*", default=[], help="the stages' JSON files")
    parser.add_argument("--out", type=Path, required=True, help="report.json to write")


def run(args: argparse.Namespace) -> None:
    """Write the report."""
    report = gather(args.models / args.model, args.variant, args.evidence, args.facts)
    stage.write_json(args.out, report)


if __name__ == "__main__":
    raise SystemExit(stage.main("report", __doc__ or "", add_arguments, run))
