"""Answers of detectors as boxes: one function per way that they are written."""

from __future__ import annotations

from collections.abc import Sequence
from math import ceil
from typing import Any

import numpy as np

from converters.datasets.preprocess import Array
from converters.recipes.recipe import Options
from converters.verify.shown.found import Answer, Found, chosen

Size = tuple[int, int]
"""Height and width of the picture."""


def corners(answer: Answer, options: Options, _size: Size) -> Found:
    """`boxes` (1, n, 4) are corners in parts of the picture; `scores` (1, n, classes)."""
    return of_class(_rows(answer, options["boxes"]), answer, options)


def table(answer: Answer, options: Options, size: Size) -> Found:
    """`boxes` (1, n, 6): corners, score and class of each, after non-maximum suppression."""
    rows = _rows(answer, options["boxes"])
    unit = np.array([size[1], size[0]] * 2) if options.get("pixels") else 1
    labels = [_label(options, int(row[5])) for row in rows]
    return chosen(rows[:, :4] / unit, rows[:, 4], labels, _threshold(options))


def priors(answer: Answer, options: Options, size: Size) -> Found:
    """`boxes` (1, n, 4) are offsets of centre and log size from priors, an SSD's."""
    centre, extent = options.get("variances", [0.1, 0.2])
    known = grid(options, size)
    offsets = _rows(answer, options["boxes"])
    middle = known[:, :2] + offsets[:, :2] * centre * known[:, 2:]
    half = known[:, 2:] * np.exp(offsets[:, 2:4] * extent) / 2
    return of_class(np.hstack([middle - half, middle + half]), answer, options)


def anchors(answer: Answer, options: Options, size: Size) -> Found:
    """`boxes` (1, n, 4 or more) are pixels from anchors: centre and size, MediaPipe's."""
    unit = np.array([size[1], size[0]])
    rows = _rows(answer, options["boxes"])
    middle = grid(options, size)[:, :2] + rows[:, :2] / unit
    half = rows[:, 2:4] / unit / 2
    logits = np.clip(_rows(answer, options["scores"])[:, 0], -80, 80)
    boxes = np.hstack([middle - half, middle + half])
    labels = [_label(options, 0)] * len(rows)
    return chosen(boxes, 1 / (1 + np.exp(-logits)), labels, _threshold(options))


def yolox(answer: Answer, options: Options, size: Size) -> Found:
    """`boxes` (1, n, 5 + classes): cell and log size in strides, objectness, classes."""
    rows = _rows(answer, options["boxes"])
    unit = np.array([size[1], size[0]])
    counted = [(each, len(grid({"priors": [each]}, size))) for each in options["priors"]]
    stride = np.concatenate([[each["stride"]] * count for each, count in counted])[:, None]
    cell = grid(options, size)[:, :2] * np.ceil(unit / stride) - 0.5
    middle = (cell + rows[:, :2]) * stride / unit
    half = np.exp(rows[:, 2:4]) * stride / unit / 2
    return of_best(np.hstack([middle - half, middle + half]), rows[:, 4:5] * rows[:, 5:], options)


def cells(answer: Answer, options: Options, _size: Size) -> Found:
    """`boxes` (1, 5 + classes, h, w): objectness, place in the cell, size, classes."""
    maps = answer[options["boxes"]][0]
    height, width = maps.shape[1:]
    y, x = np.mgrid[:height, :width]
    middle = np.stack([(np.tanh(maps[1]) + x) / width, (np.tanh(maps[2]) + y) / height], axis=-1)
    half = 1 / (1 + np.exp(-np.stack([maps[3], maps[4]], axis=-1))) / 2
    boxes = np.concatenate([middle - half, middle + half], axis=-1).reshape(-1, 4)
    scores = (maps[0] ** 0.6 * maps[5:] ** 0.4).reshape(len(maps) - 5, -1).T
    return of_best(boxes, scores, options)


def yunet(answer: Answer, options: Options, size: Size) -> Found:
    """Twelve outputs, class, objectness, boxes and landmarks for strides 8, 16 and 32."""
    boxes, scores = [], []
    unit = np.array([size[1], size[0]])
    for stride in (8, 16, 32):
        rows = answer[f"boxes_{stride}"].reshape(-1, 4)
        y, x = np.mgrid[: size[0] // stride, : size[1] // stride]
        middle = (np.stack([x, y], axis=-1).reshape(-1, 2) + rows[:, :2]) * stride / unit
        half = np.exp(rows[:, 2:]) * stride / unit / 2
        boxes.append(np.hstack([middle - half, middle + half]))
        sure = answer[f"class_{stride}"] * answer[f"objectness_{stride}"]
        scores.append(np.sqrt(np.clip(sure, 0, None)).reshape(-1))
    both = np.concatenate(scores)
    labels = [_label(options, 0)] * len(both)
    return chosen(np.concatenate(boxes), both, labels, _threshold(options))


# Grids --------------------------------------------------------------------------------------


def _sizes(entry: Any) -> Sequence[Any]:
    sizes: Sequence[Any] = entry.get("sizes", [1])
    return sizes


def _density(size: Any) -> int:
    """How many centres per cell and axis: the third number of a size."""
    return int(size[2]) if isinstance(size, Sequence) and len(size) == 3 else 1


def grid(options: Options, size: Size) -> Array:
    """(n, 4): centre and size of each prior in parts of the picture, as networks number them."""
    height, width = size
    rows: list[tuple[float, float, float, float]] = []
    for entry in options["priors"]:
        stride = entry["stride"]
        lines, columns = ceil(height / stride), ceil(width / stride)
        # the last cells of some networks reach beyond the picture
        unit = (width / stride, height / stride) if options.get("overhang") else (columns, lines)
        for y in range(lines):
            for x in range(columns):
                rows += [
                    ((x + i) / unit[0], (y + j) / unit[1], wide / width, high / height)
                    for wide, high, i, j in _of_a_cell(entry)
                ]
    return np.array(rows)


def _of_a_cell(entry: Any) -> list[tuple[float, float, float, float]]:
    """Width, height and place in the cell of each of its priors."""
    found = []
    for size in _sizes(entry):
        wide, high = (size[0], size[1]) if isinstance(size, Sequence) else (size, size)
        dense = _density(size)
        steps = [0.5] if dense == 1 else [k / dense for k in range(dense)]
        found += [(wide, high, i, j) for j in steps for i in steps]
    return found


# Scores -------------------------------------------------------------------------------------


def of_class(boxes: Array, answer: Answer, options: Options) -> Found:
    """The columns of `scores` from `first` on are classes; those before are background."""
    scores = _rows(answer, options["scores"])[:, int(options.get("first", 0)) :]
    return of_best(boxes, scores, options)


def of_best(boxes: Array, scores: Array, options: Options) -> Found:
    """Each box with the class that has its largest score."""
    best = scores.argmax(axis=1)
    labels = [_label(options, int(place)) for place in best]
    return chosen(boxes, scores[np.arange(len(scores)), best], labels, _threshold(options))


def _rows(answer: Answer, name: str) -> Array:
    values = answer[name]
    return values.reshape(-1, values.shape[-1]).astype(np.float64)


def _label(options: Options, place: int) -> str:
    names = options.get("names", [])
    return str(names[place]) if place < len(names) else f"class {place}"


def _threshold(options: Options) -> float:
    return float(options.get("threshold", 0.5))
