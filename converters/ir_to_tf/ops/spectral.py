"""Fourier transforms, as products with matrices of cosines: TensorFlow Lite has hardly more."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from converters.ir_to_tf.graph import Array
from converters.ir_to_tf.layout.rules import as_written
from converters.ir_to_tf.registry import op
from converters.ir_to_tf.site import Site

Complex = tuple[Any, Any]
"""Real and imaginary part."""


def waves(made: int, read: int, sign: float) -> Array:
    """The matrix [made, read] of the transform from signals of `read` steps."""
    angles = np.outer(np.arange(made), np.arange(read)) * (2 * np.pi / read)
    matrix: Array = np.cos(angles) + 1j * sign * np.sin(angles)
    return matrix


def _sizes(site: Site) -> dict[int, int]:
    """For each axis to transform, the length of the signal; -1 where it is as given."""
    rank = site.node.outputs[0].rank - (0 if site.node.type == "IRDFT" else 1)
    axes = [int(axis) % rank for axis in np.ravel(site.node.known(1))]
    known = np.ravel(site.node.known(2)) if len(site.node.inputs) > 2 else [-1] * len(axes)
    return {axis: int(size) for axis, size in zip(axes, known, strict=True)}


def _fitted(x: Any, axis: int, size: int) -> Any:
    """Cut, or filled up with 0, to a length along one axis."""
    have = int(x.shape[axis])
    if have > size:
        return x[(slice(None),) * axis + (slice(size),)]
    rows = [[0, size - have if a == axis else 0] for a in range(len(x.shape))]
    return tf.pad(x, rows) if have < size else x


def _along(x: Complex, axis: int, matrix: Array) -> Complex:
    """The product with a complex matrix along one axis."""
    real, imaginary = (each.astype(np.float32) for each in (matrix.real, matrix.imag))

    def product(part: Any, weights: Array) -> Any:
        order = [*(a for a in range(len(part.shape)) if a != axis), axis]
        turned = tf.matmul(tf.transpose(part, order)[..., None, :], weights.T)[..., 0, :]
        return tf.transpose(turned, np.argsort(order))

    a, b = x
    return product(a, real) - product(b, imaginary), product(a, imaginary) + product(b, real)


def _transformed(x: Complex, sizes: dict[int, int], matrix: Callable[[int], Array]) -> Complex:
    for axis, size in sizes.items():
        length = size if size >= 0 else int(x[0].shape[axis])
        x = _along((_fitted(x[0], axis, length), _fitted(x[1], axis, length)), axis, matrix(length))
    return x


def _inverse(size: int) -> Array:
    return waves(size, size, 1.0) / size


def _forward(size: int) -> Array:
    return waves(size, size, -1.0)


@op("DFT", layout=as_written)
def dft(site: Site, x: Any, *_parameters: Any) -> Any:
    """Complex to complex."""
    return tf.stack(_transformed((x[..., 0], x[..., 1]), _sizes(site), _forward), -1)


@op("IDFT", layout=as_written)
def idft(site: Site, x: Any, *_parameters: Any) -> Any:
    """And back."""
    return tf.stack(_transformed((x[..., 0], x[..., 1]), _sizes(site), _inverse), -1)


@op("RDFT", layout=as_written)
def rdft(site: Site, x: Any, *_parameters: Any) -> Any:
    """Real to complex: of the last axis, the half that says all."""
    sizes = _sizes(site)
    *_, last = sizes
    made = _transformed((x, tf.zeros_like(x)), sizes, _forward)
    half = int(made[0].shape[last]) // 2 + 1
    return tf.stack([_fitted(part, last, half) for part in made], -1)


@op("IRDFT", layout=as_written)
def irdft(site: Site, x: Any, *_parameters: Any) -> Any:
    """Half a spectrum to real numbers: the other half mirrors it."""
    sizes = _sizes(site)
    *others, last = sizes
    full = site.node.outputs[0].shape[last]
    spectrum = (x[..., 0], x[..., 1])
    spectrum = _transformed(spectrum, {axis: sizes[axis] for axis in others}, _inverse)
    half = full // 2 + 1
    fitted = [_fitted(part, last, half) for part in spectrum]
    weights = np.where((np.arange(half) == 0) | (2 * np.arange(half) == full), 1.0, 2.0)
    matrix = waves(full, full, 1.0)[:, :half] * weights / full
    return _along((fitted[0], fitted[1]), last, matrix)[0]
