"""Comparison: every op beside OpenVINO's result for it, each on OpenVINO's own inputs.

So an error shows where it is made and nowhere else; what has gathered up to there is told too.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from converters.ir_to_tf.graph import Array, Node
from converters.ir_to_tf.layout.plan import Plan
from converters.ir_to_tf.surgery import Model
from converters.ir_to_tf.tables import table
from converters.ir_to_tf.trace import Values, reference, tensors, traced

WORST = 10
LEAST_SCALE = 1e-3
"""A tensor whose largest value is smaller is measured as if this were its largest."""


class Difference(NamedTuple):
    """How far two tensors are apart."""

    max_abs: float
    of_largest: float  # the same, as a part of the largest value wanted


def difference(made: Array, wanted: Array) -> Difference:
    """The largest difference; infinite where shapes differ, or only one of two is a number."""
    if made.shape != wanted.shape:
        return Difference(float("inf"), float("inf"))
    if made.size == 0:
        return Difference(0.0, 0.0)
    a, b = made.astype(np.float64), wanted.astype(np.float64)
    equal = (a == b) | (np.isnan(a) & np.isnan(b))
    with np.errstate(invalid="ignore"):
        apart = np.where(equal, 0.0, np.abs(a - b))
    worst = float(np.nan_to_num(apart, nan=np.inf, posinf=np.inf).max())
    finite = np.abs(b[np.isfinite(b)])
    return Difference(worst, worst / max(LEAST_SCALE, float(finite.max(initial=0.0))))


class Compared(NamedTuple):
    """One tensor of one op."""

    node: Node
    tensor: str
    own: Difference  # on OpenVINO's inputs
    gathered: Difference  # on what the converter's ops before it made


@dataclass(frozen=True)
class Comparison:
    """All tensors that both sides have, in the order of the graph."""

    each: Sequence[Compared]
    tolerance: float

    @property
    def first(self) -> Compared | None:
        """The first that differs by itself."""
        differing = (c for c in self.each if not c.own.of_largest <= self.tolerance)
        return next(differing, None)

    @property
    def worst(self) -> list[Compared]:
        """Those that differ most by themselves."""
        return sorted(self.each, key=lambda c: -c.own.of_largest)[:WORST]


def compared(plan: Plan, model: Model, feeds: Values, tolerance: float) -> Comparison:
    """Run a plan beside the model that it comes from."""
    known = reference(model, feeds, tensors(plan))
    gathered = {
        each.value.name: difference(each.data, known[each.value.name])
        for each in traced(plan, feeds)
        if each.value.name in known
    }
    return Comparison(
        [
            Compared(
                each.node,
                each.value.name,
                difference(each.data, known[each.value.name]),
                gathered[each.value.name],
            )
            for each in traced(plan, feeds, known)
            if each.value.name in known and each.node.type != "Parameter"
        ],
        tolerance,
    )


def told(comparison: Comparison, numbers: Mapping[str, int]) -> str:
    """The comparison in words."""
    return "\n".join(_lines(comparison, numbers))


def _lines(comparison: Comparison, numbers: Mapping[str, int]) -> Iterator[str]:
    count, bound = len(comparison.each), f"{comparison.tolerance:g} of the largest value"
    first = comparison.first
    if first is None:
        yield f"no op differs from OpenVINO by more than {bound}; {count} tensors compared"
    else:
        yield FIRST + sentence(first, numbers)
        yield TRY + remedy(first)
    yield f"the worst of {count} tensors, each op on OpenVINO's own inputs:"
    head = ("layer", "type", "tensor", "max abs", "of largest", "gathered up to here")
    yield table(head, (_row(each, numbers) for each in comparison.worst))


FIRST = "first that differs: "
TRY = "  override to try: "


def sentence(found: Compared, numbers: Mapping[str, int]) -> str:
    """One op, and by how much it differs."""
    layer = numbers.get(found.tensor.rpartition(":")[0])
    place = f" (layer {layer})" if layer is not None else ""
    return (
        f"{found.node.type} {found.node.name!r}{place}: tensor {found.tensor!r} differs by "
        f"{found.own.max_abs:.4g}, {found.own.of_largest:.4g} of the largest value"
    )


def remedy(found: Compared) -> str:
    """An entry that has the op run as the IR has it, which is right for any op."""
    return f"{{op: {json.dumps(found.tensor.rpartition(':')[0])}, layout: as_written}}"


def _row(each: Compared, numbers: Mapping[str, int]) -> list[str]:
    number = str(numbers.get(each.tensor.rpartition(":")[0], ""))
    measures = (each.own.max_abs, each.own.of_largest, each.gathered.of_largest)
    return [number, each.node.type, each.tensor, *(f"{m:.3g}" for m in measures)]
