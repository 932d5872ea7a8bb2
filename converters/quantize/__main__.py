"""quantize: one TFLite file from a SavedModel, of the wanted kind, checked before it is kept.

Names of inputs and outputs survive, only builtin operators are used, and the int8 kinds are
calibrated on the recipe's data; without calibration data they are refused.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Collection
from pathlib import Path
from typing import Any

from converters import flatbuffer, imports, stage
from converters.datasets.interface import Interface
from converters.errors import ZooError
from converters.quantize.calibration import Calibration
from converters.quantize.check import checked, refused_operator
from converters.quantize.islands import float_operators
from converters.quantize.kinds import KINDS, Kind, configure, finished, kind_named, quantised
from converters.quantize.order import in_order
from converters.recipes import load_variant
from converters.recipes.recipe import Options
from converters.verify.runners import SIGNATURE
from converters.versions import versions


def converted(
    saved_model: Path,
    kind: Kind,
    calibration: Calibration | None,
    options: Options,
    floats: Collection[str] = (),
) -> bytes:
    """The TFLite file of a SavedModel: equal inputs give equal bytes.

    `floats` names operators of an int8 kind that stay in float.
    """
    tf = imports.tensorflow()
    converter = tf.lite.TFLiteConverter.from_saved_model(
        str(saved_model), signature_keys=[SIGNATURE]
    )
    configure(converter, kind, calibration, options)
    converter._experimental_calibrate_only = bool(floats)
    try:
        made = finished(bytes(converter.convert()), kind)
        return quantised(made, kind, options, floats) if floats else made
    except ZooError:
        raise
    except Exception as error:
        raise _explained(error) from error


def runnable(
    part: Path, args: argparse.Namespace, calibration: Calibration | None, options: Options
) -> dict[str, Any]:
    """Write a file that the oldest runtime can run, and say what loaded it and what it took.

    Where it lacks an operator in int8, that operator stays in float.
    """
    interface, kind = Interface.read(args.interface), kind_named(args.kind)
    floats: list[str] = []
    while True:
        made = converted(args.saved_model, kind, calibration, options, floats)
        part.write_bytes(in_order(made, interface))
        try:
            answer = checked(part, args.interface, args.kind)
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
            return answer


def _explained(error: Exception) -> ZooError:
    """What the converter could not do, with the operators that it names."""
    text = str(error)
    listed = re.findall(r"(?:Select|Custom) ops: ([^\n]+)", text)
    refused = re.findall(r"not yet supported for op:? '?(\w+)", text)
    names = sorted({name.strip() for line in listed for name in line.split(",")} | set(refused))
    if listed:
        return ZooError(
            f"these operators are not among TFLite's builtin ones: {', '.join(names)}",
            subject="TFLiteConverter",
            remedy="have the converter write them in simpler operators: Flex is not used, "
            "for most runtimes lack it",
        )
    if refused:
        return ZooError(
            f"these operators have no int8 form: {', '.join(names)}",
            subject="TFLiteConverter",
            remedy="use kind int8, which leaves them in float",
        )
    return ZooError(
        " ".join(text.split())[:1000] or type(error).__name__,
        subject="TFLiteConverter",
        remedy="read the log above; the SavedModel may hold what TFLite cannot express",
    )


def facts(path: Path, name: str, calibration: Calibration | None, answer: Any) -> dict[str, Any]:
    """What was made, of what, and on which data it was calibrated."""
    count, moved = flatbuffer.transposes(path)
    return {
        "kind": name,
        "bytes": path.stat().st_size,
        "operators": dict(sorted(flatbuffer.operators(path).items())),
        "transposes": {"count": count, "bytes": moved},
        "calibration": calibration.record() if calibration else None,
        "calibrated": calibration.is_real if calibration else None,
        "float_operators": float_operators(path) if calibration else None,
        "loaded_by": answer["package"],
        "versions": versions("numpy", "pillow", "tensorflow", answer["package"]),
        **({"note": answer["note"]} if answer["note"] else {}),
    }


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options beside MODEL and VARIANT."""
    parser.add_argument("--saved-model", type=Path, required=True, help="the SavedModel's folder")
    parser.add_argument("--interface", type=Path, required=True, help="its interface.json")
    parser.add_argument("--kind", required=True, help=f"one of {', '.join(KINDS)}")
    parser.add_argument("--sources", type=Path, default=Path("sources"), help="folder of downloads")
    parser.add_argument("--out", type=Path, required=True, help="TFLite file to write")
    parser.add_argument("--facts", type=Path, required=True, help="JSON file of facts to write")


def run(args: argparse.Namespace) -> None:
    """Make one TFLite file."""
    variant = load_variant(args.models, args.model, args.variant)
    interface, folder = Interface.read(args.interface), args.models / args.model
    is_drawn = kind_named(args.kind).is_calibrated
    calibration = Calibration(variant, interface, folder, args.sources) if is_drawn else None
    options = variant.stages.get("quantize", {})
    with stage.made_whole(args.out) as part:
        answer = runnable(part, args, calibration, options)
        noted = facts(part, args.kind, calibration, answer)
    stage.write_json(args.facts, noted)


if __name__ == "__main__":
    raise SystemExit(stage.main("quantize", __doc__ or "", add_arguments, run))
