"""Non-maximum suppression behind a detector: of boxes that overlap, the best."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from converters.surgery.finding import free_name, output_named, sized
from converters.surgery.operation import Array, Change, Model, Site, operation
from converters.surgery.proofs import Values, formula
from converters.surgery.sketch import Sketch

ROW = 6
"""Numbers of a detection: left, top, right, bottom, score, class."""


class Limits(NamedTuple):
    """What is kept."""

    score: float
    iou: float
    per_class: int
    most: int

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Limits:
        """As the recipe says."""
        most = int(options.get("max", 100))
        return cls(
            float(options.get("score", 0.25)),
            float(options.get("iou", 0.45)),
            int(options.get("max_per_class", most)),
            most,
        )


@operation("nms")
def nms(model: Model, options: Mapping[str, Any], site: Site) -> Change:
    """Boxes and scores as one table of detections, the best first, and rows of zeros after them."""
    boxes = output_named(model, options.get("boxes", "boxes"), site, "boxes")
    scores = output_named(model, options.get("scores", "scores"), site, "scores")
    _check_shapes(model, boxes, scores, site)
    limits, name = Limits.of(options), str(options.get("name", "detections"))
    if free_name(model, name) != name:
        raise site.error(f"{name!r} is the name of a tensor already", "choose another", "name")
    agnostic = bool(options.get("class_agnostic"))
    sketch = Sketch(model, f"{name}/nms", site)
    classes = _suppressed(sketch, boxes, scores, limits, agnostic)
    _best_rows(sketch, classes, limits.most, name)
    sketch.outputs([boxes, scores], [(name, "float32")])

    def compute(feed: Values) -> Values:
        return {name: detections(feed[boxes][0], feed[scores][0], limits, agnostic)[None]}

    says = (
        f"{name} [1, {limits.most}, {ROW}] are the best of {boxes} by {scores}: score over "
        f"{limits.score:g}, overlap of at most {limits.iou:g}"
    )
    ranges = {boxes: _some_boxes, scores: _some_scores}
    return Change(sketch.behind(), says, formula([boxes, scores], [name], compute, ranges))


def _check_shapes(model: Model, boxes: str, scores: str, site: Site) -> None:
    places, votes = sized(model, boxes, site, "boxes"), sized(model, scores, site, "scores")
    fit = len(places) == len(votes) == 3 and places[0] == votes[0] == 1
    if not fit or places[2] != 4 or votes[2] != places[1]:
        raise site.error(
            f"{boxes!r} is {list(places)} and {scores!r} is {list(votes)}; they must be "
            "[1, n, 4] and [1, classes, n]",
            "put decode_yolo or decode_ssd before it, and set_batch: 1 where the batch is larger",
        )


def _suppressed(
    sketch: Sketch, boxes: str, scores: str, limits: Limits, agnostic: bool
) -> tuple[str, str, str]:
    """Boxes [n, 4], scores [n] and classes [n] of what is kept."""
    votes, flat = scores, sketch.constant([-1], "int64")
    if agnostic:
        axis = sketch.constant([1], "int64")
        votes = (
            sketch.node("ReduceMax", scores, keepdims=1, axes=[1])
            if _old(sketch)
            else (sketch.node("ReduceMax", scores, axis, keepdims=1))
        )
    chosen = sketch.node(
        "NonMaxSuppression",
        boxes,
        votes,
        sketch.constant([limits.per_class], "int64"),
        sketch.constant([limits.iou], "float32"),
        sketch.constant([limits.score], "float32"),
    )
    box = _column(sketch, chosen, 2)
    rows = sketch.node("Reshape", boxes, sketch.constant([-1, 4], "int64"))
    kept = sketch.node("Gather", rows, box, axis=0)
    kind = _column(sketch, chosen, 1)
    if agnostic:
        best = sketch.node("ArgMax", scores, axis=1, keepdims=0)
        kind = sketch.node("Gather", sketch.node("Reshape", best, flat), box, axis=0)
    count = sized_rows(sketch.model, boxes)
    place = sketch.node("Mul", kind, sketch.constant(count, "int64"))
    place = sketch.node("Add", place, box)
    score = sketch.node("Gather", sketch.node("Reshape", scores, flat), place, axis=0)
    return kept, score, kind


def _old(sketch: Sketch) -> bool:
    """Until opset 18 the axes of ReduceMax are an attribute."""
    from converters.export.graph import opset

    return opset(sketch.model) < 18


def sized_rows(model: Model, boxes: str) -> int:
    """How many boxes there are before suppression."""
    value = next(each for each in model.graph.output if each.name == boxes)
    return int(value.type.tensor_type.shape.dim[1].dim_value)


def _column(sketch: Sketch, rows: str, number: int) -> str:
    return str(sketch.node("Gather", rows, sketch.constant(number, "int64"), axis=1))


def _best_rows(sketch: Sketch, found: tuple[str, str, str], most: int, name: str) -> None:
    """The best rows of all classes, and zeros where there are fewer."""
    boxes, score, kind = found
    last = sketch.constant([1], "int64")
    columns = [
        boxes,
        sketch.node("Unsqueeze", score, last),
        sketch.node("Unsqueeze", sketch.node("Cast", kind, to=1), last),
    ]
    rows = sketch.node("Concat", *columns, axis=1)
    zeros = sketch.constant(np.zeros((most, ROW)), "float32")
    padded = sketch.node("Concat", rows, zeros, axis=0)
    votes = _column(sketch, padded, 4)
    _, order = sketch.node("TopK", votes, sketch.constant([most], "int64"), count=2, axis=0)
    best = sketch.node("Gather", padded, order, axis=0)
    sketch.node("Reshape", best, sketch.constant([1, most, ROW], "int64"), name=name)


# The same in NumPy, for the proof ---------------------------------------------------------------


def detections(boxes: Array, scores: Array, limits: Limits, agnostic: bool) -> Array:
    """[most, 6] of boxes [n, 4] and scores [classes, n]: greedy, the best box first."""
    best_class = scores.argmax(0)
    votes = scores.max(0, keepdims=True) if agnostic else scores
    rows = []
    for kind, row in enumerate(votes):
        for i in kept_of(boxes, row, limits):
            rows.append([*boxes[i], row[i], best_class[i] if agnostic else kind])
    table = np.zeros((limits.most, ROW), np.float32)
    best = sorted(rows, key=lambda row: -row[4])[: limits.most]
    table[: len(best)] = np.array(best, np.float32).reshape(-1, ROW)
    return table


def kept_of(boxes: Array, scores: Array, limits: Limits) -> list[int]:
    """The places of the boxes that suppression keeps."""
    order = [i for i in np.argsort(-scores, kind="stable") if scores[i] > limits.score]
    kept: list[int] = []
    for i in order:
        if len(kept) == limits.per_class:
            break
        if not kept or overlaps(boxes[i], boxes[kept]).max() <= limits.iou:
            kept.append(int(i))
    return kept


def overlaps(box: Array, others: Array) -> Array:
    """Intersection over union of one box with many."""
    low, high = np.maximum(box[:2], others[:, :2]), np.minimum(box[2:], others[:, 2:])
    shared = np.clip(high - low, 0, None).prod(1)
    areas = (others[:, 2:] - others[:, :2]).prod(1)
    return shared / np.maximum((box[2:] - box[:2]).prod() + areas - shared, 1e-12)


def _some_boxes(name: str, shape: tuple[int, ...], dtype: str) -> Array:
    del name
    random = np.random.default_rng(1)
    corner, size = random.uniform(0, 1, (2, *shape[:-1], 2))
    return np.concatenate([corner, corner + size * 0.3 + 0.01], -1).astype(dtype)


def _some_scores(name: str, shape: tuple[int, ...], dtype: str) -> Array:
    """Few of them high, all different."""
    del name
    count = int(np.prod(shape))
    ranks = np.random.default_rng(2).permutation(count).reshape(shape)
    return ((ranks + 0.5) / count).astype(dtype) ** 3
