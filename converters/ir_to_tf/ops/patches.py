"""Ops that cut images into patches, or move them round."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np
import tensorflow as tf

from converters.ir_to_tf.graph import Array, Node
from converters.ir_to_tf.layout.rules import as_written, first_input, touched_axes
from converters.ir_to_tf.layout.spec import Spec
from converters.ir_to_tf.reader import DTYPES
from converters.ir_to_tf.registry import op
from converters.ir_to_tf.site import Site


@op("ExtractImagePatches", layout=as_written)
def extract_image_patches(
    site: Site,
    x: Any,
    *,
    sizes: Sequence[int],
    strides: Sequence[int],
    rates: Sequence[int],
    auto_pad: str,
) -> Any:
    """A slice per place in the window, all of them one behind the other."""
    made = site.node.outputs[0].shape[2:]
    x = tf.convert_to_tensor(x)
    rows = [[0, 0], [0, 0]]
    for have, count, stride, size, rate in zip(
        x.shape[2:], made, strides, sizes, rates, strict=True
    ):
        missing = max(0, (count - 1) * stride + (size - 1) * rate + 1 - int(have))
        short, long = missing // 2, missing - missing // 2
        rows.append([long, short] if auto_pad == "same_lower" else [short, long])
    wide = x if auto_pad == "valid" else tf.pad(x, rows)
    parts = []
    for offset in product(*map(range, sizes)):
        places = zip(offset, rates, made, strides, strict=True)
        cut = (slice(o * r, o * r + (m - 1) * s + 1, s) for o, r, m, s in places)
        parts.append(wide[(slice(None), slice(None), *cut)])
    return tf.concat(parts, 1)


def _shifts(node: Node) -> dict[int, int]:
    """How far each axis turns; an axis named twice turns twice."""
    found: dict[int, int] = {}
    for axis, shift in zip(node.axes(2), np.ravel(node.known(1)), strict=True):
        found[axis] = (found.get(axis, 0) + int(shift)) % node.inputs[0].shape[axis]
    return {axis: shift for axis, shift in found.items() if shift}


def _rolled(node: Node) -> Mapping[int, int | None]:
    return dict.fromkeys(_shifts(node))


@op("Roll", layout=touched_axes(_rolled))
def roll(site: Site, x: Any, _shift: Any, _axes: Any) -> Any:
    """The end of an axis comes to its front."""
    for axis, shift in _shifts(site.node).items():
        place = site.axis(axis)
        lead = (slice(None),) * place
        x = tf.concat([x[(*lead, slice(-shift, None))], x[(*lead, slice(-shift))]], place)
    return x


def across_channels(node: Node) -> Spec:
    """Axis 1 is taken together, in whatever order."""
    return Spec(first_input(node).ports, apart=frozenset({1}))


@op("GRN", layout=across_channels)
def grn(site: Site, x: Any, *, bias: float) -> Any:
    """Length 1 across the channels."""
    squares = tf.reduce_sum(tf.square(x), site.axes([1]), keepdims=True)
    return x * tf.math.rsqrt(squares + bias)


@op("GroupNormalization", layout=as_written)
def group_normalization(
    site: Site, x: Any, scale: Any, bias: Any, *, num_groups: int, epsilon: float
) -> Any:
    """Mean 0 and variance 1 in every group of channels, then a scale and a shift per channel."""
    shape = site.node.inputs[0].shape
    parts = tf.reshape(x, [shape[0], num_groups, -1])
    centred = parts - tf.reduce_mean(parts, -1, keepdims=True)
    variance = tf.reduce_mean(tf.square(centred), -1, keepdims=True)
    even = tf.reshape(centred * tf.math.rsqrt(variance + epsilon), shape)
    wide = [shape[1], *[1] * (len(shape) - 2)]
    return even * tf.reshape(scale, wide) + tf.reshape(bias, wide)


@op("AdaptiveAvgPool", layout=as_written)
def adaptive_avg_pool(site: Site, x: Any, _sizes: Any) -> Any:
    """A product per axis with the matrix of its bins."""
    x = tf.convert_to_tensor(x)
    rank = len(x.shape)
    for axis, size in enumerate(site.node.outputs[0].shape[2:], 2):
        order = [*(a for a in range(rank) if a != axis), axis]
        matrix = bins(int(x.shape[axis]), size).T
        x = tf.transpose(tf.matmul(tf.transpose(x, order), matrix), np.argsort(order))
    return x


def bins(read: int, made: int) -> Array:
    """The matrix [made, read] of means over bins as equal as can be; they may overlap."""
    matrix = np.zeros((made, read), np.float32)
    for row in range(made):
        start, end = row * read // made, -(-(row + 1) * read // made)
        matrix[row, start:end] = 1 / (end - start)
    return matrix


@op("AdaptiveMaxPool", layout=as_written)
def adaptive_max_pool(site: Site, x: Any, _sizes: Any, *, index_element_type: str) -> Any:
    """The greatest of each bin, and its place in the image."""
    x, made = tf.convert_to_tensor(x), site.node.outputs[0].shape[2:]
    space = [int(size) for size in x.shape[2:]]
    best, places = [], []
    for bin_ in np.ndindex(*made):
        cut = [
            slice(k * n // m, -(-(k + 1) * n // m))
            for k, n, m in zip(bin_, space, made, strict=True)
        ]
        seen = tf.reshape(x[(..., *cut)], [*x.shape[:2], -1])
        numbers = np.arange(int(np.prod(space)), dtype=np.int32).reshape(space)[tuple(cut)].ravel()
        best.append(tf.reduce_max(seen, -1))
        places.append(tf.gather(numbers, tf.argmax(seen, -1, tf.int32)))
    shape = [*x.shape[:2], *made]
    index = tf.cast(tf.reshape(tf.stack(places, -1), shape), DTYPES[index_element_type])
    return tf.reshape(tf.stack(best, -1), shape), index
