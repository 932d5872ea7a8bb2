"""The story of a reading: constants are folded, each other node is said by its row, in order.

Outputs keep the source's order; inputs and outputs are layers that carry the public names, as far
as Keras lets them.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import keras
import tensorflow as tf

from converters.ir_to_tf.errors import ConversionError
from converters.ir_to_tf.formats.frozen import Emitted, Frozen, frozen
from converters.ir_to_tf.formats.reading import families
from converters.ir_to_tf.formats.reading.constants import (
    SUBJECT,
    Anchor,
    constant_operations,
    folded,
)
from converters.ir_to_tf.formats.reading.names import Names, layer_name
from converters.ir_to_tf.formats.reading.node import Reading
from converters.ir_to_tf.formats.reading.table import ABSENT, ROWS

assert families  # registers every row


def keras_model(emitted: Emitted) -> keras.Model:
    """The Keras model that computes what an emission computes."""
    return read(frozen(emitted))


def read(graph: Frozen) -> keras.Model:
    """The Keras model of a frozen graph."""
    if not graph.inputs:
        raise ConversionError("it has no input", subject=SUBJECT)
    with tf.Graph().as_default() as imported:
        tf.import_graph_def(graph.graph, name="")
    known = constant_operations(imported)
    computed = [op for op in imported.get_operations() if op.name not in known]
    check_rows(computed)
    reading = Reading(imported, folded(imported, known), _names(imported, graph))
    for public, node in graph.inputs.items():
        tensor = imported.get_tensor_by_name(f"{node}:0")
        reading.made[tensor.name] = keras.Input(
            batch_shape=tuple(tensor.shape), dtype=tensor.dtype.name, name=layer_name(public)
        )
    reading.anchor = Anchor(list(reading.made.values()))
    ends = {*graph.inputs.values(), *graph.outputs.values()}
    for op in computed:
        if op.name not in ends and op.name not in reading.absorbed:
            reading.say(op)
    if reading.refusals:
        raise refused(reading.refusals)
    return _model(reading, graph)


def needs(graph: Frozen) -> set[str]:
    """The types of the operations that a reading must say: all but those of constants."""
    with tf.Graph().as_default() as imported:
        tf.import_graph_def(graph.graph, name="")
    known = constant_operations(imported)
    return {op.type for op in imported.get_operations() if op.name not in known} - {*PASSED}


PASSED = ("Placeholder", "Const", "Identity", "NoOp")
"""Operations that are inputs or constants, or pass a tensor on."""


def check_rows(operations: Iterable[Any]) -> None:
    """Name every operation that has no row, all at once."""
    lacking: dict[str, list[str]] = {}
    for op in operations:
        if op.type not in ROWS and op.type not in PASSED:
            lacking.setdefault(op.type, []).append(repr(op.name))
    if not lacking:
        return
    lines = [
        f"{kind} {', '.join(names)}: {ABSENT.get(kind, 'no row says it')}"
        for kind, names in sorted(lacking.items())
    ]
    raise refused(lines)


def refused(lines: list[str]) -> ConversionError:
    """The error that names all operations that stand in the way."""
    return ConversionError(
        "\n  ".join(["no standard layer does what these operations do", *lines]),
        subject=SUBJECT,
        remedy="write it as saved_model, frozen_pb or TFLite, or add a row to formats/reading",
    )


def _names(imported: Any, graph: Frozen) -> Names:
    """Layers are called as their nodes; the last one before an output, as the output."""
    names = Names(layer_name(each) for each in (*graph.inputs, *graph.outputs))
    inputs = set(graph.inputs.values())
    for public, node in graph.outputs.items():
        source = imported.get_operation_by_name(node).inputs[0]
        alone = len(source.op.outputs) == 1 and source.op.name not in inputs
        if alone and source.op.name not in names.public:
            names.public[source.op.name] = layer_name(public)
    return names


def _model(reading: Reading, graph: Frozen) -> keras.Model:
    outputs = []
    for public, node in graph.outputs.items():
        source = reading.graph.get_operation_by_name(node).inputs[0]
        tensor = reading.tensor(source)
        name = layer_name(public)
        if tensor._keras_history.operation.name != name:
            identity = keras.layers.Identity(name=name, dtype=tensor.dtype)
            tensor = identity(tensor)
        outputs.append(tensor)
    inputs = [reading.made[f"{node}:0"] for node in graph.inputs.values()]
    return keras.Model(_single(inputs), _single(outputs), name="model")


def _single(tensors: list[Any]) -> Any:
    return tensors[0] if len(tensors) == 1 else tensors
