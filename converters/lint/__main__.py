"""lint: what in the float network will suffer from 8 bits, before it is quantised.

    python -m converters.lint digits 8x8 --path results/digits/8x8/float32.tflite \\
        --interface results/digits/8x8/interface.json \\
        --reference results/digits/8x8/reference.npz --facts /tmp/f.json

Runs the float32 file on calibration samples, looks at its operators, weights and ranges, and warns
by name. It also holds every calibration sample against those of verification and evaluation: what
is measured on data that set the ranges is no evidence.
"""

from __future__ import annotations

import argparse
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from converters import stage
from converters.datasets.interface import Interface, artifact_inputs
from converters.datasets.samples import digest, samples
from converters.errors import RecipeError
from converters.lint.ranges import Ranges
from converters.lint.rules import RULES, Finding, site
from converters.recipes import load_variant
from converters.recipes.recipe import Variant
from converters.verify import archive
from converters.verify.tapped import tapped
from converters.versions import versions

RUN = 4
"""Calibration samples that the float network runs on; all of them are held against the others."""

OVERLAP = "calibration_overlap"


def overlaps(
    calibrating: set[str], drawn: Mapping[str, Iterator[str]]
) -> tuple[dict[str, int], list[Finding]]:
    """By sampling, how many of its samples set the ranges too, and a warning for each that does."""
    counts = {name: sum(each in calibrating for each in digests) for name, digests in drawn.items()}
    remedy = "let it draw from a data set of its own: what is measured here is too good"
    words = "{} of its samples are among the calibration's"
    found = [
        Finding(OVERLAP, "", name, words.format(count), remedy)
        for name, count in counts.items()
        if count
    ]
    return counts, found


def linted(args: argparse.Namespace, variant: Variant) -> dict[str, Any]:
    """What there is to warn of, and the evidence that samples are kept apart."""
    if variant.calibration is None:
        raise RecipeError(
            "an int8 kind needs calibration data, and the recipe names none",
            subject="calibration",
            remedy="add `calibration: {data: <name>, count: 100, seed: 0}` and the data set",
        )
    folder = args.models / args.model
    file = tapped(args.path, Interface.read(args.interface))
    ranges, calibrating = Ranges(file), set()
    for sample in samples(variant, variant.calibration, folder, args.sources):
        calibrating.add(digest(sample.inputs))
        if ranges.samples < RUN:
            ranges.add(artifact_inputs(variant, sample.inputs))
    counts, shared = overlaps(calibrating, _measured(args, variant))
    at = site(file.graph, ranges.of)
    found = [*shared, *(each for rule in RULES for each in rule(at))]
    return {
        "warnings": [each._asdict() for each in found],
        "counts": dict(sorted(Counter(each.rule for each in found).items())),
        "ran_on": ranges.samples,
        "in_calibration": counts,
        "disjoint": not any(counts.values()),
        "versions": versions("numpy", "pillow", file.package),
    }


def _measured(args: argparse.Namespace, variant: Variant) -> dict[str, Iterator[str]]:
    """The digests of what artefacts are measured on, by sampling."""
    kept = archive.entries_of(archive.read(args.reference), "input")
    found: dict[str, Iterator[str]] = {"verification": (digest(entry) for entry in kept)}
    if variant.evaluation is not None:
        drawn = samples(variant, variant.evaluation, args.models / args.model, args.sources)
        found["evaluation"] = (digest(sample.inputs) for sample in drawn)
    return found


def lines(data: Mapping[str, Any]) -> Iterator[str]:
    """The warnings for the log."""
    for each in data["warnings"]:
        place = " ".join(part for part in (each["operator"], each["name"]) if part)
        yield f"warning: {each['rule']}: {place}: {each['words']}; {each['remedy']}"
    yield f"{len(data['warnings'])} warnings, from {data['ran_on']} calibration samples"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options beside MODEL and VARIANT."""
    parser.add_argument("--path", type=Path, required=True, help="the float32 TFLite file")
    parser.add_argument("--interface", type=Path, required=True, help="interface.json")
    parser.add_argument("--reference", type=Path, required=True, help="reference.npz")
    parser.add_argument("--sources", type=Path, default=Path("sources"), help="folder of downloads")
    parser.add_argument("--facts", type=Path, required=True, help="JSON file of facts to write")


def run(args: argparse.Namespace) -> None:
    """Look, print, write."""
    data = linted(args, load_variant(args.models, args.model, args.variant))
    stage.write_json(args.facts, data)
    print("\n".join(lines(data)))


if __name__ == "__main__":
    raise SystemExit(stage.main("lint", __doc__ or "", add_arguments, run))
