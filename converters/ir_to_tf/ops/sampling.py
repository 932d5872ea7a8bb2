"""Ops that read images between their pixels, where other tensors say: channels last."""

# ruff: noqa: PLR0913 - an emitter's signature is the IR's schema

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import tensorflow as tf

from converters.ir_to_tf.graph import Node
from converters.ir_to_tf.layout.rules import Labels, Rule
from converters.ir_to_tf.layout.spec import Arrangement, Groups, Spec
from converters.ir_to_tf.registry import op
from converters.ir_to_tf.site import Site

Taps = list[tuple[Any, Any]]
"""The pixels along one axis that make up a sample, and how much of each."""


def images_last(*others: Labels, made: Labels) -> Rule:
    """Images (n h w c), the other inputs as written, the output's channels last."""

    def rule(node: Node) -> Spec:
        ports: list[Labels | None] = [("n", "c", "h", "w"), *others, made]
        values = zip(node.values, ports, strict=True)
        ports = [None if value.is_constant else port for value, port in values]
        labels = dict.fromkeys(label for port in ports if port for label in port)

        def arrange(orders: Groups) -> Iterator[Arrangement]:
            yield Arrangement(
                tuple(
                    None if port is None else tuple(orders[str(label)] for label in _last(port))
                    for port in ports
                )
            )

        return Spec(
            tuple(ports),
            frozenset(labels) - {"c"},
            groups={str(label): (label,) for label in labels},
            arrange=arrange,
        )

    return rule


def _last(labels: Labels) -> Labels:
    return (*(label for label in labels if label != "c"), *("c" for _ in labels if _ == "c"))


def cubic_taps(v: Any) -> Taps:
    """Four pixels, weighted by Keys's cubic with -0.75."""
    start = tf.floor(v)
    d, a = v - start, -0.75

    def near(t: Any) -> Any:
        return ((a + 2) * t - (a + 3)) * t * t + 1

    def far(t: Any) -> Any:
        return ((a * t - 5 * a) * t + 8 * a) * t - 4 * a

    weights = (far(d + 1), near(d), near(1 - d), far(2 - d))
    return [(start + (k - 1), weight) for k, weight in enumerate(weights)]


def linear_taps(v: Any) -> Taps:
    """The pixel before, and the one after."""
    start = tf.floor(v)
    return [(start, 1 - (v - start)), (start + 1, v - start)]


TAPS: dict[str, Callable[[Any], Taps]] = {
    "nearest": lambda v: [(tf.round(v), tf.ones_like(v))],
    "bilinear": linear_taps,
    "bicubic": cubic_taps,
}


def _reflected(v: Any, size: int, align: bool) -> Any:
    """Pixels outside, mirrored: at the outermost pixels, or at their outer edges."""
    if align:
        period = max(2 * (size - 1), 1)
        v = tf.math.floormod(tf.abs(v), period)
        return tf.minimum(v, period - v) if size > 1 else tf.zeros_like(v)
    v = tf.math.floormod(v, 2 * size)
    return tf.where(v >= size, 2 * size - 1 - v, v)


def _pixels(taps: Taps, size: int, padding: str, align: bool) -> Taps:
    """Taps inside the image: outside of it, there is nothing, the edge, or the image mirrored."""
    made = []
    for place, weight in taps:
        if padding == "zeros":
            weight *= tf.cast((place >= 0) & (place <= size - 1), weight.dtype)
        if padding == "reflection":
            place = _reflected(place, size, align)
        made.append((tf.cast(tf.clip_by_value(place, 0.0, size - 1.0), tf.int32), weight))
    return made


@op("GridSample", layout=images_last(("n", "i", "j", "xy"), made=("n", "c", "i", "j")))
def grid_sample(
    _: Site, x: Any, grid: Any, *, align_corners: bool, mode: str, padding_mode: str
) -> Any:
    """GATHER of every pixel that a sample takes, and their weighted sum."""
    batch, height, width, channels = x.shape
    rows = tf.reshape(x, [batch, height * width, channels])

    def taps(axis: int, size: int) -> Taps:
        v = tf.convert_to_tensor(grid)[..., axis]
        v = (v + 1) * 0.5 * (size - 1) if align_corners else ((v + 1) * size - 1) * 0.5
        return _pixels(TAPS[mode](v), size, padding_mode, align_corners)

    parts = [
        tf.gather(rows, a * width + b, batch_dims=1) * (p * q)[..., None]
        for a, p in taps(1, height)
        for b, q in taps(0, width)
    ]
    return tf.add_n(parts) if len(parts) > 1 else parts[0]


