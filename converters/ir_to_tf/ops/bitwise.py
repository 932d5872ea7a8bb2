"""Ops on the bits of whole numbers."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from converters.ir_to_tf.layout.rules import same_axes
from converters.ir_to_tf.registry import op

BITWISE = {
    "BitwiseAnd": tf.bitwise.bitwise_and,
    "BitwiseOr": tf.bitwise.bitwise_or,
    "BitwiseXor": tf.bitwise.bitwise_xor,
    "BitwiseNot": tf.bitwise.invert,
    "BitwiseLeftShift": tf.bitwise.left_shift,
    "BitwiseRightShift": tf.bitwise.right_shift,
}
LOGICAL = {
    "BitwiseAnd": tf.logical_and,
    "BitwiseOr": tf.logical_or,
    "BitwiseXor": tf.math.logical_xor,
    "BitwiseNot": tf.logical_not,
}
"""The same of truth values."""


def _emitter(ir_type: str) -> Any:
    def emit(_: Any, *inputs: Any) -> Any:
        is_truth = inputs[0].dtype in (bool, tf.bool)
        return (LOGICAL if is_truth else BITWISE)[ir_type](*inputs)

    return emit


for _ir_type in BITWISE:
    op(_ir_type, layout=same_axes)(_emitter(_ir_type))
