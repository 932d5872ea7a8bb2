"""What a choice costs beyond its transposes, in bytes moved: rough, measured on one CPU thread.

Concat, Split and Slice copy pieces; pieces of a few bytes cost as much as several transposes.
"""

from __future__ import annotations

from math import prod

from converters.ir_to_tf.graph import Node
from converters.ir_to_tf.layout.frame import Frame
from converters.ir_to_tf.layout.spec import Order

PER_COPY = 4096
"""The overhead of one more TRANSPOSE, as bytes; it also decides between equal bytes."""

PIECES = ((16, 0.4), (64, 0.2), (128, 0.05))
"""Pieces shorter than so many bytes cost so many times the bytes of the tensor.

A CPU measured ten times as much; but accelerators pay more for a TRANSPOSE.
"""


def price_of_pieces(node: Node, frame: Frame, order: Order) -> float:
    """The price of a mover whose pieces are short in this order; 0 for any other op."""
    label = frame.spec.moves
    if label is None:
        return 0.0
    port = max(range(len(node.values)), key=lambda p: len(frame.ports[p] or ()))
    sizes = frame.sizes[port]
    touched = [p for p in order if p.label == label and p in sizes]
    if not touched:
        return 0.0
    value = node.values[port]
    piece = value.dtype.itemsize * _smallest_part(node, frame)
    inner = order[order.index(touched[0]) + 1 :]
    piece *= prod(sizes.get(place, 1) for place in inner)
    rate = next((rate for below, rate in PIECES if piece < below), 0.0)
    return rate * value.nbytes


def _smallest_part(node: Node, frame: Frame) -> int:
    """How many of the touched axis's steps are copied at once."""
    spec = frame.spec
    if spec.moves in spec.parts:
        return 1  # the parts' own places lie inside, and are counted there
    return min(
        value.shape[labels.index(spec.moves)]
        for value, labels in zip(node.values, spec.ports, strict=True)
        if labels is not None
    )
