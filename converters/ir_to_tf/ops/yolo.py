"""The last layers of Darknet's detectors."""

# ruff: noqa: PLR0913 - an emitter's signature is the IR's schema

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from converters.ir_to_tf.layout.rules import as_written
from converters.ir_to_tf.registry import op
from converters.ir_to_tf.site import Site


@op(
    "RegionYolo",
    layout=as_written,
    excused={
        "anchors": "for whoever reads the boxes",
        "axis": "the output's shape says it",
        "end_axis": "the output's shape says it",
    },
)
def region_yolo(
    site: Site,
    x: Any,
    *,
    coords: int,
    classes: int,
    num: int,
    do_softmax: bool,
    mask: Sequence[int] = (),
) -> Any:
    """Per anchor: centre and certainty between 0 and 1, sizes as they are, a vote on classes."""
    batch, _, height, width = x.shape
    regions = num if do_softmax else len(mask)
    parts = tf.reshape(x, [batch, regions, coords + 1 + classes, height, width])
    centre, size, certainty, votes = tf.split(parts, [2, coords - 2, 1, classes], 2)
    # A softmax of TensorFlow Lite is along the last axis.
    chosen = tf.nn.softmax(votes, 2) if do_softmax else tf.sigmoid(votes)
    made = tf.concat([tf.sigmoid(centre), size, tf.sigmoid(certainty), chosen], 2)
    return tf.reshape(made, site.output_shape())


@op("ReorgYolo", layout=as_written)
def reorg_yolo(site: Site, x: Any, *, stride: Sequence[int]) -> Any:
    """Darknet's own way of putting space into channels, which reads the tensor as a wider one."""
    step = int(np.ravel(stride)[0])
    batch, channels, height, width = (int(size) for size in x.shape)
    inner = channels // step**2
    cut = tf.reshape(x, [batch, inner, height, step, width, step])
    return tf.reshape(tf.transpose(cut, [0, 3, 5, 1, 2, 4]), site.output_shape())
