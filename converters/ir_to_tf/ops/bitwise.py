"""Ops on the bits of whole numbers: TensorFlow Lite has BITWISE_XOR and RIGHT_SHIFT only."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from converters.ir_to_tf.carriers import recast
from converters.ir_to_tf.layout.rules import same_axes
from converters.ir_to_tf.registry import op
from converters.ir_to_tf.site import Site


def bits_and(x: Any, y: Any) -> Any:
    """Twice what the halves share (a sum counts it twice, an XOR never), and the last bits."""
    one = tf.ones_like(x)
    halves = tf.bitwise.right_shift(x, one), tf.bitwise.right_shift(y, tf.ones_like(y))
    twice = halves[0] + halves[1] - tf.bitwise.bitwise_xor(*halves)
    return twice + (x - 2 * halves[0]) * (y - 2 * halves[1])


def bits_or(x: Any, y: Any) -> Any:
    """What one has, and what both have."""
    return tf.bitwise.bitwise_xor(x, y) + bits_and(x, y)


BITWISE: dict[str, Callable[..., Any]] = {
    "BitwiseAnd": bits_and,
    "BitwiseOr": bits_or,
    "BitwiseXor": tf.bitwise.bitwise_xor,
    "BitwiseNot": lambda x: -1 - x,
}
LOGICAL: dict[str, Callable[..., Any]] = {
    "BitwiseAnd": tf.logical_and,
    "BitwiseOr": tf.logical_or,
    "BitwiseXor": tf.math.logical_xor,
    "BitwiseNot": tf.logical_not,
}
"""The same of truth values."""


def _emitter(ir_type: str) -> Any:
    def emit(_: Any, *inputs: Any) -> Any:
        if tf.as_dtype(inputs[0].dtype) == tf.bool:
            return LOGICAL[ir_type](*inputs)
        tensors = [tf.convert_to_tensor(tensor) for tensor in inputs]
        if tensors[0].dtype != tf.int64:
            return BITWISE[ir_type](*tensors)
        halves = BITWISE[ir_type](*(tf.bitcast(tensor, tf.int32) for tensor in tensors))
        return tf.bitcast(halves, tf.int64)

    return emit


for _ir_type in BITWISE:
    op(_ir_type, layout=same_axes)(_emitter(_ir_type))


@op("BitwiseLeftShift", layout=same_axes)
def left_shift(_: Site, x: Any, steps: Any) -> Any:
    """A product with a power of 2, looked up."""
    x = tf.convert_to_tensor(x)
    width = 8 * x.dtype.size
    powers = np.array([1 << step for step in range(width)], f"uint{width}").view(f"int{width}")
    return x * tf.gather(powers, tf.cast(steps, tf.int32))


@op("BitwiseRightShift", layout=same_axes)
def right_shift(_: Site, x: Any, steps: Any) -> Any:
    """RIGHT_SHIFT, of int64 as int32, in which OpenVINO's CPU computes it."""
    return tf.bitwise.right_shift(
        tf.convert_to_tensor(recast(x, "int32")), tf.convert_to_tensor(recast(steps, "int32"))
    )
