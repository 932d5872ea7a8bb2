"""export: write the source model as ONNX: static shapes, the recipe's outputs, public names.

    python -m converters.export digits 8x8 --out /tmp/source.onnx --facts /tmp/f.json

A PyTorch network is built, filled and traced; an ONNX source is checked and cut. Two runs give
equal bytes: nothing of time, place or producer is kept.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path
from typing import Any

from converters import stage
from converters.errors import RecipeError
from converters.export import graph, onnx_source, pytorch
from converters.network import build_network
from converters.recipes import load_variant
from converters.recipes.recipe import Variant
from converters.recipes.slices import ELSEWHERE
from converters.versions import versions

Reader = Callable[[Variant, Path, Path], Any]


def source_model(variant: Variant, model_folder: Path, sources: Path) -> Any:
    """The ONNX model of a variant, as the later stages want it."""
    if variant.framework not in READERS:
        raise RecipeError(
            f"{variant.framework} models do not pass through ONNX",
            subject="load.framework",
            remedy="run the mo stage: it reads them",
        )
    model = READERS[variant.framework](variant, model_folder, sources)
    model = graph.without_initialisers_as_inputs(model)
    if variant.is_changed:
        # inputs and outputs of the recipe are those of the changed graph: surgery sees to them
        return model
    model = graph.with_static_inputs(model, variant.inputs)
    model = graph.with_public_outputs(model, variant.outputs, variant.inputs)
    graph.check_all_declared(model, variant.inputs)
    onnx_source.check(model, "exported graph")
    return model


def _from_pytorch(variant: Variant, model_folder: Path, sources: Path) -> Any:
    return pytorch.exported(build_network(variant, model_folder, sources), variant)


def _from_onnx(variant: Variant, _: Path, sources: Path) -> Any:
    return onnx_source.read(variant, sources)


def _from_elsewhere(variant: Variant, _: Path, sources: Path) -> Any:
    from converters.export import elsewhere

    return elsewhere.exported(variant, sources)


READERS: dict[str, Reader] = {
    "pytorch": _from_pytorch,
    "onnx": _from_onnx,
    **dict.fromkeys(ELSEWHERE, _from_elsewhere),
}


def facts(model: Any, variant: Variant) -> dict[str, Any]:
    """What the stage made, and with what."""
    packages = ("torch", "onnx", "onnxscript") if variant.framework == "pytorch" else ("onnx",)
    options = variant.stages.get("export", {})
    made_by = options.get("exporter", "torchscript") if variant.framework == "pytorch" else None
    return {
        "exporter": made_by,
        "opset": graph.opset(model),
        "bytes": len(graph.serialised(model)),
        "weight_bytes": graph.initialiser_bytes(model),
        "nodes": sum(graph.operators(model).values()),
        "operators": graph.operators(model),
        "inputs": [value.name for value in model.graph.input],
        "outputs": [value.name for value in model.graph.output],
        "versions": versions(*packages),
    }


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options beside MODEL and VARIANT."""
    parser.add_argument("--sources", type=Path, required=True, help="sources/<model>")
    parser.add_argument("--out", type=Path, required=True, help="source.onnx to write")
    parser.add_argument("--facts", type=Path, required=True, help="facts to write, as JSON")


def run(args: argparse.Namespace) -> None:
    """Write the ONNX and its facts."""
    variant = load_variant(args.models, args.model, args.variant)
    model = source_model(variant, args.models / args.model, args.sources)
    with stage.made_whole(args.out) as part:
        part.write_bytes(graph.serialised(model))
    stage.write_json(args.facts, facts(model, variant))


if __name__ == "__main__":
    raise SystemExit(stage.main("export", __doc__ or "", add_arguments, run))
