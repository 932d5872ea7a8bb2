"""Constants: folded in one run; small ones stand in the model's config, large ones are weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
import tensorflow as tf

from converters.ir_to_tf.errors import ConversionError

Array = np.ndarray[Any, Any]

SUBJECT = "this model cannot be written as Keras"

LARGEST_IN_CONFIG = 256
"""Elements of a constant that may stand in a config, where a number takes some ten characters."""

STORED = {"bool": "int32", "int8": "int32", "uint8": "int32", "int16": "int32", "uint16": "int32"}
"""Types that no layer keeps weights in, and those that hold their values."""


def constant_operations(graph: tf.Graph) -> set[str]:
    """The operations that do not depend on an input."""
    known: set[str] = set()
    for op in graph.get_operations():
        sources = [*(tensor.op for tensor in op.inputs), *op.control_inputs]
        if op.type != "Placeholder" and all(source.name in known for source in sources):
            known.add(op.name)
    return known


def folded(graph: tf.Graph, known: set[str]) -> dict[str, Array]:
    """Compute of the constant tensors those that others read, or that are outputs."""
    readers = [op for op in graph.get_operations() if op.name not in known]
    ends = [op for op in graph.get_operations() if not any(t.consumers() for t in op.outputs)]
    read = {t.name for op in (*readers, *ends) for t in op.inputs if t.op.name in known}
    read |= {t.name for op in ends if op.name in known for t in op.outputs}
    wanted = sorted(read)
    with tf.compat.v1.Session(graph=graph) as session:
        return dict(zip(wanted, session.run(wanted), strict=True))


class Anchor:
    """Where large constants hang: they are rows of Embedding layers, looked up at a zero.

    A functional model has only layers that are called on something; a zero made of an input is
    the least of it.
    """

    def __init__(self, inputs: Sequence[Any]) -> None:
        self.inputs = inputs
        self.zero: Any = None

    def weight(self, values: Array, name: str) -> Any:
        """A constant as the weight of a layer."""
        if not values.size:
            raise ConversionError("its constants are empty", subject=SUBJECT)
        if self.zero is None:
            start = next((tensor for tensor in self.inputs if 0 not in tensor.shape), None)
            if start is None:
                raise ConversionError("its inputs are empty", subject=SUBJECT)
            first = keras.ops.reshape(start, (-1,))[:1,]
            self.zero = keras.ops.zeros_like(first, dtype="int32")
        dtype = STORED.get(values.dtype.name, values.dtype.name)
        layer = keras.layers.Embedding(
            1, values.size, name=name, dtype=dtype, embeddings_initializer="zeros"
        )
        tensor = keras.ops.reshape(layer(self.zero), values.shape)
        layer.set_weights([values.reshape(1, -1).astype(dtype)])
        return tensor if dtype == values.dtype.name else keras.ops.cast(tensor, values.dtype.name)
