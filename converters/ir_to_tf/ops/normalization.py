"""Ops that scale elements by what their neighbours are, and activations with weights."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from converters.ir_to_tf.graph import Node
from converters.ir_to_tf.layout.rules import as_written, last_axis, normalised, same_axes
from converters.ir_to_tf.layout.spec import Spec
from converters.ir_to_tf.registry import op
from converters.ir_to_tf.site import Site


def per_channel(node: Node) -> Spec:
    """Axis 1 of the first input is the only axis of the others; else numpy's broadcasting."""
    spec = same_axes(node)
    ports = tuple(
        (1,) if port and value.rank == 1 and value.shape == node.inputs[0].shape[1:2] else labels
        for port, (value, labels) in enumerate(zip(node.values, spec.ports, strict=True))
    )
    return Spec((*ports[:-1], spec.ports[-1]))


def _axis(node: Node) -> int:
    return int(node["axis"])


@op("Softmax", layout=last_axis(_axis))
def softmax(_: Site, x: Any, *, axis: int) -> Any:
    """SOFTMAX knows the last axis only, and the layout rule sees to that."""
    del axis
    return tf.nn.softmax(x, -1)


@op("LogSoftmax", layout=last_axis(_axis))
def log_softmax(_: Site, x: Any, *, axis: int) -> Any:
    """LOG_SOFTMAX, along the last axis likewise."""
    del axis
    return tf.nn.log_softmax(x, -1)


@op("MVN", layout=normalised)
def mvn(
    site: Site, x: Any, _axes: Any, *, eps: float, normalize_variance: bool, eps_mode: str
) -> Any:
    """Mean 0, and variance 1 if wanted."""
    axes = site.axes(site.node.axes(1))
    centred = x - tf.reduce_mean(x, axes, keepdims=True)
    if not normalize_variance:
        return centred
    variance = tf.reduce_mean(tf.square(centred), axes, keepdims=True)
    if eps_mode == "inside_sqrt":
        return centred * tf.math.rsqrt(variance + eps)
    return centred / (tf.sqrt(variance) + eps)


@op("NormalizeL2", layout=normalised)
def normalize_l2(site: Site, x: Any, _axes: Any, *, eps: float, eps_mode: str) -> Any:
    """Length 1; of no axes, each element by itself."""
    squares = tf.reduce_sum(tf.square(x), site.axes(site.node.axes(1)), keepdims=True)
    bounded = squares + eps if eps_mode == "add" else tf.maximum(squares, eps)
    return x * tf.math.rsqrt(bounded)


def neighbours(node: Node) -> Spec:
    """Along one axis there is a kernel, for which it must be the last."""
    if len(node.axes(1)) != 1 or node["size"] % 2 == 0:
        return as_written(node)
    return last_axis(lambda n: n.axes(1)[0], unit=True)(node)


@op("LRN", layout=neighbours)
def lrn(
    site: Site, x: Any, _axes: Any, *, alpha: float, beta: float, bias: float, size: int
) -> Any:
    """LOCAL_RESPONSE_NORMALIZATION along one axis; along several, a sum of shifted slices."""
    axes = site.node.axes(1)
    if len(axes) != 1 or size % 2 == 0:
        share = alpha / float(size) ** len(axes)
        sums = _sums_of_neighbours(tf.square(x), axes, size)
        return x / tf.pow(bias + share * sums, beta)
    flat = tf.reshape(x, [-1, 1, 1, x.shape[-1]])
    made = tf.nn.local_response_normalization(flat, size // 2, bias, alpha / size, beta)
    return tf.reshape(made, x.shape)


def _sums_of_neighbours(x: Any, axes: Sequence[int], size: int) -> Any:
    """Sums over windows round every element, along each axis in turn."""
    before = (size - 1) // 2
    for axis in axes:
        rows = np.zeros((len(x.shape), 2), np.int32)
        rows[axis] = before, before
        wide, length = tf.pad(x, rows), int(x.shape[axis])
        lead = (slice(None),) * axis
        x = tf.add_n([wide[(*lead, slice(k, k + length))] for k in range(2 * before + 1)])
    return x


@op("BatchNormInference", layout=per_channel)
def batch_norm_inference(
    _: Site, x: Any, gamma: Any, beta: Any, mean: Any, variance: Any, *, epsilon: float
) -> Any:
    """A scale and a shift per channel, which TensorFlow Lite folds into a convolution."""
    root = np.sqrt if isinstance(variance, np.ndarray) else tf.sqrt
    scale = gamma / root(variance + np.float32(epsilon))
    return x * scale + (beta - mean * scale)


@op("PRelu", layout=per_channel)
def prelu(_: Site, x: Any, slope: Any) -> Any:
    """In the words that TensorFlow Lite knows as PRELU, or LEAKY_RELU for a single slope."""
    if isinstance(slope, np.ndarray) and slope.size == 1:
        return tf.nn.leaky_relu(x, float(slope.item()))
    wide = -slope
    if isinstance(slope, np.ndarray):
        wide = wide.reshape((1,) * (len(x.shape) - 1 - np.ndim(slope)) + np.shape(slope))
    return tf.nn.relu(x) + tf.nn.relu(-x) * wide
