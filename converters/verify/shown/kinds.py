"""The ways to read an answer, by the names that recipes give."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from converters.datasets.preprocess import Array
from converters.errors import RecipeError
from converters.recipes.recipe import Options
from converters.verify.shown import boxes
from converters.verify.shown.found import Answer, Found

Read = Callable[[Answer, Options, tuple[int, int]], Found]


def landmarks(answer: Answer, options: Options, size: tuple[int, int]) -> Found:
    """`points` holds x, y and perhaps more for each point, in parts or pixels of the picture."""
    values = answer[options["points"]].reshape(-1, int(options.get("numbers", 2)))[:, :2]
    unit = np.array([size[1], size[0]]) if options.get("pixels") else 1
    points = tuple((float(x), float(y)) for x, y in values / unit)
    return Found(points=points)


def scores(answer: Answer, options: Options, _size: tuple[int, int]) -> Found:
    """`points` is a map of scores (1, 1, h, w): its peaks above the threshold are points."""
    plane = np.squeeze(answer[options["points"]])
    height, width = plane.shape
    around = np.pad(plane, 2, constant_values=-np.inf)
    windows = np.lib.stride_tricks.sliding_window_view(around, (5, 5))
    peaks = (plane == windows.max(axis=(2, 3))) & (plane > float(options.get("threshold", 0.5)))
    points = [((x + 0.5) / width, (y + 0.5) / height) for y, x in np.argwhere(peaks)]
    return Found(points=tuple(points), words=() if points else ("no points",))


def lines(answer: Answer, options: Options, size: tuple[int, int]) -> Found:
    """M-LSD's: `points` (1, n, 2) of y, x with `scores`, and a map of both ends' displacements."""
    sure = answer[options["scores"]][0]
    moves = answer[options["lines"]][0]
    found = []
    for (y, x), score in zip(answer[options["points"]][0].astype(int), sure, strict=True):
        ends = moves[y, x]
        if score > float(options.get("threshold", 0.3)) and np.hypot(*(ends[:2] - ends[2:])) > 10:
            places = 2 * (np.array([x, y, x, y]) + ends) / np.array([size[1], size[0]] * 2)
            found.append(tuple(float(value) for value in places))
    return Found(lines=tuple(found), words=() if found else ("no lines",))  # type: ignore[arg-type]


def classes(answer: Answer, options: Options, _size: tuple[int, int]) -> Found:
    """The three largest of `scores`, through a softmax where `logits` says so."""
    values = answer[options["scores"]].reshape(-1).astype(np.float64)
    if options.get("logits"):
        values = np.exp(values - values.max())
        values /= values.sum()
    names = options.get("names", [])
    best = np.argsort(-values, kind="stable")[:3]
    named = [str(names[i]) if i < len(names) else f"class {i}" for i in best]
    return Found(words=tuple(f"{n} {values[i]:.2f}" for n, i in zip(named, best, strict=True)))


def text(answer: Answer, options: Options, _size: tuple[int, int]) -> Found:
    """Greedy CTC over `scores` (1, classes, steps): repeats merged, the last class is blank."""
    places = answer[options["scores"]][0].argmax(axis=0)
    names = options["names"]
    kept = [p for p, before in zip(places, [-1, *places], strict=False) if p != before]
    return Found(words=("".join(str(names[p]) for p in kept if p != len(names) - 1),))


def mask(answer: Answer, options: Options, _size: tuple[int, int]) -> Found:
    """`mask` (1, classes, h, w): of one class what exceeds the threshold, of two the second."""
    planes: Array = answer[options["mask"]][0]
    if len(planes) == 1:
        return Found(mask=(planes[0] > float(options.get("threshold", 0))).astype(np.uint8))
    return Found(mask=(planes[1] > planes[0]).astype(np.uint8))


def regions(answer: Answer, options: Options, _size: tuple[int, int]) -> Found:
    """`mask` (1, classes, h, w) or, decided already, (1, h, w): the largest classes in words."""
    values = answer[options["mask"]]
    plane = values[0].argmax(axis=0) if values.ndim == 4 else values[0].astype(int)
    shares = np.bincount(plane.reshape(-1)) / plane.size
    names = options.get("names", [])
    best = [int(place) for place in np.argsort(-shares, kind="stable")[:3] if shares[place] > 0]
    named = [(str(names[i]) if i < len(names) else f"class {i}", shares[i]) for i in best]
    return Found(regions=plane, words=tuple(f"{name} {share:.0%}" for name, share in named))


KINDS: Mapping[str, Read] = {
    "corners": boxes.corners,
    "table": boxes.table,
    "priors": boxes.priors,
    "anchors": boxes.anchors,
    "yolox": boxes.yolox,
    "yunet": boxes.yunet,
    "cells": boxes.cells,
    "landmarks": landmarks,
    "scores": scores,
    "lines": lines,
    "classes": classes,
    "text": text,
    "mask": mask,
    "regions": regions,
}


def found_by(answer: Answer, show: Options, size: tuple[int, int]) -> Found:
    """What one answer holds; a name that the answer lacks is the recipe's mistake."""
    try:
        return KINDS[show["kind"]](answer, show, size)
    except (KeyError, IndexError, ValueError) as error:
        raise RecipeError(
            f"{show['kind']} cannot be read from the outputs {', '.join(answer)}: {error!r}",
            subject="show",
            remedy="correct its names and numbers in the recipe",
        ) from error
