"""Traces: what every op of a converted graph makes of some inputs, run one by one.

Values are given back in the IR's shape and order of axes, whatever layout they are stored in, so
that OpenVINO's can be held beside them.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from converters.ir_to_tf.dynamic import StandIn
from converters.ir_to_tf.emit import Emission
from converters.ir_to_tf.errors import ConversionError
from converters.ir_to_tf.graph import Array, Graph, Node, Value
from converters.ir_to_tf.layout.atoms import Layout
from converters.ir_to_tf.layout.plan import Plan
from converters.ir_to_tf.reader import DTYPES
from converters.ir_to_tf.surgery import Model

SEED = 0
LARGEST_WHOLE = 8
"""Random whole numbers stay below it: most of them are indices."""

Values = Mapping[str, Array]
"""By name of the tensor, `<layer>:<output>`."""


class Traced(NamedTuple):
    """One tensor, as it came out of one op."""

    node: Node
    value: Value
    layout: Layout
    shape: tuple[int, ...]  # as stored
    data: Array  # as the IR has it

    @property
    def layer(self) -> str:
        """The layer of the IR that the tensor is named after."""
        return self.value.name.rpartition(":")[0]


def traced(plan: Plan, feeds: Values, instead: Values | None = None) -> Iterator[Traced]:
    """Run a plan op by op. After each, `instead` is what the ops behind it read, where it is known.

    `feeds` are the inputs by name, in the IR's order of axes.
    """
    emission = Emission(plan)
    for node in plan.graph.nodes:
        if isinstance(node, StandIn):
            yield from _traced_loose(emission, node, instead or {})
        elif node.type == "Parameter":
            emission.store(node, 0, _arranged(plan, node, 0, feeds[node.name]))
            yield from _traced(emission, node, {})
        elif node.type != "Result":
            emission.run(node)
            yield from _traced(emission, node, instead or {})


def tensors(plan: Plan) -> set[str]:
    """The names of all tensors that a trace may have."""
    whole = (node.whole if isinstance(node, StandIn) else node for node in plan.graph.nodes)
    return {value.name for node in whole if node for value in node.outputs}


def _traced(emission: Emission, node: Node, instead: Values) -> Iterator[Traced]:
    plan = emission.plan
    for number, value in enumerate(node.outputs):
        layout = plan.assignment[node].layouts[len(node.inputs) + number]
        if layout is None or (value, layout) not in emission.copies:
            continue
        stored = np.asarray(emission.copies[value, layout])
        yield Traced(node, value, layout, stored.shape, _as_written(plan, value, layout, stored))
        if value.name in instead:
            known = _arranged(plan, node, number, instead[value.name])
            emission.copies[value, layout] = tf.reshape(known, stored.shape)


def _traced_loose(emission: Emission, node: StandIn, instead: Values) -> Iterator[Traced]:
    """A node with sizes that are known only now: it runs as written."""
    emission.run_loose(node)
    yield from _traced(emission, node, instead)
    assert node.whole is not None
    for value in node.whole.outputs:
        if value in emission.loose:
            data = np.asarray(emission.loose[value])
            yield Traced(node.whole, value, (), data.shape, data)
            if value.name in instead:
                emission.loose[value] = tf.constant(instead[value.name], data.dtype)


def _as_written(plan: Plan, value: Value, layout: Layout, stored: Array) -> Array:
    """A stored tensor, as the IR has it."""
    written = plan.atoms.as_written(value)
    cut = stored.reshape([plan.atoms.size(value, atom) for atom in layout])
    moved: Array = cut.transpose([layout.index(atom) for atom in written])
    return moved.reshape(value.shape)


def _arranged(plan: Plan, node: Node, number: int, data: Array) -> tf.Tensor:
    """A tensor as the IR has it, stored as the plan says."""
    value = node.outputs[number]
    layout = plan.assignment[node].layouts[len(node.inputs) + number] or ()
    written = plan.atoms.as_written(value)
    cut = np.asarray(data, value.dtype).reshape([plan.atoms.size(value, a) for a in written])
    moved = cut.transpose([written.index(atom) for atom in layout])
    if node.type == "Parameter":
        moved = moved.reshape([value.shape[axis] for axis in plan.order(node)])
    return tf.constant(moved)


def values_for(graph: Graph, path: Path | None = None) -> dict[str, Array]:
    """Inputs by name: from an .npz, or random."""
    drawn = np.random.default_rng(SEED)
    given = _loaded(path) if path else {}
    values = {}
    for node in graph.inputs:
        names = [name for name in (node.name, *node.aliases) if name in given]
        values[node.name] = _fitting(node, given[names[0]]) if names else _random(node, drawn)
        if path and not names:
            raise ConversionError(
                f"it holds {', '.join(map(repr, given)) or 'nothing'}, but not {node.name!r}",
                subject=f"--inputs {path}",
                remedy="give every input of the model by its name",
            )
    return values


def _loaded(path: Path) -> dict[str, Array]:
    try:
        with np.load(path, allow_pickle=False) as table:
            return {name: table[name] for name in table.files}
    except (OSError, ValueError, AttributeError, TypeError) as error:
        raise ConversionError(
            f"cannot be read: {error}",
            subject=f"--inputs {path}",
            remedy="give an .npz with an array for each input, by its name",
        ) from error


def _fitting(node: Node, data: Array) -> Array:
    value = node.outputs[0]
    if data.shape != value.shape:
        raise ConversionError(
            f"has shape {list(data.shape)}, the IR says {list(value.shape)}",
            subject=f"input {node.name!r}",
            remedy="give it in the IR's order of axes, with the batch",
        )
    return data.astype(value.dtype)


def _random(node: Node, drawn: np.random.Generator) -> Array:
    value = node.outputs[0]
    if value.dtype.kind == "f":
        return drawn.uniform(size=value.shape).astype(value.dtype)
    top = 2 if value.dtype.kind == "b" else LARGEST_WHOLE
    return drawn.integers(0, top, value.shape).astype(value.dtype)


def reference(model: Model, feeds: Values, wanted: set[str]) -> dict[str, Array]:
    """What OpenVINO's CPU makes of the same inputs: every wanted tensor, computed in float32."""
    import openvino as ov
    from openvino.runtime import op as ops

    outputs = [
        (f"{op.get_friendly_name()}:{number}", output)
        for op in model.get_ordered_ops()
        if op.get_type_name() != "Result"
        for number, output in enumerate(op.outputs())
        if f"{op.get_friendly_name()}:{number}" in wanted
    ]
    names = dict(outputs)
    results = [ops.Result(output) for output in names.values()]
    whole = ov.Model(results, model.get_parameters())
    compiled = ov.Core().compile_model(whole, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    given = [
        feeds[name] if name in feeds else _unused(parameter)
        for parameter in model.get_parameters()
        for name in [parameter.get_friendly_name()]
    ]
    made = compiled(given)
    return {name: np.array(made[i]) for i, name in enumerate(names)}


def _unused(parameter: Model) -> Array:
    """An input that the converted model no longer has."""
    dtype = DTYPES[parameter.get_element_type().get_type_name()]
    return np.zeros(parameter.get_partial_shape().to_shape(), dtype)
