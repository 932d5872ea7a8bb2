"""Reductions over some axes: whatever order the others are stored in."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from converters.ir_to_tf.layout.rules import reduced
from converters.ir_to_tf.registry import op
from converters.ir_to_tf.site import Site

REDUCTIONS: dict[str, Callable[..., Any]] = {
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
OF_TRUTH = {"ReduceMax": tf.reduce_any, "ReduceMin": tf.reduce_all}
OF_NOTHING = {"ReduceMax": -np.inf, "ReduceMin": np.inf, "ReduceProd": 1, "ReduceMean": np.nan}
OF_NOTHING["ReduceLogicalAnd"] = True
"""What a reduction of no elements gives, where that is not 0: kernels of TensorFlow Lite fail."""


def _of_nothing(ir_type: str, dtype: Any, shape: list[int]) -> Any:
    filler = OF_NOTHING.get(ir_type, 0)
    if dtype.is_integer and not np.isfinite(filler):
        filler = dtype.min if filler < 0 else dtype.max
    return tf.constant(filler, dtype, shape)


def _reduction(ir_type: str) -> Any:
    def reduce(site: Site, x: Any, _axes: Any, *, keep_dims: bool) -> Any:
        dtype = tf.as_dtype(x.dtype)
        if 0 in x.shape:
            return _of_nothing(ir_type, dtype, site.output_shape())
        function = REDUCTIONS[ir_type]
        if dtype == tf.bool:
            function = OF_TRUTH.get(ir_type, function)
        return function(x, site.axes(site.node.axes(1)), keep_dims)

    return reduce


for _ir_type in REDUCTIONS:
    op(_ir_type, layout=reduced)(_reduction(_ir_type))
