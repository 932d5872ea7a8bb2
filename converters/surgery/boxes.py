"""What decoders of detectors share: grids, corners, and arithmetic in the graph and on numbers.

Every decoder ends in two outputs: boxes [1, n, 4] of left, top, right, bottom, and scores
[1, classes, n], as ONNX's NonMaxSuppression wants them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from converters.origin import listed
from converters.surgery.finding import free_name, shape_of, sized
from converters.surgery.operation import Array, Change, Model, Site
from converters.surgery.proofs import Values, formula
from converters.surgery.sketch import Sketch

Size = tuple[int, int]
"""Height and width of the picture that the network takes."""


def cells(size: Size, strides: Sequence[int], each: int = 1) -> Array:
    """Columns x, y, stride of every cell of every grid, row by row, so many times each."""
    rows = []
    for stride in strides:
        h, w = -(-size[0] // stride), -(-size[1] // stride)
        y, x = np.meshgrid(np.arange(h), np.arange(w), indexing="ij")
        grid = np.stack([x, y, np.full_like(x, stride)], -1).reshape(-1, 1, 3)
        rows.append(np.repeat(grid, each, 1).reshape(-1, 3))
    return np.concatenate(rows).astype(np.float32)


def picture_of(model: Model, options: Mapping[str, Any], site: Site) -> Size:
    """The picture's size: as the recipe says it, else that of the only input with four axes."""
    if "size" in options:
        return int(options["size"][0]), int(options["size"][1])
    shapes = [shape_of(value) for value in model.graph.input]
    if len(shapes) == 1 and shapes[0] is not None and len(shapes[0]) == 4:
        _, c, h, w = shapes[0]
        return (h, w) if c <= 4 else (c, h)
    raise site.error("the picture's size is not known", "give size: [h, w]", "size")


class Outputs(NamedTuple):
    """The names that a decoder's outputs get."""

    boxes: str
    scores: str

    @classmethod
    def of(cls, model: Model, options: Mapping[str, Any], site: Site) -> Outputs:
        """As the recipe says; nothing else may be called so, but an output that is replaced."""
        names = cls(str(options.get("boxes", "boxes")), str(options.get("scores", "scores")))
        for field, name in names._asdict().items():
            if free_name(model, name) != name:
                cause = f"{name!r} is the name of a tensor already"
                raise site.error(cause, f"choose another with {field}: <name>", field)
        return names


class Work(NamedTuple):
    """What every style of decoding starts from."""

    model: Model
    options: Mapping[str, Any]
    site: Site
    sources: tuple[str, ...]
    names: Outputs

    @property
    def source(self) -> str:
        """The one output that a style reads."""
        if len(self.sources) > 1:
            raise self.site.error("this style reads one output", "name one", "outputs")
        return self.sources[0]

    def sketch(self) -> Sketch:
        """A beginning."""
        return Sketch(self.model, f"{self.names.boxes}/decode", self.site)

    def shape(self, name: str, rank: int) -> tuple[int, ...]:
        """The shape of an output of one picture."""
        shape = sized(self.model, name, self.site, "outputs")
        if len(shape) != rank or shape[0] != 1:
            cause = f"{name!r} is {list(shape)}; this needs {rank} axes, of one picture"
            raise self.site.error(cause, "choose another style, or set_batch: 1 first", "outputs")
        return shape

    def done(self, sketch: Sketch, compute: Callable[[Values], Values], how: str) -> Change:
        """The change, with the two outputs in place of those read."""
        sketch.outputs(self.sources, [(name, "float32") for name in self.names])
        says = f"{self.names.boxes} and {self.names.scores} of {listed(self.sources)}, {how}"
        return Change(sketch.behind(), says, formula(self.sources, self.names, compute))


def cut(sketch: Sketch, x: str, first: int, last: int, axis: int = 2) -> str:
    """What lies from one place up to another along an axis."""
    bounds = [sketch.constant([value], "int64") for value in (first, last, axis)]
    return str(sketch.node("Slice", x, *bounds))


def as_corners(sketch: Sketch, centre: str, size: str, name: str) -> None:
    """Nodes that make corners of centre and size."""
    half = sketch.node("Mul", size, sketch.constant(0.5, "float32"))
    low, high = sketch.node("Sub", centre, half), sketch.node("Add", centre, half)
    sketch.node("Concat", low, high, name=name, axis=-1)


def corners(centre: Array, size: Array) -> Array:
    """The same on numbers, [..., 4]."""
    return np.concatenate([centre - size * 0.5, centre + size * 0.5], -1).astype(np.float32)


def sigmoid(x: Array) -> Array:
    """1 / (1 + exp(-x)), as float32."""
    return (1 / (1 + np.exp(-x))).astype(np.float32)


class GraphArithmetic:
    """Arithmetic that adds nodes."""

    def __init__(self, sketch: Sketch) -> None:
        self.sketch = sketch

    def sigmoid(self, x: str) -> str:
        """1 / (1 + exp(-x))."""
        return str(self.sketch.node("Sigmoid", x))

    def exp(self, x: str) -> str:
        """e to the x."""
        return str(self.sketch.node("Exp", x))

    def add(self, x: str, values: Array) -> str:
        """x + values."""
        return str(self.sketch.node("Add", x, self.sketch.constant(values, "float32")))

    def times(self, x: str, values: Array) -> str:
        """x * values."""
        return str(self.sketch.node("Mul", x, self.sketch.constant(values, "float32")))

    def square(self, x: str) -> str:
        """x * x."""
        return str(self.sketch.node("Mul", x, x))


class NumberArithmetic:
    """The same arithmetic on numbers."""

    sigmoid = staticmethod(sigmoid)
    exp = staticmethod(np.exp)
    add = staticmethod(np.add)
    times = staticmethod(np.multiply)
    square = staticmethod(np.square)
