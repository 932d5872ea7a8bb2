"""Reductions over some axes: whatever order the others are stored in."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from converters.ir_to_tf.layout.rules import reduced
from converters.ir_to_tf.registry import op
from converters.ir_to_tf.site import Site

REDUCTIONS = {
    "ReduceMean": tf.reduce_mean,
    "ReduceSum": tf.reduce_sum,
    "ReduceMax": tf.reduce_max,
    "ReduceMin": tf.reduce_min,
    "ReduceProd": tf.reduce_prod,
    "ReduceLogicalAnd": tf.reduce_all,
    "ReduceLogicalOr": tf.reduce_any,
    "ReduceL1": lambda x, axes, keep: tf.reduce_sum(tf.abs(x), axes, keep),
    "ReduceL2": lambda x, axes, keep: tf.sqrt(tf.reduce_sum(tf.square(x), axes, keep)),
}


def _reduction(function: Any) -> Any:
    def reduce(site: Site, x: Any, _axes: Any, *, keep_dims: bool) -> Any:
        return function(x, site.axes(site.node.axes(1)), keep_dims)

    return reduce


for _ir_type, _function in REDUCTIONS.items():
    op(_ir_type, layout=reduced)(_reduction(_function))
