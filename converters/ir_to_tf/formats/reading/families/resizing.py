"""Resizing of images: one function where Keras means the same, else the weights of each line."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf
from keras import layers, ops

from converters.ir_to_tf.formats.reading.constants import Array
from converters.ir_to_tf.formats.reading.node import Node
from converters.ir_to_tf.formats.reading.table import row

KINDS = {
    "ResizeBilinear": ("bilinear", tf.raw_ops.ResizeBilinear),
    "ResizeNearestNeighbor": ("nearest", tf.raw_ops.ResizeNearestNeighbor),
}


@row(*KINDS)
def resized(node: Node, x: Any, _: Any) -> Any:
    """Keras takes centers of pixels as half, and aligns no corners."""
    kind, _kernel = KINDS[node.op.type]
    height, width = node.shape[1:3]
    factors = (height / x.shape[1], width / x.shape[2])
    whole = all(factor.is_integer() for factor in factors)
    centered = bool(node.attribute("half_pixel_centers"))
    aligned = bool(node.attribute("align_corners"))
    # by whole factors, the nearest pixel is the same from the corner and from the center
    if aligned or not (centered or (kind == "nearest" and whole)):
        return _by_lines(node, x, kind)
    if whole:
        size = tuple(int(factor) for factor in factors)
        return node.layer(layers.UpSampling2D, x, size=size, interpolation=kind)
    return ops.image.resize(x, (height, width), interpolation=kind, data_format="channels_last")


def _by_lines(node: Node, x: Any, kind: str) -> Any:
    """Rows, then columns: chosen where it is the nearest one, else weighted sums of two."""
    rows, columns = (
        _weights(node, size, made) for size, made in zip(x.shape[1:3], node.shape[1:3], strict=True)
    )
    if kind == "nearest":
        by_rows = ops.take(x, rows.argmax(1).astype(np.int32), axis=1)
        return ops.take(by_rows, columns.argmax(1).astype(np.int32), axis=2)
    tall = ops.einsum("ih,nhwc->niwc", _matrix(node, rows, "rows"), x)
    return ops.einsum("jw,niwc->nijc", _matrix(node, columns, "columns"), tall)


def _matrix(node: Node, weights: Array, side: str) -> Any:
    name = node.reading.names.unique(f"{node.op.name.replace('/', '_')}_{side}")
    return node.reading.anchor.weight(weights.astype(node.op.inputs[0].dtype.name), name)


def _weights(node: Node, size: int, made: int) -> Array:
    """What each input line gives to each output line, asked of TensorFlow's own kernel."""
    lines = np.eye(size, dtype=np.float32).reshape(1, size, 1, size)
    resized_lines = KINDS[node.op.type][1](
        images=lines,
        size=[made, 1],
        align_corners=node.attribute("align_corners"),
        half_pixel_centers=node.attribute("half_pixel_centers"),
    )
    found: Array = resized_lines.numpy().reshape(made, size)
    return found
