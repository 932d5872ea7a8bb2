"""How TFLite cuts a graph for a delegate: subsets of like operators, grown in execution order.

The law is that of tensorflow/lite/graph_info.cc: a subset takes every operator of its kind whose
inputs are ready, over and over, until none is left; then the next begins with the first operator
that is ready, of whichever kind. So an operator behind one that is not mapped may still be mapped,
if it does not depend on it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from converters.edgetpu_mapping.model import ABSENT, Operator


class Subset(NamedTuple):
    """Operators, by number, that are handed over together."""

    is_supported: bool
    operators: tuple[int, ...]


def subsets(operators: Sequence[Operator], supported: Sequence[bool]) -> list[Subset]:
    """The subsets in the order in which they run."""
    waiting = set(range(len(operators)))
    unready = {tensor for operator in operators for tensor in operator.outputs} - {ABSENT}
    found = []
    while waiting:
        subset = _grown(operators, supported, waiting, unready)
        if not subset.operators:
            break  # a cycle: no execution order, so no subset holds these
        found.append(subset)
    return found


def _grown(
    operators: Sequence[Operator], supported: Sequence[bool], waiting: set[int], unready: set[int]
) -> Subset:
    """One subset; takes its operators out of `waiting` and their outputs out of `unready`."""
    kind: bool | None = None
    taken: list[int] = []
    while True:
        before = len(taken)
        for number in sorted(waiting):
            operator = operators[number]
            is_ready = not unready.intersection(operator.inputs)
            if is_ready and kind in (None, supported[number]):
                kind = supported[number]
                taken.append(number)
                waiting.discard(number)
                unready.difference_update(operator.outputs)
        if len(taken) == before:
            return Subset(bool(kind), tuple(taken))
