"""The mathematics of Interpolate: for each axis a matrix that takes old samples to new ones."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from converters.ir_to_tf.graph import Array


@dataclass(frozen=True)
class Resize:
    """How one axis of `size` samples becomes one of `made`; the names are the IR's."""

    size: int
    made: int
    scale: float
    mode: str
    coordinates: str
    nearest: str = "round_prefer_floor"
    cube: float = -0.75
    antialias: bool = False

    def swapped(self, coordinates: str, nearest: str) -> Resize:
        """The same sizes by the rules of another kernel."""
        scale = self.made / self.size
        return replace(self, coordinates=coordinates, nearest=nearest, scale=scale)

    def positions(self) -> Array:
        """Where each new sample lies among the old ones."""
        return COORDINATES[self.coordinates](np.arange(self.made, dtype=np.float64), self)

    def matrix(self) -> Array:
        """Weights [made, size]."""
        return MODES[self.mode](self)


COORDINATES: dict[str, Callable[[Array, Resize], Array]] = {
    "half_pixel": lambda x, r: (x + 0.5) / r.scale - 0.5,
    "pytorch_half_pixel": lambda x, r: (x + 0.5) / r.scale - 0.5 if r.made > 1 else x * 0,
    "asymmetric": lambda x, r: x / r.scale,
    "tf_half_pixel_for_nn": lambda x, r: (x + 0.5) / r.scale,
    "align_corners": lambda x, r: x * (r.size - 1) / max(1, r.made - 1),
}

ROUNDINGS: dict[str, Callable[[Array, Resize], Array]] = {
    "round_prefer_floor": lambda x, _: np.ceil(x - 0.5),
    "round_prefer_ceil": lambda x, _: np.floor(x + 0.5),
    "floor": lambda x, _: np.floor(x),
    "ceil": lambda x, _: np.ceil(x),
    "simple": lambda x, r: np.ceil(x) if r.scale < 1 else np.trunc(x),
}


def nearest_steps(resize: Resize) -> Array:
    """The old sample that each new one repeats."""
    # OpenVINO computes positions in single precision, which decides ties.
    positions = resize.positions().astype(np.float32)
    steps = ROUNDINGS[resize.nearest](positions, resize)
    return np.clip(steps, 0, resize.size - 1).astype(np.int32)


def _nearest(resize: Resize) -> Array:
    return np.eye(resize.size)[nearest_steps(resize)]


def _linear_onnx(resize: Resize) -> Array:
    x = np.clip(resize.positions(), 0, resize.size - 1)
    low = np.floor(x).astype(int)
    high = np.minimum(low + 1, resize.size - 1)
    eye = np.eye(resize.size)
    matrix: Array = eye[low] * (1 - (x - low))[:, None] + eye[high] * (x - low)[:, None]
    return matrix


def _linear(resize: Resize) -> Array:
    """Samples outside the image do not count; what counts adds up to 1."""
    narrow = resize.scale if resize.antialias and resize.scale < 1 else 1.0
    distance = resize.positions()[:, None] - np.arange(resize.size)[None]
    weights = np.maximum(0.0, 1 - np.abs(distance * narrow))
    normalised: Array = weights / np.maximum(weights.sum(1, keepdims=True), 1e-12)
    return normalised


def _cubic(resize: Resize) -> Array:
    x, a = resize.positions(), resize.cube
    low = np.floor(x).astype(int)
    matrix = np.zeros((resize.made, resize.size))
    for step in range(-1, 3):
        d = np.abs(x - low - step)
        near = ((a + 2) * d - (a + 3)) * d * d + 1
        far = a * (((d - 5) * d + 8) * d - 4)
        column = np.clip(low + step, 0, resize.size - 1)
        np.add.at(matrix, (np.arange(resize.made), column), np.where(d <= 1, near, far))
    return matrix


def _triangle(d: Array) -> Array:
    return np.maximum(0.0, 1 - np.abs(d))


def _keys(d: Array) -> Array:
    """Keys's cubic with Pillow's own -0.5, which OpenVINO takes whatever `cube_coeff` says."""
    a, d = -0.5, np.abs(d)
    near = ((a + 2) * d - (a + 3)) * d * d + 1
    far = a * (((d - 5) * d + 8) * d - 4)
    return np.where(d < 1, near, np.where(d < 2, far, 0.0))


def _as_pillow(weigh: Callable[[Array], Array], reach: float) -> Any:
    """Pillow's filters: as wide as the samples are apart, over whole samples near enough."""

    def matrix(resize: Resize) -> Array:
        apart = max(1.0, resize.size / resize.made)
        centre = ((np.arange(resize.made) + 0.5) * resize.size / resize.made)[:, None]
        first = np.maximum(0, np.trunc(centre - reach * apart + 0.5))
        last = np.minimum(resize.size, np.trunc(centre + reach * apart + 0.5))
        steps = np.arange(resize.size)[None]
        weights = weigh((steps - centre + 0.5) / apart)
        weights = np.where((steps >= first) & (steps < last), weights, 0.0)
        made: Array = weights / weights.sum(1, keepdims=True)
        return made

    return matrix


MODES: dict[str, Callable[[Resize], Array]] = {
    "nearest": _nearest,
    "linear": _linear,
    "linear_onnx": _linear_onnx,
    "cubic": _cubic,
    "bilinear_pillow": _as_pillow(_triangle, 1.0),
    "bicubic_pillow": _as_pillow(_keys, 2.0),
}
