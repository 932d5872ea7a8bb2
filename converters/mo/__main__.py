"""mo: write the model as OpenVINO IR (model.xml, model.bin) with static shapes and public names.

    python -m converters.mo digits 8x8 --onnx results/digits/8x8/simplified.onnx \\
        --out-xml /tmp/ir/model.xml --facts /tmp/f.json

Reads the simplified ONNX, or straight the files of TensorFlow, Keras, TFLite and Caffe models.
Weights are stored as float32 unless the recipe says `ir.precision: FP16`.
"""

from __future__ import annotations

import argparse
import tempfile
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from converters import stage
from converters.errors import RecipeError
from converters.mo import backends, interface, ir_text
from converters.mo.request import names, request_of
from converters.recipes import load_variant
from converters.recipes.recipe import Output, Variant
from converters.recipes.slices import EXPORTED
from converters.versions import versions

PRECISIONS = ("FP32", "FP16")

PACKAGES = {"mo": "openvino-dev", "ovc": "openvino"}
"""The package that each backend is part of."""


def ir_model(variant: Variant, origin: Path, folder: Path) -> Any:
    """The `openvino.Model` of a variant; `origin` is its simplified ONNX or its sources."""
    options = variant.stages.get("ir", {})
    request = request_of(variant, origin, folder)
    model = backends.converted(request, str(options.get("backend", "mo")))
    interface.call(model, request.called)
    model = interface.with_shapes(model, variant.inputs)
    model = interface.with_preprocessing(model, variant.inputs, options)
    own = [Output(request.called.get(name, name)) for name in request.outputs]
    return interface.with_interface(model, variant.inputs, wanted_outputs(variant) or own)


def wanted_outputs(variant: Variant) -> Sequence[Output]:
    """The outputs of the IR, each with its name in the graph that the backend read."""
    outputs = list(variant.outputs)
    if variant.framework in EXPORTED:
        outputs = [Output(output.public_name) for output in outputs]
    known = {output.name: output for output in outputs}
    ends = names(variant.stages.get("ir", {}).get("output"))
    return [known.get(name, Output(name)) for name in ends] or outputs


def write(model: Any, xml: Path, name: str, precision: str) -> None:
    """Write the IR, both files whole; equal models give equal bytes."""
    import openvino

    if precision not in PRECISIONS:
        raise RecipeError(
            f"is not one of {', '.join(PRECISIONS)}",
            subject=f"ir.precision: {precision}",
            remedy="set FP32 or FP16",
        )
    with (
        stage.made_whole(xml) as xml_part,
        stage.made_whole(xml.with_suffix(".bin")) as bin_part,
    ):
        openvino.save_model(model, xml_part, compress_to_fp16=precision == "FP16")
        xml_part.with_suffix(".bin").replace(bin_part)
        xml_part.write_bytes(ir_text.canonical(xml_part.read_bytes(), name))


def facts(model: Any, xml: Path, variant: Variant) -> dict[str, Any]:
    """What the stage made, and with what."""
    options = variant.stages.get("ir", {})
    backend = str(options.get("backend", "mo"))
    counts = Counter(operation.get_type_name() for operation in model.get_ops())
    tensorflow = variant.framework in ("tensorflow_frozen", "saved_model", "keras")
    return {
        "backend": backend,
        "precision": str(options.get("precision", "FP32")),
        "operators": dict(sorted(counts.items())),
        "bytes": xml.stat().st_size + xml.with_suffix(".bin").stat().st_size,
        "parameter_bytes": xml.with_suffix(".bin").stat().st_size,
        "inputs": {p.get_friendly_name(): _shape(p) for p in model.get_parameters()},
        "outputs": {r.get_friendly_name(): _shape(r) for r in model.get_results()},
        "versions": versions("openvino", PACKAGES[backend], *["tensorflow"] * tensorflow),
    }


def _shape(node: Any) -> list[int]:
    """The shape, -1 for what is known only when the model runs."""
    return [d.get_length() if d.is_static else -1 for d in node.output(0).get_partial_shape()]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options beside MODEL and VARIANT."""
    origin = parser.add_mutually_exclusive_group(required=True)
    origin.add_argument("--onnx", type=Path, help="simplified.onnx of the simplify stage")
    origin.add_argument("--sources", type=Path, help="sources/<model>, for other frameworks")
    parser.add_argument("--out-xml", type=Path, required=True, help="model.xml; .bin lies beside")
    parser.add_argument("--facts", type=Path, required=True, help="facts to write, as JSON")


def run(args: argparse.Namespace) -> None:
    """Write the IR and its facts."""
    stage.quiet_tensorflow()
    variant = load_variant(args.models, args.model, args.variant)
    precision = str(variant.stages.get("ir", {}).get("precision", "FP32"))
    with tempfile.TemporaryDirectory() as folder:
        model = ir_model(variant, args.onnx or args.sources, Path(folder))
        write(model, args.out_xml, args.model, precision)
    stage.write_json(args.facts, facts(model, args.out_xml, variant))


if __name__ == "__main__":
    raise SystemExit(stage.main("mo", __doc__ or "", add_arguments, run))
