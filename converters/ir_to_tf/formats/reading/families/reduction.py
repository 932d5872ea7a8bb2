"""Operations that reduce axes."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import layers, ops

from converters.ir_to_tf.formats.reading.node import Node
from converters.ir_to_tf.formats.reading.table import row

FUNCTIONS = {
    "All": ops.all,
    "Any": ops.any,
    "Max": ops.max,
    "Mean": ops.mean,
    "Min": ops.min,
    "Prod": ops.prod,
    "Sum": ops.sum,
}
OVER_SPACE = {"Mean": layers.GlobalAveragePooling2D, "Max": layers.GlobalMaxPooling2D}


@row(*FUNCTIONS)
def reduction(node: Node, x: Any, _: Any) -> Any:
    """A global pooling layer over the space of an image; else a function."""
    rank, kept = len(x.shape), bool(node.attribute("keep_dims"))
    which = sorted(int(axis) % rank for axis in np.atleast_1d(node.constant(1)))
    is_float = node.dtype.startswith("float")
    if node.op.type in OVER_SPACE and rank == 4 and which == [1, 2] and is_float:
        return node.layer(OVER_SPACE[node.op.type], x, keepdims=kept)
    return FUNCTIONS[node.op.type](x, axis=tuple(which), keepdims=kept)
