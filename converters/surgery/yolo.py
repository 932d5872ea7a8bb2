"""The predictions of networks of the YOLO family, decoded in the graph.

Sources of the formulas: YOLOv3 (arXiv:1804.02767), YOLOv5 (docs.ultralytics.com, "Eliminating grid
sensitivity"), YOLOX (arXiv:2107.08430).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from converters.surgery.boxes import (
    GraphArithmetic,
    NumberArithmetic,
    Outputs,
    Work,
    as_corners,
    cells,
    corners,
    cut,
    picture_of,
    sigmoid,
)
from converters.surgery.finding import output_named
from converters.surgery.operation import Array, Change, Model, Site, operation
from converters.surgery.proofs import Values
from converters.surgery.sketch import Sketch


@operation("decode_yolo")
def decode_yolo(model: Model, options: Mapping[str, Any], site: Site) -> Change:
    """The predictions of a network of the YOLO family as boxes and scores, in pixels."""
    wanted = options.get("outputs")
    listed_outputs = [wanted] if isinstance(wanted, str | None) else list(wanted)
    sources = [output_named(model, name, site, "outputs") for name in listed_outputs]
    names = Outputs.of(model, options, site)
    style = STYLES[str(options["style"])]
    return style(Work(model, options, site, tuple(sources), names))


def _class_scores(sketch: Sketch, work: Work, rows: str, first: int) -> None:
    """Objectness times class scores, or class scores alone, classes first."""
    scores = cut(sketch, rows, first, 2**31 - 1)
    sigmoid = bool(work.options.get("sigmoid"))
    if sigmoid:
        scores = sketch.node("Sigmoid", scores)
    if first == 5:
        there = cut(sketch, rows, 4, 5)
        scores = sketch.node("Mul", scores, sketch.node("Sigmoid", there) if sigmoid else there)
    sketch.node("Transpose", scores, name=work.names.scores, perm=[0, 2, 1])


def _scores_of(rows: Array, work: Work, first: int) -> Array:
    squash = sigmoid if work.options.get("sigmoid") else lambda x: x
    scores = squash(rows[..., first:])
    scores = scores * squash(rows[..., 4:5]) if first == 5 else scores
    return scores.transpose(0, 2, 1)


def _yolox(work: Work) -> Change:
    """Centre (p + cell) * stride, size exp(p) * stride; rows of x, y, w, h, object, classes."""
    n, _ = work.shape(work.source, 3)[1:]
    grid = _grid(work, n)
    place, stride = grid[None, :, :2], grid[None, :, 2:]
    sketch, rows = work.sketch(), work.source
    step = sketch.constant(stride)
    centre = sketch.node("Add", cut(sketch, rows, 0, 2), sketch.constant(place))
    size = sketch.node("Exp", cut(sketch, rows, 2, 4))
    as_corners(
        sketch,
        sketch.node("Mul", centre, step),
        sketch.node("Mul", size, step),
        work.names.boxes,
    )
    _class_scores(sketch, work, rows, 5)

    def compute(feed: Values) -> Values:
        p = feed[work.source]
        boxes = corners((p[..., :2] + place) * stride, np.exp(p[..., 2:4]) * stride)
        return {work.names.boxes: boxes, work.names.scores: _scores_of(p, work, 5)}

    return work.done(sketch, compute, "decoded as in YOLOX")


def _grid(work: Work, n: int) -> Array:
    picture = picture_of(work.model, work.options, work.site)
    strides = list(work.options.get("strides", (8, 16, 32)))
    grid = cells(picture, strides)
    if len(grid) != n:
        cause = f"{n} rows, but strides {strides} of {list(picture)} have {len(grid)} cells"
        raise work.site.error(cause, "correct strides or size", "strides")
    return grid


def _plain(first: int, transposed: bool) -> Callable[[Work], Change]:
    """Rows (or columns) that hold centre and size in pixels already."""

    def style(work: Work) -> Change:
        work.shape(work.source, 3)
        sketch, rows = work.sketch(), work.source
        rows = sketch.node("Transpose", rows, perm=[0, 2, 1]) if transposed else rows
        centre, size = cut(sketch, rows, 0, 2), cut(sketch, rows, 2, 4)
        as_corners(sketch, centre, size, work.names.boxes)
        _class_scores(sketch, work, rows, first)

        def compute(feed: Values) -> Values:
            p = feed[work.source].transpose(0, 2, 1) if transposed else feed[work.source]
            boxes = corners(p[..., :2], p[..., 2:4])
            return {work.names.boxes: boxes, work.names.scores: _scores_of(p, work, first)}

        return work.done(sketch, compute, "as corners of the boxes that it holds")

    return style


def _heads(centre_of: Callable[..., Any], size_of: Callable[..., Any]) -> Callable[[Work], Change]:
    """Raw maps [1, anchors * (5 + classes), h, w], one for each stride, with their anchors."""

    def style(work: Work) -> Change:
        work = work._replace(options={**work.options, "sigmoid": True})
        sketch = work.sketch()
        known = [_head(work, i, name) for i, name in enumerate(work.sources)]
        parts = [_head_rows(sketch, name, h) for name, h in zip(work.sources, known, strict=True)]
        rows = sketch.node("Concat", *parts, axis=1) if len(parts) > 1 else parts[0]
        grid = np.concatenate([head.grid for head in known])[None]
        anchors = np.concatenate([head.sizes for head in known])[None]
        graph = GraphArithmetic(sketch)
        boxes = [
            centre_of(graph, graph.sigmoid(cut(sketch, rows, 0, 2)), grid),
            size_of(graph, cut(sketch, rows, 2, 4), anchors),
        ]
        as_corners(sketch, boxes[0], boxes[1], work.names.boxes)
        _class_scores(sketch, work, rows, 5)

        def compute(feed: Values) -> Values:
            plain = [_rows_of(feed[n], h.anchors) for n, h in zip(work.sources, known, strict=True)]
            p = np.concatenate(plain, 1)
            numbers = NumberArithmetic()
            centre = centre_of(numbers, sigmoid(p[..., :2]), grid)
            made = corners(centre, size_of(numbers, p[..., 2:4], anchors))
            return {work.names.boxes: made, work.names.scores: _scores_of(p, work, 5)}

        return work.done(sketch, compute, "decoded with their anchors")

    return style


class _Head(NamedTuple):
    anchors: int
    grid: Array  # [rows, 3] of x, y, stride
    sizes: Array  # [rows, 2], the anchor of each row
    shape: tuple[int, ...]


def _head(work: Work, number: int, name: str) -> _Head:
    given = work.options.get("anchors") or []
    if len(given) != len(work.sources):
        cause = f"{len(given)} lists of anchors for {len(work.sources)} outputs"
        raise work.site.error(cause, "give one list of [w, h] for each output", "anchors")
    anchors = np.array(given[number], np.float32).reshape(-1, 2)
    shape = work.shape(name, 4)
    if shape[1] % len(anchors) or shape[1] // len(anchors) < 6:
        cause = f"{name!r} has {shape[1]} channels: no multiple of {len(anchors)} anchors"
        raise work.site.error(cause, "correct anchors or outputs", "anchors")
    picture = picture_of(work.model, work.options, work.site)
    stride = picture[0] // shape[2]
    if stride != picture[1] // shape[3]:
        cause = f"{name!r} of {list(shape[2:])} is no grid of {list(picture)}"
        raise work.site.error(cause, "give size: [h, w]", "size")
    y, x = np.meshgrid(np.arange(shape[2]), np.arange(shape[3]), indexing="ij")
    one = np.stack([x, y, np.full_like(x, stride)], -1).reshape(-1, 3).astype(np.float32)
    grid = np.tile(one, (len(anchors), 1))
    return _Head(len(anchors), grid, np.repeat(anchors, len(one), 0), shape)


def _head_rows(sketch: Sketch, name: str, head: _Head) -> str:
    _, channels, h, w = head.shape
    each = channels // head.anchors
    apart = sketch.constant([1, head.anchors, each, h * w], "int64")
    x = sketch.node("Transpose", sketch.node("Reshape", name, apart), perm=[0, 1, 3, 2])
    flat = sketch.constant([1, head.anchors * h * w, each], "int64")
    return str(sketch.node("Reshape", x, flat))


def _rows_of(values: Array, anchors: int) -> Array:
    _, channels, h, w = values.shape
    apart = values.reshape(1, anchors, channels // anchors, h * w)
    return apart.transpose(0, 1, 3, 2).reshape(1, anchors * h * w, channels // anchors)


STYLES: Mapping[str, Callable[[Work], Change]] = {
    "yolox": _yolox,
    "yolov5": _plain(5, transposed=False),
    "yolov8": _plain(4, transposed=True),
    "yolov3_heads": _heads(
        lambda a, p, grid: a.times(a.add(p, grid[..., :2]), grid[..., 2:]),
        lambda a, p, anchors: a.times(a.exp(p), anchors),
    ),
    "yolov5_heads": _heads(
        lambda a, p, grid: a.times(a.add(a.times(p, 2.0), grid[..., :2] - 0.5), grid[..., 2:]),
        lambda a, p, anchors: a.times(a.square(a.times(a.sigmoid(p), 2.0)), anchors),
    ),
}
"""How a network of the family writes its predictions."""
