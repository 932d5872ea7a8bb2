"""The offsets of an SSD from its prior boxes, decoded in the graph.

The formula is that of arXiv:1512.02325, with variances as in its Caffe code.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from converters.origin import inside
from converters.surgery.boxes import (
    GraphArithmetic,
    NumberArithmetic,
    Outputs,
    Size,
    Work,
    as_corners,
    corners,
    cut,
    picture_of,
    sigmoid,
)
from converters.surgery.finding import output_named
from converters.surgery.operation import Array, Change, Model, Site, operation
from converters.surgery.proofs import Values
from converters.surgery.sketch import Sketch


@operation("decode_ssd")
def decode_ssd(model: Model, options: Mapping[str, Any], site: Site) -> Change:
    """Offsets from prior boxes as boxes, and class scores without the background."""
    moves = output_named(model, options["offsets"], site, "offsets")
    votes = output_named(model, options["confidences"], site, "confidences")
    names = Outputs.of(model, options, site)
    work = Work(model, options, site, (moves, votes), names)
    _, n, four = work.shape(moves, 3)
    classes = work.shape(votes, 3)[2]
    priors = _priors(work, n)
    if four != 4 or work.shape(votes, 3)[1] != n:
        cause = f"{moves!r} has {four} numbers for {n} boxes, {votes!r} is for as many or not"
        raise site.error(cause, "name offsets [1, n, 4] and confidences [1, n, classes]")
    sketch = work.sketch()
    place, size = priors[None, :, :2], priors[None, :, 2:]
    near, far = (np.float32(v) for v in options.get("variances", (0.1, 0.2)))
    graph, numbers = GraphArithmetic(sketch), NumberArithmetic()

    def decoded(a: Any, centre: Any, extent: Any) -> tuple[Any, Any]:
        middle = a.add(a.times(centre, size * near), place)
        if options.get("sizes", "exponential") == "linear":
            return middle, a.times(extent, size * far)
        return middle, a.times(a.exp(a.times(extent, far)), size)

    boxes = decoded(graph, cut(sketch, moves, 0, 2), cut(sketch, moves, 2, 4))
    as_corners(sketch, *boxes, names.boxes)
    kept = [c for c in range(classes) if c != options.get("background", 0)]
    _votes(sketch, work, kept)

    def compute(feed: Values) -> Values:
        p, c = feed[moves], feed[votes]
        made = corners(*decoded(numbers, p[..., :2], p[..., 2:]))
        return {names.boxes: made, names.scores: _squashed(c, options)[..., kept].swapaxes(1, 2)}

    return work.done(sketch, compute, f"decoded from {n} prior boxes")


SQUASHED: Mapping[str, Mapping[str, Any]] = {"softmax": {"axis": 2}, "sigmoid": {}}


def _votes(sketch: Sketch, work: Work, kept: Sequence[int]) -> None:
    x, how = work.sources[1], work.options.get("activation")
    if how:
        x = sketch.node(str(how).capitalize(), x, **SQUASHED[str(how)])
    x = sketch.node("Gather", x, sketch.constant(list(kept), "int64"), axis=2)
    sketch.node("Transpose", x, name=work.names.scores, perm=[0, 2, 1])


def _squashed(x: Array, options: Mapping[str, Any]) -> Array:
    if options.get("activation") == "softmax":
        powers = np.exp(x - x.max(-1, keepdims=True))
        return powers / powers.sum(-1, keepdims=True)
    return sigmoid(x) if options.get("activation") == "sigmoid" else x


def _priors(work: Work, n: int) -> Array:
    """Prior boxes [n, 4] of centre and size, in parts of the picture."""
    given = work.options["priors"]
    if "file" in given:
        path = inside(work.site.folder, str(given["file"]))
        priors = np.load(path, allow_pickle=False).astype(np.float32).reshape(-1, 4)
    else:
        priors = computed_priors(
            picture_of(work.model, work.options, work.site), given["strides"], given["sizes"]
        )
    if len(priors) != n:
        cause = f"there are {len(priors)} prior boxes, and {n} offsets"
        raise work.site.error(cause, "correct strides and sizes, or the file", "priors")
    return priors


def computed_priors(size: Size, strides: Sequence[int], sizes: Sequence[Sequence[float]]) -> Array:
    """At every cell of every grid squares of some sizes in pixels: centre and size, relative."""
    rows = []
    for stride, edges in zip(strides, sizes, strict=True):
        h, w = -(-size[0] // stride), -(-size[1] // stride)
        y, x = np.meshgrid((np.arange(h) + 0.5) / h, (np.arange(w) + 0.5) / w, indexing="ij")
        for_each = [
            np.stack([x, y, np.full_like(x, e / size[1]), np.full_like(x, e / size[0])], -1)
            for e in edges
        ]
        rows.append(np.stack(for_each, 2).reshape(-1, 4))
    return np.concatenate(rows).astype(np.float32)
