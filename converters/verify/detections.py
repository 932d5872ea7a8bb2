"""Metrics of boxes: what is found beside what is there, at an overlap that counts as found.

An output has a row `(x1, y1, x2, y2, score)` per box, a sixth number is its class; a target has
rows `(x1, y1, x2, y2)` and perhaps the class. Rows with a class or coordinate that is negative in
all places pad. Networks that answer otherwise need their decoding in the graph.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from converters.datasets.preprocess import Array


class Found(NamedTuple):
    """One picture: the scores of its boxes, whether each is right, and how many there are."""

    scores: Array
    hits: Array
    wanted: int


def detections_of_sample(
    output: Array, target: Array, *, overlap: float = 0.5, score: float = 0.0
) -> Found:
    """The boxes above a score, the best first, each right if it overlaps one not yet taken."""
    boxes = np.reshape(output, (-1, output.shape[-1])).astype(np.float64)
    truth = np.reshape(target, (-1, np.shape(target)[-1])).astype(np.float64)
    boxes = boxes[boxes[:, 4] > score]
    boxes = boxes[np.argsort(-boxes[:, 4], kind="stable")]
    truth = truth[(truth[:, :4] >= 0).any(axis=1)]
    free, hits = np.ones(len(truth), bool), np.zeros(len(boxes), bool)
    for i, box in enumerate(boxes):
        overlaps = np.where(free & _of_class(box, truth), ious(box[:4], truth[:, :4]), 0.0)
        best = int(np.argmax(overlaps)) if len(truth) else 0
        if len(truth) and overlaps[best] >= overlap:
            free[best], hits[i] = False, True
    return Found(boxes[:, 4], hits, len(truth))


def _of_class(box: Array, truth: Array) -> Array:
    told = len(box) > 5 and truth.shape[1] > 4
    same: Array = truth[:, 4] == box[5] if told else np.ones(len(truth), bool)
    return same


def ious(box: Array, others: Array) -> Array:
    """|A and B| / |A or B| of one box and each of the others."""
    corner = np.maximum(box[:2], others[:, :2])
    sides = np.clip(np.minimum(box[2:], others[:, 2:]) - corner, 0, None)
    both = sides.prod(axis=1)
    areas = (others[:, 2:] - others[:, :2]).prod(axis=1) + (box[2:] - box[:2]).prod()
    found: Array = both / np.maximum(areas - both, 1e-12)
    return found


def detection_f1(found: Sequence[Found]) -> float:
    """2 hits / (boxes found + boxes there), over all pictures; nothing of nothing is 1."""
    hits = sum(int(each.hits.sum()) for each in found)
    total = sum(len(each.hits) + each.wanted for each in found)
    return 2 * hits / total if total else 1.0


def average_precision(found: Sequence[Found]) -> float:
    """Area under precision over recall, precision made falling (VOC, all points)."""
    wanted = sum(each.wanted for each in found)
    scores = np.concatenate([each.scores for each in found])
    hits = np.concatenate([each.hits for each in found])[np.argsort(-scores, kind="stable")]
    if not wanted:
        return float(not len(hits))
    precision = np.cumsum(hits) / np.arange(1, len(hits) + 1)
    falling = np.maximum.accumulate(precision[::-1])[::-1]
    return float((falling * hits).sum() / wanted)
