"""verify: one artefact, in a fresh interpreter, beside the source model on real samples.

    python -m converters.verify digits 8x8 --artifact int8 --path results/digits/8x8/int8.tflite \\
        --interface results/digits/8x8/interface.json \\
        --reference results/digits/8x8/reference.npz \\
        --reference-facts results/digits/8x8/facts/reference.json --out /tmp/evidence.json

Measures every output (max abs, normalised max, cosine, SQNR), the task metric where the recipe
has one, the invariants of probabilities, operators, transposes and size. Beyond the limits nothing
is written to --out: what was measured then lies beside the log, as verify-<artifact>.failed.json.
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

from converters import stage
from converters.datasets.interface import Interface
from converters.datasets.preprocess import Array
from converters.datasets.samples import samples
from converters.recipes import load_variant
from converters.recipes.recipe import Variant
from converters.targets.table import NOT_BUILT
from converters.verify import archive, evidence, limits, lost, mapping, runners, suspect, unrun


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options beside MODEL and VARIANT."""
    parser.add_argument("--artifact", required=True, help="saved_model, ir, float32, int8, ...")
    parser.add_argument("--path", type=Path, required=True, help="the artefact's file or folder")
    parser.add_argument("--interface", type=Path, required=True, help="interface.json")
    parser.add_argument("--reference", type=Path, required=True, help="reference.npz")
    parser.add_argument("--reference-facts", type=Path, required=True, help="its facts, JSON")
    parser.add_argument("--sources", type=Path, default=Path("sources"), help="folder of downloads")
    parser.add_argument("--out", type=Path, required=True, help="JSON file of evidence to write")
    parser.add_argument("--outputs", type=Path, help="npz file for the first samples' outputs")
    parser.add_argument(
        "--layers", type=Path, nargs="?", help="of an int8 kind, its table of layers"
    )
    parser.add_argument("--lint", type=Path, nargs="?", help="of an int8 kind, the lint's facts")


def run(args: argparse.Namespace) -> None:
    """Measure, hold against the limits, write."""
    variant = load_variant(args.models, args.model, args.variant)
    tables = archive.read(args.reference)
    facts = json.loads(args.reference_facts.read_text(encoding="utf-8"))
    bounds = limits.limits_of(args.artifact, variant.limits)
    if (args.path / NOT_BUILT).is_file():
        leave(args, unrun.not_built(args.artifact, args.path))
        return
    runner = runners.opened(args.artifact, args.path, Interface.read(args.interface))
    if runner.run is None:
        leave(args, unrun.looked_into(args.artifact, runner, bounds))
        return
    answered = evidence.answers(variant, runner, tables)
    told = evidence.told_of(variant, runner)
    differences, checks = evidence.compared(answered, tables, bounds, told)
    metric = _metric(args, variant, runner, facts, tables) if not _broken(checks) else None
    on_edgetpu = mapping.prediction_of(args.artifact, args.path)
    checks += mapping.checks(on_edgetpu, bounds)
    found = evidence.collected(differences, checks, runner, metric, bounds)
    layers, lint = _read(args.layers), _read(args.lint)
    data = {
        **evidence.record(args.artifact, found, runner),
        "samples": facts["samples"],
        **lost.short(layers),
    }
    data |= {"edgetpu": on_edgetpu.record()} if on_edgetpu else {}
    refusal = limits.refusal(args.artifact, found.checks)
    kept = stage.LOGS / args.model / args.variant / f"verify-{args.artifact}.failed.json"
    if refusal is not None:
        stage.write_json(kept, data)
        refusal.remedy += f"; measured: {kept}{suspect.advice(args, found.checks)}"
        refusal.remedy += lost.advice(layers, lint)
        raise refusal
    kept.unlink(missing_ok=True)
    if args.outputs:
        shown = archive.stacked("output", answered[: archive.SHOWN])
        archive.write(args.outputs, shown)
    stage.write_json(args.out, data)


def leave(args: argparse.Namespace, data: dict[str, Any]) -> None:
    """Evidence on what was not run: there are no outputs to keep."""
    if args.outputs:
        archive.write(args.outputs, {})
    stage.write_json(args.out, data)


def _read(path: Path | None) -> Any:
    return None if path is None else json.loads(path.read_text(encoding="utf-8"))


def _broken(checks: list[limits.Check]) -> bool:
    """Whether the outputs are such that a metric of them would mean nothing."""
    return any(check.measure in ("shape", "finite") for check in checks)


def _metric(
    args: argparse.Namespace,
    variant: Variant,
    runner: runners.Runner,
    facts: Any,
    tables: dict[str, Array],
) -> dict[str, Any] | None:
    if variant.evaluation is None:
        return None
    drawn = samples(variant, variant.evaluation, args.models / args.model, args.sources)
    source = evidence.source_metric(variant.evaluation, facts, tables)
    return evidence.evaluated(variant, runner, drawn, source)


if __name__ == "__main__":
    raise SystemExit(stage.main("verify", __doc__ or "", add_arguments, run))
