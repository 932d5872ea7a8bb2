"""Interpolate to sizes that are known only when the model runs: the weights are computed, too."""

# ruff: noqa: PLR0913 - an emitter's signature is the IR's schema

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

from converters.ir_to_tf.layout.rules import as_written
from converters.ir_to_tf.ops.loose_shapes import row
from converters.ir_to_tf.ops.resizing import listed_axes
from converters.ir_to_tf.registry import op
from converters.ir_to_tf.site import WrittenSite


@dataclass(frozen=True)
class Stretch:
    """How one axis of `size` samples becomes one of `made`, all tensors; the names are the IR's."""

    size: Any
    made: Any
    scale: Any
    cube: float
    antialias: bool

    def positions(self, coordinates: str) -> Any:
        """Where each new sample lies among the old ones."""
        steps = tf.cast(tf.range(self.made), tf.float32)
        return COORDINATES[coordinates](steps, self)

    @property
    def last(self) -> Any:
        """The last of the old samples."""
        return tf.cast(self.size - 1, tf.float32)

    def distances(self, positions: Any) -> Any:
        """From each new sample to each old one: [made, size]."""
        return positions[:, None] - tf.cast(tf.range(self.size), tf.float32)


COORDINATES: dict[str, Callable[[Any, Stretch], Any]] = {
    "half_pixel": lambda x, s: (x + 0.5) / s.scale - 0.5,
    "pytorch_half_pixel": lambda x, s: tf.where(s.made > 1, (x + 0.5) / s.scale - 0.5, 0.0),
    "asymmetric": lambda x, s: x / s.scale,
    "tf_half_pixel_for_nn": lambda x, s: (x + 0.5) / s.scale,
    "align_corners": lambda x, s: x * s.last / tf.cast(tf.maximum(s.made - 1, 1), tf.float32),
}
ROUNDINGS: dict[str, Callable[[Any, Stretch], Any]] = {
    "round_prefer_floor": lambda x, _: tf.math.ceil(x - 0.5),
    "round_prefer_ceil": lambda x, _: tf.floor(x + 0.5),
    "floor": lambda x, _: tf.floor(x),
    "ceil": lambda x, _: tf.math.ceil(x),
    "simple": lambda x, s: tf.where(s.scale < 1.0, tf.math.ceil(x), tf.floor(tf.maximum(x, 0.0))),
}


def _linear_onnx(x: Any, stretch: Stretch) -> Any:
    inside = tf.minimum(tf.maximum(x, 0.0), stretch.last)
    return tf.nn.relu(1.0 - tf.abs(stretch.distances(inside)))


def _linear(x: Any, stretch: Stretch) -> Any:
    narrow = tf.minimum(stretch.scale, 1.0) if stretch.antialias else 1.0
    weights = tf.nn.relu(1.0 - tf.abs(stretch.distances(x)) * narrow)
    return weights / tf.maximum(tf.reduce_sum(weights, 1, keepdims=True), 1e-12)


def _cubic(x: Any, stretch: Stretch) -> Any:
    low, a, parts = tf.floor(x), stretch.cube, []
    for step in range(-1, 3):
        d = tf.abs(x - low - step)
        near = ((a + 2) * d - (a + 3)) * d * d + 1
        far = a * (((d - 5) * d + 8) * d - 4)
        place = tf.minimum(tf.maximum(low + step, 0.0), stretch.last)
        is_there = tf.cast(tf.equal(stretch.distances(place), 0.0), tf.float32)
        parts.append(is_there * tf.where(d <= 1, near, far)[:, None])
    return tf.add_n(parts)


WEIGHTS = {"linear": _linear, "linear_onnx": _linear_onnx, "cubic": _cubic}


def _along(x: Any, axis: int, weights: Any) -> Any:
    """A product along one axis."""
    order = [*(a for a in range(len(x.shape)) if a != axis), axis]
    made = tf.matmul(tf.transpose(x, order), weights, transpose_b=True)
    return tf.transpose(made, np.argsort(order))


@op("DynamicInterpolate", layout=as_written, excused={"version": "inputs tell"})
def interpolate(
    site: WrittenSite,
    x: Any,
    *parameters: Any,
    mode: str,
    coordinate_transformation_mode: str = "half_pixel",
    nearest_mode: str = "round_prefer_floor",
    shape_calculation_mode: str = "sizes",
    cube_coeff: float = -0.75,
    antialias: bool = False,
    pads_begin: Sequence[int] = (),
    pads_end: Sequence[int] = (),
) -> Any:
    """GATHER of the nearest samples, or a product per axis with its weights."""
    if mode != "nearest" and mode not in WEIGHTS:
        raise site.refuse(f"mode {mode} is not supported where sizes are not known")
    x = tf.convert_to_tensor(x)
    widths = [[*pads, *[0] * len(x.shape)][: len(x.shape)] for pads in (pads_begin, pads_end)]
    x = tf.pad(x, np.transpose(widths)) if np.any(widths) else x
    by_scale = shape_calculation_mode == "scales"
    wanted = next(p for p in parameters if tf.as_dtype(p.dtype).is_floating == by_scale)
    for number, axis in enumerate(listed_axes(site.node)):
        size = tf.shape(x)[axis]
        whole = tf.cast(size, tf.float32)
        if by_scale:
            scale = tf.reshape(tf.cast(wanted, tf.float32), [-1])[number]
            made = tf.cast(tf.floor(whole * scale + 1e-5), tf.int32)
        else:
            made = row(wanted)[number]
            scale = tf.cast(made, tf.float32) / whole
        stretch = Stretch(size, made, scale, cube_coeff, antialias)
        positions = stretch.positions(coordinate_transformation_mode)
        if mode == "nearest":
            steps = ROUNDINGS[nearest_mode](positions, stretch)
            steps = tf.cast(tf.minimum(tf.maximum(steps, 0.0), stretch.last), tf.int32)
            x = tf.gather(x, steps, axis=axis)
        else:
            x = _along(x, axis, WEIGHTS[mode](positions, stretch))
    return x
