"""What must hold of an output whatever rounding does to it: probabilities stay probabilities.

An invariant is asked of an artefact where its graph or the recipe's `semantics` says so, and the
source's own output obeys it on every sample.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from converters.datasets.preprocess import Array
from converters.verify.endings import Ending
from converters.verify.limits import Check

SUMMING = ("SOFTMAX", "probabilities")
"""Operators, and semantics, whose values sum to one along an axis."""

BETWEEN = ("LOGISTIC", *SUMMING)
"""Those whose values lie in [0, 1]."""

EXACT = 1e-3
"""Tolerance of floats, and of the source itself."""

HALF = 0.5
"""A sum that far from one says nothing, however many places it has been rounded in."""


def checks(
    name: str,
    values: tuple[Array, Array],
    told: tuple[Ending, str],
    bounds: Mapping[str, float],
) -> list[Check]:
    """The invariants of one output: `values` are the artefact's and the source's, with the
    samples along the first axis; `told` is what the output ends in and its semantics.
    """
    own, source = (each.astype(np.float64) for each in values)
    ending, semantics = told
    words, found = {ending.operator, semantics}, []
    axis = summing_axis(source) if words & set(SUMMING) else None
    if axis is not None:
        places = source.shape[axis]
        bound = bounds.get("sum_error", min(HALF, EXACT + ending.step * max(2.0, places / 2)))
        error = float(np.abs(own.sum(axis=axis) - 1).max())
        found.append(Check("sum_error", bound, error, name))
    if words & set(BETWEEN) and _outside(source) <= EXACT:
        bound = bounds.get("outside_unit", EXACT + ending.step)
        found.append(Check("outside_unit", bound, _outside(own), name))
    return found


def summing_axis(values: Array) -> int | None:
    """The last axis, behind that of the samples, along which all sums are one."""
    for axis in reversed(range(1, values.ndim)):
        is_sum = np.abs(values.sum(axis=axis) - 1).max(initial=0) <= EXACT
        if values.shape[axis] > 1 and is_sum and _outside(values) <= EXACT:
            return axis
    return None


def _outside(values: Array) -> float:
    """How far values leave [0, 1]."""
    return float(max(np.max(values - 1, initial=0), np.max(-values, initial=0)))
