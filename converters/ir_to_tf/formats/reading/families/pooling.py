"""Pooling layers."""

from __future__ import annotations

from typing import Any

from keras import layers

from converters.ir_to_tf.formats.reading.node import Node
from converters.ir_to_tf.formats.reading.table import row

LAYERS = {
    "AvgPool": layers.AveragePooling2D,
    "AvgPool3D": layers.AveragePooling3D,
    "MaxPool": layers.MaxPooling2D,
    "MaxPool3D": layers.MaxPooling3D,
}


@row(*LAYERS)
def pooling(node: Node, x: Any) -> Any:
    """A pooling layer; windows over batch or channels have none."""
    size, strides = node.attribute("ksize"), node.attribute("strides")
    if any(each[0] != 1 or each[-1] != 1 for each in (size, strides)):
        raise node.refuse("windows over batch or channels")
    return node.layer(
        LAYERS[node.op.type],
        x,
        pool_size=tuple(size[1:-1]),
        strides=tuple(strides[1:-1]),
        padding=str(node.attribute("padding")).lower(),
    )
