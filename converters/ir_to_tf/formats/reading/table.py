"""The table of rows: for every operation of TensorFlow, how Keras says the same.

A row takes the node, then its inputs: Keras tensors, or arrays where they are constant. It answers
with one tensor, or with a tuple where the operation has several outputs.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from converters.ir_to_tf.errors import ConversionError

Row = Callable[..., Any]
R = TypeVar("R", bound=Row)

ROWS: dict[str, Row] = {}

LOOP = "a loop whose body is a graph: Keras has no standard layer for it"
ABSENT = {
    **dict.fromkeys(("Enter", "Exit", "Merge", "Switch", "NextIteration", "LoopCond"), LOOP),
    **dict.fromkeys(("While", "StatelessWhile", "If", "StatelessIf"), LOOP),
    **dict.fromkeys(
        ("TensorListFromTensor", "TensorListGetItem", "TensorListReserve"), "a part of a loop"
    ),
    **dict.fromkeys(("TensorListSetItem", "TensorListStack"), "a part of a loop"),
    **dict.fromkeys(
        ("BroadcastArgs", "Range", "Shape"), "a shape that is known only when the model runs"
    ),
    **dict.fromkeys(
        ("NonMaxSuppressionV5", "Unique", "Where"), "as many results as the values give"
    ),
    "UnsortedSegmentProd": "keras.ops has no product over segments",
}
"""Operations that our emitters make and that have no row, with the reason."""


def row(*types: str) -> Callable[[R], R]:
    """Register a row for operations of TensorFlow."""

    def register(function: R) -> R:
        for each in types:
            if each in ROWS:
                raise ConversionError("has two rows", subject=each)
            ROWS[each] = function
        return function

    return register
