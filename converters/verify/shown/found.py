"""What is found in one answer, in parts of the picture's width and height, and how it is told."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from converters.datasets.preprocess import Array

Answer = Mapping[str, Array]
"""The outputs for one sample, by public name, in the source's layout."""

NEAR = 0.4
"""Two boxes of one class that share more than this part of their union are one thing."""

MOST = 20
"""How many boxes are kept, the surest first."""


@dataclass(frozen=True)
class Box:
    """Left, top, right, bottom in parts of the picture."""

    corners: tuple[float, float, float, float]
    score: float
    label: str


@dataclass(frozen=True)
class Found:
    """Whatever an answer holds; what it does not hold is empty."""

    boxes: tuple[Box, ...] = ()
    points: tuple[tuple[float, float], ...] = ()
    lines: tuple[tuple[float, float, float, float], ...] = ()
    words: tuple[str, ...] = field(default=())
    mask: Array | None = None  # (h, w), 0 or 1
    regions: Array | None = None  # (h, w), the number of a class

    def told(self) -> list[str]:
        """All of it in words."""
        boxes = [f"{box.label} {box.score:.2f} at {_percent(box.corners)}" for box in self.boxes]
        counts = [
            f"{len(entries)} {name}"
            for name, entries in (("points", self.points), ("lines", self.lines))
            if entries
        ]
        covered = [] if self.mask is None else [f"{self.mask.mean():.1%} covered"]
        return [*self.words, *boxes, *counts, *covered]


def _percent(corners: Sequence[float]) -> str:
    left, top, right, bottom = (round(100 * value) for value in corners)
    return f"{left}-{right} % across, {top}-{bottom} % down"


def chosen(corners: Array, scores: Array, labels: Sequence[str], threshold: float) -> Found:
    """Boxes `(n, 4)` above the threshold, the surest first, without those that repeat one."""
    kept: list[Box] = []
    for place in np.argsort(-scores, kind="stable"):
        if scores[place] < threshold or len(kept) == MOST:
            break
        left, top, right, bottom = (float(value) for value in corners[place])
        box = Box((left, top, right, bottom), float(scores[place]), labels[place])
        if all(box.label != other.label or shared(box, other) <= NEAR for other in kept):
            kept.append(box)
    return Found(boxes=tuple(kept), words=() if kept else ("nothing found",))


def shared(one: Box, other: Box) -> float:
    """The part of their union that two boxes share."""
    a, b = np.array(one.corners), np.array(other.corners)
    both = np.prod(np.maximum(0, np.minimum(a[2:], b[2:]) - np.maximum(a[:2], b[:2])))
    union = np.prod(a[2:] - a[:2]) + np.prod(b[2:] - b[:2]) - both
    return float(both / union) if union > 0 else 0.0
