"""Convert one OpenVINO IR to TensorFlow, without a recipe.

    python -m converters.ir_to_tf --model_path model.xml --model_output_path out \\
        --output_saved_model --output_no_quant_float32_tflite --explain
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from converters.errors import ZooError
from converters.stage import made_whole, quiet_tensorflow, write_json


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(
        prog="python -m converters.ir_to_tf",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--model_path", type=Path, required=True, help="the IR's .xml")
    made.add_argument("--model_output_path", type=Path, default=Path("saved_model"))
    made.add_argument("--output_saved_model", action="store_true")
    made.add_argument("--output_no_quant_float32_tflite", action="store_true")
    made.add_argument(
        "--keep_input_tensor_in_nchw",
        action="append",
        default=[],
        metavar="NAME",
        help="an input, or output, that stays as the IR has it; may be repeated",
    )
    made.add_argument("--explain", action="store_true", help="print every transpose that remains")
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    args = parser().parse_args(argv)
    quiet_tensorflow()
    try:
        run(args)
    except ZooError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def run(args: argparse.Namespace) -> None:
    """Read, convert, and write what was asked for."""
    from converters.ir_to_tf.convert import (
        Options,
        convert,
        read_graph,
        save_saved_model,
        to_tflite,
    )
    from converters.ir_to_tf.explain import explained

    graph = read_graph(args.model_path)
    kept = set(args.keep_input_tensor_in_nchw)
    options = Options(
        inputs={node.name: "as_written" for node in graph.inputs if node.name in kept},
        outputs={node.name: "as_written" for node in graph.outputs if node.name in kept},
    )
    converted = convert(graph, options)
    folder = args.model_output_path
    if args.output_saved_model:
        with made_whole(folder) as part:
            save_saved_model(converted, part)
        write_json(folder / "interface.json", converted.interface())
    if args.output_no_quant_float32_tflite:
        with made_whole(folder / "model_float32.tflite") as part:
            part.write_bytes(to_tflite(converted))
    if args.explain:
        print(explained(converted.plan))


if __name__ == "__main__":
    raise SystemExit(main())
