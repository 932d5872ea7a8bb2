"""From times to prices: everything in bytes that a TRANSPOSE moves in the same time."""

from __future__ import annotations

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from benchmarks.prices.probes import PIECES, Probe

Times = Mapping[Probe, float]
"""Microseconds of each probe: the least of its rounds."""


@dataclass(frozen=True)
class Prices:
    """The few numbers of layout/prices.py, as measured."""

    microseconds_per_kilobyte: float
    per_copy: float  # bytes
    turned: float
    heads: float
    adjoint_left: float
    adjoint_right: float  # per product
    turned_inside: float  # per product
    composed: float  # of softmax, per byte
    pieces: Mapping[int, float]  # bytes of a piece -> times the bytes


def fitted(times: Times) -> Prices:
    """Least squares for transposes; medians for all that is compared with them."""
    slope, constant = _line(_of(times, "transpose"), times)
    call = min(times[probe] for probe in _of(times, "call"))
    unit = slope
    return Prices(
        microseconds_per_kilobyte=1000 * slope,
        per_copy=max(0.0, constant - call) / unit,
        turned=_beyond(times, "dense", ("W x", "FULLY_CONNECTED"), unit),
        heads=_beyond(times, "dense", ("heads", "FULLY_CONNECTED"), unit),
        adjoint_left=_beyond(times, "product", ("x^T y", "x y"), unit),
        adjoint_right=_beyond(times, "product", ("x y^T", "x y"), unit, per_product=True),
        turned_inside=_beyond(times, "dense", ("W x^T", "W x"), unit, per_product=True),
        composed=_beyond(times, "softmax", ("exp / sum", "last axis"), unit),
        pieces=_pieces(times, unit),
    )


def _of(times: Times, group: str, way: str = "") -> list[Probe]:
    return [probe for probe in times if probe.group == group and way in ("", probe.way)]


def _line(measured: Sequence[Probe], times: Times) -> tuple[float, float]:
    """Microseconds per byte, and at no bytes; each probe weighs by its relative error."""
    sizes = np.array([probe.read for probe in measured], float)
    taken = np.array([times[probe] for probe in measured])
    rows = np.stack([sizes, np.ones_like(sizes)], 1) / taken[:, None]
    slope, constant = np.linalg.lstsq(rows, np.ones_like(taken), rcond=None)[0]
    return float(slope), float(constant)


def _beyond(
    times: Times, group: str, ways: tuple[str, str], unit: float, per_product: bool = False
) -> float:
    """What one way takes longer than another, per byte read or product computed: the median."""
    dear, plain = ({p.place: p for p in _of(times, group, way)} for way in ways)
    return statistics.median(
        (times[probe] - times[plain[place]])
        / (unit * (probe.products if per_product else probe.read))
        for place, probe in dear.items()
    )


def _pieces(times: Times, unit: float) -> dict[int, float]:
    """What short pieces cost beyond the longest, in transposes: the mean of all movers."""
    found = {}
    ways = sorted({probe.way for probe in _of(times, "mover")})
    for piece in PIECES:
        beyond = [
            (_mover(times, way, piece)[1] - _mover(times, way, PIECES[-1])[1])
            / (unit * _mover(times, way, piece)[0])
            for way in ways
        ]
        found[piece] = max(0.0, statistics.mean(beyond))
    return found


def _mover(times: Times, way: str, piece: int) -> tuple[int, float]:
    (probe,) = (p for p in _of(times, "mover", way) if p.place == f"{piece} bytes")
    moved = probe.read * len(probe.inputs)
    return moved, times[probe]
