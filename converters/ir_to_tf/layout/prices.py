"""What a choice costs beyond its transposes, in bytes that a TRANSPOSE moves in the same time.

The numbers for a CPU come from `python -m benchmarks.prices`, whose table is docs/prices.md.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Literal

from converters.ir_to_tf.graph import Node
from converters.ir_to_tf.layout.frame import Frame
from converters.ir_to_tf.layout.spec import OUTER, Effort, Order, Place

Target = Literal["cpu", "edgetpu"]

LEFT, TURNED, HEADS = "W x", "x^T", "x W per head"
"""Constant weights: on the left; with the computed matrix transposed inside; a matrix per head."""
UNUSUAL = "a kernel that accelerators do not have"
ADJOINT_LEFT, ADJOINT_RIGHT = "x^T y", "x y^T"
WHOLE, PIECES, TORN = "whole pieces", "pieces", "torn pieces"
"""Movers: in an order that every port has as it is, in one that interleaves the parts; and what
the latter costs in Reshapes."""


Pieces = Sequence[tuple[int, float]]
"""Shorter than so many bytes: so many times the bytes of the tensor."""


@dataclass(frozen=True)
class Prices:
    """One target's prices; kinds of work that it has no kernel for are refused."""

    name: Target
    rates: Mapping[str, float]
    pieces: Mapping[str, Pieces]
    refused: frozenset[str] = frozenset()
    per_copy: int = 4096

    def of(self, efforts: Sequence[Effort]) -> float:
        """The price of some work."""
        return sum(each.amount * self._rate(each) for each in efforts)

    def allows(self, efforts: Sequence[Effort]) -> bool:
        """Whether the target has kernels for it."""
        return all(each.kind not in self.refused for each in efforts)

    def _rate(self, effort: Effort) -> float:
        if effort.kind in self.rates:
            return self.rates[effort.kind]
        return next((rate for below, rate in self.pieces[effort.kind] if effort.piece < below), 0.0)


FEW: Pieces = ((16, 0.4), (64, 0.2), (128, 0.05))
"""A tenth of what is measured: the way around short pieces in the channels' own order are copies of
tensors of few channels, on both sides, which cost more per byte than the line says."""

CPU = Prices(
    "cpu",
    rates={
        UNUSUAL: 8192,  # each; it keeps small products plain
        LEFT: 4.3,
        TURNED: 1.1,  # per product
        HEADS: 12.0,
        # Measured 2.5, and 1.1 per product (nothing in newer runtimes). But TensorFlow's converter
        # puts a Transpose back into the product wherever it swaps just two axes: no way around.
        ADJOINT_LEFT: 1.0,
        ADJOINT_RIGHT: 0.0,
        TORN: 0.5,
    },
    pieces={PIECES: ((8, 14.0), (16, 7.0), (32, 3.5), (64, 1.4), (128, 0.3)), WHOLE: FEW},
)

EDGETPU = Prices(
    "edgetpu",
    rates={
        UNUSUAL: 8192,  # each; it keeps small products plain
        LEFT: 4.3,
        TURNED: 1.1,
        HEADS: 12.0,
        ADJOINT_LEFT: 1.0,
        ADJOINT_RIGHT: 0.0,
        TORN: 0.5,
    },
    # A tenth of a CPU's: on an accelerator a TRANSPOSE costs more. Nothing here could measure it.
    pieces={WHOLE: FEW, PIECES: FEW},
    refused=frozenset({LEFT, TURNED, HEADS}),
)
"""Constant weights only as FULLY_CONNECTED and CONV_2D."""

PRICES: Mapping[Target, Prices] = {prices.name: prices for prices in (CPU, EDGETPU)}


def effort_of_pieces(node: Node, frame: Frame, order: Order) -> tuple[Effort, ...]:
    """What a mover takes whose pieces are short in this order; nothing, for any other op."""
    label = frame.spec.moves
    if label is None:
        return ()
    port = max(range(len(node.values)), key=lambda p: len(frame.ports[p] or ()))
    sizes = frame.sizes[port]
    touched = [p for p in order if p.label == label and p in sizes]
    if not touched:
        return ()
    value = node.values[port]
    piece = value.dtype.itemsize * _smallest_part(node, frame)
    inner = order[order.index(touched[0]) + 1 :]
    piece *= prod(sizes.get(place, 1) for place in inner)
    if not _is_torn(order, touched):
        return (Effort(WHOLE, value.nbytes, piece),)
    return Effort(PIECES, value.nbytes, piece), Effort(TORN, sum(v.nbytes for v in node.values))


def _is_torn(order: Order, touched: Sequence[Place]) -> bool:
    """Whether the places of the touched axis lie apart, or not as they are written."""
    start = order.index(touched[0])
    written = tuple(sorted(touched, key=lambda place: (place.step != OUTER, place.step)))
    return order[start : start + len(touched)] != written


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
