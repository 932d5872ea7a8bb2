"""What a choice costs beyond its transposes, in bytes that a TRANSPOSE moves in the same time.

The numbers for a CPU come from `python -m benchmarks.prices`, whose table is docs/prices.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Literal

from converters.ir_to_tf.graph import Node, Value
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
"""Shorter than so many bytes: so many times the bytes that are copied."""


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


FEW: Pieces = ((16, 0.2), (64, 0.1), (128, 0.025))
"""Far less than is measured, a thirtieth to a seventieth: a network of convolutions is promised no
transposes where none is needed, and the way around short pieces in the channels' own order are
copies of tensors of few channels, on both sides, which cost more per byte than the line says."""

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
    # As little as that: on an accelerator a TRANSPOSE costs more. Nothing here could measure it.
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
    inner = order[order.index(touched[0]) + 1 :]
    step = prod(sizes.get(place, 1) for place in inner)  # elements
    torn = _is_torn(order, touched)
    copied = tuple(
        Effort(PIECES if torn else WHOLE, value.nbytes, value.dtype.itemsize * steps * step)
        for value, steps in _copied(node, frame)
    )
    return (*copied, Effort(TORN, sum(v.nbytes for v in node.values))) if torn else copied


def _is_torn(order: Order, touched: Sequence[Place]) -> bool:
    """Whether the places of the touched axis lie apart, or not as they are written."""
    start = order.index(touched[0])
    written = tuple(sorted(touched, key=lambda place: (place.step != OUTER, place.step)))
    return order[start : start + len(touched)] != written


def _copied(node: Node, frame: Frame) -> Iterator[tuple[Value, int]]:
    """The parts that a mover copies, and how many of the touched axis's steps of each at once."""
    spec = frame.spec
    taken = [port for port in range(len(node.inputs)) if spec.ports[port] is not None]
    given = range(len(node.inputs), len(node.values))
    for port in taken if len(taken) > 1 else given:  # parts are put together, or taken out
        value, labels = node.values[port], spec.ports[port] or ()
        # Of equal parts, their own places lie inside, and are counted there.
        yield value, 1 if spec.moves in spec.parts else value.shape[labels.index(spec.moves)]
