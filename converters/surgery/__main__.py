"""surgery: change the exported graph as the recipe says, operation by operation.

    python -m converters.surgery digits 8x8 --onnx results/digits/8x8/source.onnx \\
        --out /tmp/changed.onnx --facts /tmp/f.json

After each one the graph is checked, its shapes are inferred anew, and what the operation says of
the numbers is tested in ONNX Runtime. The result is the source model for all that follows: the
artefacts are compared with it.
"""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from converters import stage
from converters.errors import RecipeError, ZooError
from converters.export import graph, onnx_source
from converters.origin import nearest
from converters.recipes import load_variant
from converters.recipes.recipe import Variant
from converters.simplify import value_range
from converters.surgery import (
    answers,
    cutting,
    editing,
    entering,
    joining,
    renaming,
    script,
    sizing,
    ssd,
    suppressing,
    yolo,
)
from converters.surgery.finding import shape_of
from converters.surgery.operation import OPERATIONS, Change, Model, Site
from converters.surgery.proofs import draw_from, feed_for, held, moved, ran, signature_of
from converters.versions import versions

FAMILIES = (
    *(answers, cutting, editing, entering, joining),
    *(renaming, script, sizing, ssd, suppressing, yolo),
)
"""The modules that put operations into the table: imported by name, so that a key covers them."""
assert FAMILIES


def operated(
    model: Model, variant: Variant, folder: Path, sources: Path
) -> tuple[Model, list[Any]]:
    """The changed model, and what each operation did.

    `folder` is the recipe's in models/, `sources` its folder of downloads.
    """
    model = graph.without_initialisers_as_inputs(model)
    model = inferred(sizing.fitted(model, variant.inputs), "surgery")
    notes = []
    for number, step in enumerate(variant.surgery):
        ((name, options),) = step.items()
        site = Site(f"surgery[{number}].{name}", folder, sources)
        if name not in OPERATIONS:
            known = ", ".join(OPERATIONS)
            raise RecipeError(
                "there is no such operation",
                subject=site.subject,
                remedy=nearest(name, OPERATIONS) or f"there are: {known}",
            )
        model, note = _one(model, OPERATIONS[name], options, site, variant)
        notes.append({"operation": name, **note})
    return finished(model, variant), notes


def finished(model: Model, variant: Variant) -> Model:
    """With the recipe's inputs and outputs, as every later stage wants them."""
    model = with_output_shapes(graph.with_static_inputs(model, variant.inputs))
    model = graph.with_public_outputs(model, variant.outputs, variant.inputs)
    graph.check_all_declared(model, variant.inputs)
    onnx_source.check(model, "surgery")
    return model


def _one(
    before: Model, function: Callable[..., Change], options: Any, site: Site, variant: Variant
) -> tuple[Model, dict[str, Any]]:
    """The model after one operation, and what it says of it; errors name the operation."""
    try:
        change = function(before, options, site)
        after = inferred(change.model, site.subject)
        if all(value.type.tensor_type.HasField("shape") for value in after.graph.output):
            onnx_source.check(after, site.subject, full=False)
        note: dict[str, Any] = {"says": change.says, **signature_of(after)}
        draw = draw_from(0, _ranges(variant))
        if change.proof is None:
            note["moved"] = _rounded(moved(before, after, draw))
        else:
            note["differs"] = _rounded(held(change.proof(before, after, draw), change.says))
    except ZooError as error:
        error.subject = error.subject if "surgery" in error.subject else site.subject
        raise
    return after, note


def inferred(model: Model, subject: str) -> Model:
    """The model with the shapes that follow, old ones forgotten."""
    fresh = type(model)()
    fresh.CopyFrom(model)
    del fresh.graph.value_info[:]
    made = _inferred_anew(fresh, subject)
    # between two operations a graph may not run yet: its sizes and its constants go together
    with contextlib.suppress(ZooError):
        made = with_output_shapes(made)
    return made


def _inferred_anew(model: Model, subject: str) -> Model:
    """What outputs were said to be is kept where it still holds: inference may know less."""
    try:
        return graph.inferred(model)
    except ZooError:
        forgotten = sizing.forgotten(model)
    try:
        return graph.inferred(forgotten)
    except ZooError as error:
        error.subject = subject
        raise


def with_output_shapes(model: Model) -> Model:
    """Shapes that inference does not find (old exporters compute them in the graph), by a run."""
    open_ones = [v for v in model.graph.output if not v.type.tensor_type.HasField("shape")]
    if not open_ones or any(shape_of(value) is None for value in model.graph.input):
        return model
    found = ran(model, feed_for(model, draw_from(0, {})))
    for value in open_ones:
        for size in found[value.name].shape:
            value.type.tensor_type.shape.dim.add().dim_value = size
        # a scalar has a shape too, of no axes
        value.type.tensor_type.shape.SetInParent()
    return model


def _rounded(difference: float | None) -> float | None:
    return None if difference is None else float(f"{difference:.1g}")


def _ranges(variant: Variant) -> dict[str, tuple[float, float]]:
    """What the inputs may be, by name, where preprocessing says it."""
    return {spec.name: value_range(spec) for spec in variant.inputs if spec.preprocess}


# The stage --------------------------------------------------------------------------------------


def facts(model: Model, notes: list[Any]) -> dict[str, Any]:
    """What the stage did, and with what."""
    return {
        "operations": notes,
        "opset": graph.opset(model),
        "bytes": len(graph.serialised(model)),
        "nodes": sum(graph.operators(model).values()),
        "operators": graph.operators(model),
        "inputs": [value.name for value in model.graph.input],
        "outputs": [value.name for value in model.graph.output],
        "versions": versions("onnx", "onnxruntime"),
    }


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options beside MODEL and VARIANT."""
    parser.add_argument("--onnx", type=Path, required=True, help="source.onnx of the export stage")
    parser.add_argument("--sources", type=Path, required=True, help="sources/<model>")
    parser.add_argument("--out", type=Path, required=True, help="changed.onnx to write")
    parser.add_argument("--facts", type=Path, required=True, help="facts to write, as JSON")


def run(args: argparse.Namespace) -> None:
    """Write the changed graph and its facts."""
    import onnx

    variant = load_variant(args.models, args.model, args.variant)
    source = onnx.load(args.onnx)
    model, notes = operated(source, variant, args.models / args.model, args.sources)
    with stage.made_whole(args.out) as part:
        part.write_bytes(graph.serialised(model))
    stage.write_json(args.facts, facts(model, notes))
    for note in notes:
        print(f"{note['operation']}: {note['says']}{told(note)}")


def told(note: Mapping[str, Any]) -> str:
    """How far an operation moved the numbers, where that is its purpose and can be told."""
    moved = note.get("moved")
    return "" if moved is None else f" (outputs moved by {moved:g} of their largest value)"


if __name__ == "__main__":
    raise SystemExit(stage.main("surgery", __doc__ or "", add_arguments, run))
