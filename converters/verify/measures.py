"""How far an artefact's output is from the source's: numbers, never a verdict."""

from __future__ import annotations

import math
from typing import Any, NamedTuple

import numpy as np

from converters.datasets.preprocess import Array

COLLAPSE = 0.05
"""A source output that moves by this part of its range, where the artefact's stays the same."""


class Difference(NamedTuple):
    """One output, over all samples: a is the artefact's, b the source's."""

    max_abs: float  # max |a - b|
    normalised_max: float  # max |a - b| / max |b|; of a source that is 0: max |a - b|
    cosine: float  # a.b / (|a| |b|); 1 for two zeros, 0 for one
    sqnr_db: float  # 10 log10(sum b^2 / sum (a - b)^2); inf where they are equal
    is_finite: bool  # no NaN and no infinity in a
    is_collapsed: bool  # a is the same for every sample, b is not
    source_is_constant: bool  # b is the same for every sample: weak evidence

    def record(self) -> dict[str, Any]:
        """As JSON data: what is infinite or not a number is null."""
        numbers = {
            name: value if math.isfinite(value) else None
            for name, value in self._asdict().items()
            if isinstance(value, float)
        }
        flags = {
            name: True
            for name, wrong in (
                ("not_finite", not self.is_finite),
                ("collapsed", self.is_collapsed),
                ("source_is_constant", self.source_is_constant),
            )
            if wrong
        }
        return {**numbers, **flags}


def difference(actual: Array, expected: Array) -> Difference:
    """Compare one output; the first axis counts the samples."""
    a, b = actual.astype(np.float64), expected.astype(np.float64)
    is_finite = bool(np.isfinite(a).all())
    constant = len(b) > 1 and _stays_same(b)
    if not is_finite:
        nan = math.nan
        return Difference(nan, nan, nan, nan, False, False, constant)
    error = a - b
    worst, largest = _largest(error), _largest(b)
    return Difference(
        max_abs=worst,
        normalised_max=worst / largest if largest else worst,
        cosine=_cosine(a, b),
        sqnr_db=decibels(float((b**2).sum()), float((error**2).sum())),
        is_finite=True,
        is_collapsed=len(b) > 1 and _stays_same(a) and _moves(b, largest),
        source_is_constant=constant,
    )


def _largest(values: Array) -> float:
    return float(np.abs(values).max(initial=0))


def _cosine(a: Array, b: Array) -> float:
    lengths = float(np.linalg.norm(a)), float(np.linalg.norm(b))
    if not all(lengths):
        return 1.0 if lengths[0] == lengths[1] else 0.0
    return float(np.vdot(a / lengths[0], b / lengths[1]))


def decibels(signal: float, noise: float) -> float:
    """10 log10(signal / noise) in dB."""
    if noise == 0:
        return math.inf
    # the quotient of a very small and a very large number is 0, which has no logarithm
    return 10 * (math.log10(signal) - math.log10(noise)) if signal else -math.inf


def _stays_same(values: Array) -> bool:
    return bool((values == values[:1]).all())


def _moves(values: Array, largest: float) -> bool:
    return _largest(values - values[:1]) > COLLAPSE * largest


def closest(actual: Array, references: dict[str, Array], own: str) -> str | None:
    """Another output of the source that this one equals far better than its own: a swap."""
    distances = {
        name: _largest(actual.astype(np.float64) - values)
        for name, values in references.items()
        if values.shape == actual.shape
    }
    best = min(distances, key=lambda name: distances[name], default=own)
    is_swap = best != own and distances[best] < distances.get(own, math.inf) / 10
    return best if is_swap else None
