"""Ops that compare or add up along one axis: TopK, CumSum."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from converters.ir_to_tf.graph import Node
from converters.ir_to_tf.layout.rules import last_axis, touched_axes
from converters.ir_to_tf.layout.spec import Spec
from converters.ir_to_tf.reader import DTYPES
from converters.ir_to_tf.registry import op
from converters.ir_to_tf.site import Site


def _axis(node: Node) -> int:
    return int(node["axis"]) % node.inputs[0].rank


def best(node: Node) -> Spec:
    """The best one may lie along any axis; the best few only along the last."""
    if node.outputs[0].shape[_axis(node)] == 1:
        return touched_axes(lambda n: {_axis(n): None})(node)
    return last_axis(_axis, unit=True)(node)


@op("TopK", layout=best, excused={"stable": "equal elements come in order of their index anyway"})
def top_k(
    site: Site,
    x: Any,
    _k: Any,
    *,
    axis: int,
    mode: str,
    sort: str,
    index_element_type: str,
) -> Any:
    """ARG_MAX and REDUCE_MAX for the best one, else TOPK_V2."""
    place, count = site.axis(axis), site.node.outputs[0].shape[_axis(site.node)]
    dtype = DTYPES[index_element_type]
    if count == 1:
        values = (tf.reduce_max if mode == "max" else tf.reduce_min)(x, place, keepdims=True)
        steps = (tf.argmax if mode == "max" else tf.argmin)(x, place, getattr(tf, dtype))
        return values, tf.expand_dims(steps, place)
    values, steps = tf.math.top_k(x if mode == "max" else -x, count)
    values = values if mode == "max" else -values
    if sort == "index":
        order = tf.argsort(steps, axis=-1)
        values = tf.gather(values, order, batch_dims=len(x.shape) - 1)
        steps = tf.gather(steps, order, batch_dims=len(x.shape) - 1)
    return values, tf.cast(steps, dtype)


def along_known_axis(node: Node) -> Spec:
    """The axis that input 1 names stays whole."""
    (axis,) = node.axes(1)
    return touched_axes(lambda _: {axis: None})(node)


@op("CumSum", layout=along_known_axis)
def cum_sum(site: Site, x: Any, _axis: Any, *, exclusive: bool, reverse: bool) -> Any:
    """CUMSUM."""
    (axis,) = site.node.axes(1)
    return tf.cumsum(x, site.axis(axis), exclusive, reverse)
