"""blame: which op of a variant's conversion differs first from OpenVINO, and what to try.

Every op of the conversion runs beside OpenVINO's, each on OpenVINO's own inputs, from the first
verification sample on. A verification that fails asks it; `python -m converters.ir_to_tf
--compare-each` does the same without a recipe, and prints a table.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from converters import imports
from converters.datasets.interface import artifact_inputs
from converters.datasets.preprocess import Array
from converters.datasets.samples import samples
from converters.errors import ZooError
from converters.recipes import load_variant
from converters.recipes.recipe import Variant

TOLERANCE = 1e-4
"""Of the largest value of a tensor."""


def main(argv: Sequence[str] | None = None) -> int:
    """Print one line; 0, or 1 if it could not be found."""
    parser = argparse.ArgumentParser(
        prog="python -m converters.blame",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("model", help="id of the recipe")
    parser.add_argument("variant", help="name of the variant")
    parser.add_argument("--models", type=Path, default=Path("models"), help="folder of recipes")
    parser.add_argument("--sources", type=Path, default=Path("sources"), help="folder of downloads")
    parser.add_argument("--xml", type=Path, required=True, help="the variant's IR")
    args = parser.parse_args(argv)
    try:
        print(blamed(args))
    except ZooError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def blamed(args: argparse.Namespace) -> str:
    """The op that differs first, with an override to try."""
    imports.tensorflow()
    from converters.ir_to_tf.compare import compared, remedy, sentence
    from converters.ir_to_tf.reader import read_model
    from converters.tf import conversion

    variant = load_variant(args.models, args.model, args.variant)
    # op by op it is held against the IR, which is not equalised
    plain = {**variant.stages, "tf": {**variant.stages["tf"], "equalise": False}}
    converted = conversion(replace(variant, stages=plain), args.xml).converted
    given = first_sample(variant, args.models / args.model, args.sources)
    nodes = converted.plan.graph.inputs
    feeds = {n.name: given[p.name] for n, p in zip(nodes, converted.inputs, strict=True)}
    first = compared(converted.plan, read_model(args.xml), feeds, TOLERANCE).first
    if first is None:
        return "no op differs from OpenVINO: the error is in the IR, or in TFLite's own conversion"
    override = f"tf: {{overrides: [{remedy(first)}]}}"
    return f"first op that differs: {sentence(first, {})}; override to try: {override}"


def first_sample(variant: Variant, folder: Path, sources: Path) -> Mapping[str, Array]:
    """What the artefacts are given first, in the source's order of axes."""
    sample = next(iter(samples(variant, variant.verification, folder, sources)))
    return artifact_inputs(variant, sample.inputs)


if __name__ == "__main__":
    raise SystemExit(main())