# How each mode moves corners: before scaling, behind it; and whether a box may be under a pixel.
CORNERS = {
    "asymmetric": (0.0, 0.0, False),
    "half_pixel_for_nn": (0.0, -0.5, True),
    "half_pixel": (0.5, -0.5, True),
}


def _samples(start: Any, length: Any, count: int, ratio: int) -> Any:
    """Where the samples of every bin lie along one axis: [boxes, bins x ratio]."""
    steps = (np.arange(count * ratio) + 0.5) / (count * ratio)
    return start[:, None] + length[:, None] * steps.astype(np.float32)


def _box_taps(v: Any, size: int) -> Taps:
    """Samples more than a pixel outside are nothing; others are moved inside."""
    inside = tf.cast((v >= -1.0) & (v <= float(size)), v.dtype)
    v = tf.clip_by_value(v, 0.0, size - 1.0)
    start = tf.floor(v)
    end = tf.minimum(start + 1, size - 1.0)
    near = (tf.cast(start, tf.int32), (1 - (v - start)) * inside)
    return [near, (tf.cast(end, tf.int32), (v - start) * inside)]


def _as_fit(start: Any, length: Any, count: int, size: int) -> Any:
    """Weights [boxes, bins, pixels] of the mean of as many samples as a bin has pixels."""
    step = length[:, None, None] / count
    most = tf.maximum(tf.math.ceil(step), 1.0)
    number = tf.range(tf.reduce_max(most))
    bins = np.arange(count, dtype=np.float32)[None, :, None]
    points = start[:, None, None] + step * (bins + (number + 0.5) / most)
    counts = tf.cast(number < most, tf.float32) * tf.cast(points >= -1.0, tf.float32)
    counts *= tf.cast(points <= float(size), tf.float32)
    inside = tf.clip_by_value(points, 0.0, size - 1.0)
    distance = tf.abs(inside[..., None] - np.arange(size, dtype=np.float32))
    weights = tf.nn.relu(1.0 - distance) * counts[..., None]
    return tf.reduce_sum(weights, 2) / most


def weighed(x: Any, down: Any, across: Any) -> Any:
    """Images [regions, h, w, c] times weights [regions, bins, pixels], along both axes."""
    height, width, channels = (int(size) for size in x.shape[1:])
    rows = tf.matmul(down, tf.reshape(x, [-1, height, width * channels]))
    high, wide = int(down.shape[1]), int(across.shape[1])
    turned = tf.transpose(tf.reshape(rows, [-1, high, width, channels]), [0, 2, 1, 3])
    made = tf.matmul(across, tf.reshape(turned, [-1, width, high * channels]))
    return tf.transpose(tf.reshape(made, [-1, wide, high, channels]), [0, 2, 1, 3])


@op("ROIAlign", layout=images_last(("r", "k"), ("r",), made=("r", "c", "i", "j")))
def roi_align(
    site: Site,
    x: Any,
    boxes: Any,
    batch: Any,
    *,
    pooled_h: int,
    pooled_w: int,
    sampling_ratio: int,
    spatial_scale: float,
    mode: str,
    aligned_mode: str = "asymmetric",
) -> Any:
    """The mean, or the greatest, of some samples in every bin of every box."""
    before, behind, is_aligned = CORNERS[aligned_mode]
    corners = (tf.convert_to_tensor(boxes) + before) * spatial_scale + behind
    size = corners[:, 2:] - corners[:, :2]
    size = size if is_aligned else tf.maximum(size, 1.0)
    _, height, width, channels = x.shape
    ratio = sampling_ratio
    if ratio == 0:
        if mode != "avg":
            raise site.refuse("the greatest of as many samples as fit is not supported")
        down = _as_fit(corners[:, 1], size[:, 1], pooled_h, height)
        across = _as_fit(corners[:, 0], size[:, 0], pooled_w, width)
        return weighed(tf.gather(x, tf.cast(batch, tf.int32)), down, across)
    down = _box_taps(_samples(corners[:, 1], size[:, 1], pooled_h, ratio), height)
    across = _box_taps(_samples(corners[:, 0], size[:, 0], pooled_w, ratio), width)
    first = tf.cast(batch, tf.int32)[:, None, None] * (height * width)
    rows = tf.reshape(x, [-1, channels])
    parts = [
        tf.gather(rows, first + a[:, :, None] * width + b[:, None, :])
        * (p[:, :, None] * q[:, None, :])[..., None]
        for a, p in down
        for b, q in across
    ]
    bins = [-1, pooled_h, ratio, pooled_w, ratio, channels]
    samples = tf.reshape(tf.add_n(parts), bins)
    if mode == "avg":
        return tf.reduce_mean(samples, [2, 4])
    return tf.nn.relu(tf.reduce_max(samples, [2, 4]))  # OpenVINO begins with 0
