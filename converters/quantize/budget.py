"""The fewest operators to keep in float so that the noise of an int8 file is low enough.

Which are fewest nobody can say without trying every subset. What is done instead: the gain of each
operator alone is measured, three orders are tried (the greatest gain first; from the outputs back;
from the inputs on), of each the shortest beginning that suffices is found by halving, and from the
shortest of the three every operator is given back that can be. So no operator of the answer can be
spared, and the same files give the same answer.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import chain
from typing import NamedTuple

MOST_GROUPS = 48
"""Beyond so many operators, neighbours are measured together."""

Measure = Callable[[frozenset[str]], float]
"""The SQNR in dB of the worst output, with some tensors' operators in float."""


class Found(NamedTuple):
    """The operators to keep in float, in the file's order, and what that gains, in dB."""

    kept: tuple[str, ...]
    before: float
    after: float
    tried: int  # files that were made and measured


def fewest(measure: Measure, tensors: Sequence[str], wanted: float) -> Found:
    """The search; everything in float is always enough."""
    seen: dict[frozenset[str], float] = {}

    def measured(kept: frozenset[str]) -> float:
        if kept not in seen:
            seen[kept] = math.inf if len(kept) == len(tensors) else measure(kept)
        return seen[kept]

    before = measured(frozenset())
    if before >= wanted:
        return Found((), before, before, len(seen))
    groups = grouped(tensors)
    gains = {group: measured(frozenset(group)) for group in groups}
    by_gain = sorted(groups, key=lambda group: (-gains[group], groups.index(group)))
    orders = (by_gain, groups[::-1], groups)
    answers = [_shortest(measured, order, wanted) for order in orders]
    kept = min(answers, key=len)
    for tensor in sorted(kept, key=lambda t: (_gain_of(t, gains), tensors.index(t))):
        if measured(kept - {tensor}) >= wanted:
            kept -= {tensor}
    in_order = tuple(tensor for tensor in tensors if tensor in kept)
    return Found(in_order, before, measured(kept), len(seen))


def grouped(tensors: Sequence[str]) -> list[tuple[str, ...]]:
    """Neighbours together, in groups of one size, where there are too many to measure each."""
    size = math.ceil(len(tensors) / MOST_GROUPS)
    return [tuple(tensors[i : i + size]) for i in range(0, len(tensors), size)]


def _gain_of(tensor: str, gains: dict[tuple[str, ...], float]) -> float:
    return next(gain for group, gain in gains.items() if tensor in group)


def _shortest(measured: Measure, order: Sequence[tuple[str, ...]], wanted: float) -> frozenset[str]:
    """The shortest beginning of an order that suffices, as if more in float never did harm."""
    low, high = 0, len(order)
    while high - low > 1:
        middle = (low + high) // 2
        if measured(frozenset(chain(*order[:middle]))) >= wanted:
            high = middle
        else:
            low = middle
    return frozenset(chain(*order[:high]))
