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


class Heads(NamedTuple):
    """What is suppressed: the names of boxes [1, n, 4] and scores [1, classes, n], and sizes."""

    boxes: str
    scores: str
    classes: int
    places: int


@operation("nms")
def nms(model: Model, options: Mapping[str, Any], site: Site) -> Change:
    """Boxes and scores as one table of detections, the best first, and rows of zeros after them."""
    heads = _heads(model, options, site)
    boxes, scores = heads.boxes, heads.scores
    limits, name = Limits.of(options), str(options.get("name", "detections"))
    if free_name(model, name) != name:
        raise site.error(f"{name!r} is the name of a tensor already", "choose another", "name")
    agnostic = bool(options.get("class_agnostic"))
    sketch = Sketch(model, f"{name}/nms", site)
    rows = _kept_rows(sketch, heads, limits, agnostic)
    _best_rows(sketch, rows, limits.most, name)
    sketch.outputs([boxes, scores], [(name, "float32")])

    def compute(feed: Values) -> Values:
        return {name: detections(feed[boxes][0], feed[scores][0], limits, agnostic)[None]}

    says = (
        f"{name} [1, {limits.most}, {ROW}] are the best of {boxes} by {scores}: score over "
        f"{limits.score:g}, overlap of at most {limits.iou:g}"
    )
    ranges = {boxes: _some_boxes, scores: _some_scores}
    return Change(sketch.behind(), says, formula([boxes, scores], [name], compute, ranges))


def _heads(model: Model, options: Mapping[str, Any], site: Site) -> Heads:
    boxes = output_named(model, options.get("boxes", "boxes"), site, "boxes")
    scores = output_named(model, options.get("scores", "scores"), site, "scores")
    places, votes = sized(model, boxes, site, "boxes"), sized(model, scores, site, "scores")
    fit = len(places) == len(votes) == 3 and places[0] == votes[0] == 1
    if not fit or places[2] != 4 or votes[2] != places[1]:
        raise site.error(
            f"{boxes!r} is {list(places)} and {scores!r} is {list(votes)}; they must be "
            "[1, n, 4] and [1, classes, n]",
            "put decode_yolo or decode_ssd before it, and set_batch: 1 where the batch is larger",
        )
    return Heads(boxes, scores, votes[1], votes[2])


def _kept_rows(sketch: Sketch, heads: Heads, limits: Limits, agnostic: bool) -> tuple[str, int]:
    """A table of what is kept, in no order, filled up with rows of zeros; how long it is."""
    votes = _greatest(sketch, heads.scores) if agnostic else heads.scores
    flat = sketch.constant([-1], "int64")
    length = (1 if agnostic else heads.classes) * min(limits.per_class, heads.places)
    chosen = _chosen(sketch, (heads.boxes, votes), limits, length)
    box, kind = _column(sketch, chosen, 2), _column(sketch, chosen, 1)
    corners = sketch.node("Reshape", heads.boxes, sketch.constant([-1, 4], "int64"))
    place = box  # of a row of votes
    if agnostic:
        best = sketch.node("ArgMax", heads.scores, axis=1, keepdims=0)
        kind = sketch.node("Gather", sketch.node("Reshape", best, flat), box, axis=0)
    elif heads.classes > 1:
        first = sketch.node("Mul", kind, sketch.constant(heads.places, "int64"))
        place = sketch.node("Add", first, box)
    score = sketch.node("Gather", sketch.node("Reshape", votes, flat), place, axis=0)
    last = sketch.constant([1], "int64")
    table = sketch.node(
        "Concat",
        sketch.node("Gather", corners, box, axis=0),
        sketch.node("Unsqueeze", score, last),
        sketch.node("Unsqueeze", sketch.node("Cast", kind, to=1), last),
        axis=1,
    )
    batch = sketch.node("Slice", chosen, *(sketch.constant([n], "int64") for n in (0, 1, 1)))
    is_kept = sketch.node("Sub", sketch.constant([1], "float32"), sketch.node("Cast", batch, to=1))
    return sketch.node("Mul", table, is_kept), length


def _greatest(sketch: Sketch, scores: str) -> str:
    """Of all classes; until opset 18 the axes of ReduceMax are an attribute."""
    from converters.export.graph import opset

    if opset(sketch.model) < 18:
        return str(sketch.node("ReduceMax", scores, keepdims=1, axes=[1]))
    return str(sketch.node("ReduceMax", scores, sketch.constant([1], "int64"), keepdims=1))


def _chosen(sketch: Sketch, what: tuple[str, str], limits: Limits, length: int) -> str:
    """Rows of (batch, class, box), and after them rows of a second batch, which there is not.

    As many as there can be: a size that only the running model knows would keep the delegates of
    TensorFlow Lite from the whole file.
    """
    found = sketch.node(
        "NonMaxSuppression",
        *what,
        sketch.constant([limits.per_class], "int64"),
        sketch.constant([limits.iou], "float32"),
        sketch.constant([limits.score], "float32"),
    )
    fillers = sketch.constant([[1, 0, 0]] * length, "int64")
    filled = sketch.node("Concat", found, fillers, axis=0)
    bounds = (sketch.constant([number], "int64") for number in (0, length, 0))
    return str(sketch.node("Slice", filled, *bounds))


def _column(sketch: Sketch, rows: str, number: int) -> str:
    return str(sketch.node("Gather", rows, sketch.constant(number, "int64"), axis=1))


def _best_rows(sketch: Sketch, rows: tuple[str, int], most: int, name: str) -> None:
    """The best rows of all classes, and zeros where there are fewer."""
    table, length = rows
    if length < most:
        zeros = sketch.constant(np.zeros((most - length, ROW)), "float32")
        table = sketch.node("Concat", table, zeros, axis=0)
    votes = _column(sketch, table, 4)
    _, order = sketch.node("TopK", votes, sketch.constant([most], "int64"), count=2, axis=0)
    best = sketch.node("Gather", table, order, axis=0)
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
