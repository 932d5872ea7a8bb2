"""quantize: one TFLite file from a SavedModel, of the wanted kind, checked before it is kept.

    python -m converters.quantize digits 8x8 --saved-model results/digits/8x8/saved_model \\
        --interface results/digits/8x8/interface.json --kind int8 \\
        --out /tmp/i.tflite --facts /tmp/f.json

Names of inputs and outputs survive, only builtin operators are used, and the int8 kinds are
calibrated on the recipe's data; without calibration data they are refused.
"""

from __future__ import annotations

import argparse
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from converters import flatbuffer, stage
from converters.datasets.interface import Interface
from converters.errors import ZooError
from converters.quantize import islands
from converters.quantize.calibration import Calibration
from converters.quantize.check import checked, refused_operator
from converters.quantize.conversion import Conversion
from converters.quantize.kinds import KINDS, kind_named
from converters.quantize.order import in_order
from converters.quantize.promises import PROMISED, RUNTIMES
from converters.quantize.runtimes import DRAWS
from converters.recipes import load_variant
from converters.versions import versions


class Made(NamedTuple):
    """What came of making a file."""

    package: str  # that loaded it
    note: str  # what another package had against it
    runtimes: dict[str, Any]  # what each promised one made of it
    wanted: islands.Islands  # what the recipe keeps in float


def runnable(part: Path, args: argparse.Namespace, conversion: Conversion) -> Made:
    """Write a file that every promised runtime can run, and say what loaded it and what it took.

    Where one lacks an operator in int8, that operator stays in float.
    """
    interface, kind = Interface.read(args.interface), conversion.kind
    wanted = islands.chosen(conversion, args.kind, conversion.options)
    shown = list(islice(conversion.calibration(), DRAWS)) if conversion.calibration else []
    floats: list[str] = []
    while True:
        part.write_bytes(in_order(conversion.made(floats, wanted.tensors), interface))
        try:
            answer = checked(part, args.interface, args.kind, args.runtimes, shown)
            words = answer["note"]
        except ZooError as error:
            answer, words = {"error": error}, error.cause
        lacking = refused_operator(words)
        if kind.is_calibrated and lacking and lacking not in floats:
            print(f"{lacking} stays in float: {words}")
            floats.append(lacking)
        elif "error" in answer:
            raise answer["error"]
        else:
            return Made(answer["package"], answer["note"], answer["runtimes"], wanted)


def facts(path: Path, name: str, calibration: Calibration | None, made: Made) -> dict[str, Any]:
    """What was made, of what, and on which data it was calibrated."""
    count, moved = flatbuffer.transposes(path)
    return {
        "kind": name,
        "bytes": path.stat().st_size,
        "operators": dict(sorted(flatbuffer.operators(path).items())),
        "transposes": {"count": count, "bytes": moved},
        "calibration": calibration.record() if calibration else None,
        "calibrated": calibration.is_real if calibration else None,
        "float_operators": islands.float_operators(path) if calibration else None,
        "kept_float": made.wanted.record,
        "loaded_by": made.package,
        "runtimes": made.runtimes,
        "versions": versions("numpy", "pillow", "tensorflow", made.package, *made.runtimes),
        **({"note": made.note} if made.note else {}),
    }


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options beside MODEL and VARIANT."""
    parser.add_argument("--saved-model", type=Path, required=True, help="the SavedModel's folder")
    parser.add_argument("--interface", type=Path, required=True, help="its interface.json")
    parser.add_argument("--kind", required=True, help=f"one of {', '.join(KINDS)}")
    parser.add_argument("--sources", type=Path, default=Path("sources"), help="folder of downloads")
    parser.add_argument(
        "--runtimes",
        nargs="*",
        default=PROMISED,
        choices=RUNTIMES,
        help="what the file must run in, with the same numbers (config.yaml: runtimes)",
    )
    parser.add_argument("--out", type=Path, required=True, help="TFLite file to write")
    parser.add_argument("--facts", type=Path, required=True, help="JSON file of facts to write")


def run(args: argparse.Namespace) -> None:
    """Make one TFLite file."""
    variant = load_variant(args.models, args.model, args.variant)
    interface, folder = Interface.read(args.interface), args.models / args.model
    is_drawn = kind_named(args.kind).is_calibrated
    calibration = Calibration(variant, interface, folder, args.sources) if is_drawn else None
    options = variant.stages.get("quantize", {})
    kind = kind_named(args.kind)
    conversion = Conversion(args.saved_model, kind, calibration, options)
    with stage.made_whole(args.out) as part:
        noted = facts(part, args.kind, calibration, runnable(part, args, conversion))
    stage.write_json(args.facts, noted)


if __name__ == "__main__":
    raise SystemExit(stage.main("quantize", __doc__ or "", add_arguments, run))
