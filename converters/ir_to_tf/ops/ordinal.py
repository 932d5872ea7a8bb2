"""Ops that turn tensors round along an axis, or numbers into places."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from converters.ir_to_tf.graph import Node
from converters.ir_to_tf.layout.rules import as_written, same_axes, touched_axes
from converters.ir_to_tf.layout.spec import Spec
from converters.ir_to_tf.reader import DTYPES
from converters.ir_to_tf.registry import op
from converters.ir_to_tf.site import Site


def _turned(node: Node) -> list[int]:
    given = np.ravel(node.known(1))
    if node["mode"] == "mask":
        given = np.flatnonzero(given)
    return [int(axis) % node.inputs[0].rank for axis in given]


def _reversed(node: Node) -> Mapping[int, int | None]:
    return dict.fromkeys(_turned(node))


@op("Reverse", layout=touched_axes(_reversed), excused={"mode": "the layout rule reads it"})
def reverse(site: Site, x: Any, _axes: Any) -> Any:
    """REVERSE_V2."""
    return tf.reverse(x, site.axes(_turned(site.node)))


@op("ReverseSequence", layout=as_written)
def reverse_sequence(_: Site, x: Any, lengths: Any, *, batch_axis: int, seq_axis: int) -> Any:
    """REVERSE_SEQUENCE."""
    rank = len(x.shape)
    lengths = tf.cast(lengths, tf.int32)
    return tf.reverse_sequence(x, lengths, seq_axis % rank, batch_axis % rank)


def one_more_axis(node: Node) -> Spec:
    """The output has an axis that the input lacks; the others may be in any order."""
    axis = int(node["axis"]) % node.outputs[0].rank
    labels = tuple(range(node.outputs[0].rank))
    units = frozenset({axis})
    given = tuple(label for label in labels if label != axis)
    return Spec((given, None, None, None, labels), units, alone=units)


@op("OneHot", layout=one_more_axis)
def one_hot(site: Site, indices: Any, _depth: Any, on: Any, off: Any, *, axis: int) -> Any:
    """ONE_HOT."""
    place, depth = site.axis_of_output(axis), site.node.outputs[0].shape[axis]
    on, off = (tf.reshape(value, []) for value in (on, off))
    return tf.one_hot(tf.squeeze(indices, place), depth, on, off, place)


def _elements(node: Node) -> Spec:
    return Spec((same_axes(node).ports[0], None, same_axes(node).ports[-1]))


@op("Bucketize", layout=_elements)
def bucketize(site: Site, x: Any, _edges: Any, *, output_type: str, with_right_bound: bool) -> Any:
    """How many edges lie below each element."""
    edges = np.asarray(site.node.known(1))
    below = tf.greater if with_right_bound else tf.greater_equal
    dtype = DTYPES[output_type]
    if not edges.size:
        return tf.zeros(x.shape, dtype)
    found = [tf.cast(below(x, tf.cast(edge, x.dtype)), dtype) for edge in edges]
    return tf.add_n(found) if len(found) > 1 else found[0]


@op("ComputedCumSum", layout=as_written)
def cum_sum(_: Site, x: Any, axis: Any, *, exclusive: bool, reverse: bool) -> Any:
    """CUMSUM along an axis that the model computes."""
    return tf.cumsum(x, tf.reshape(axis, []), exclusive, reverse)
