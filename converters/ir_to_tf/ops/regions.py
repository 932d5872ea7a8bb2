"""Pools over regions of images that other tensors name."""

# ruff: noqa: PLR0913 - an emitter's signature is the IR's schema

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from converters.ir_to_tf.layout.rules import as_written
from converters.ir_to_tf.ops.sampling import images_last, weighed
from converters.ir_to_tf.registry import op
from converters.ir_to_tf.site import Site

LOWEST = float(np.finfo(np.float32).min)


def _rounded(x: Any) -> Any:
    """Halves away from 0, as C rounds."""
    return tf.sign(x) * tf.floor(tf.abs(x) + 0.5)


def windows(start: Any, step: Any, count: int, size: int) -> Any:
    """Which pixels each bin of each region sees along one axis: [regions, bins, pixels]."""
    bins = np.arange(count, dtype=np.float32)
    first = tf.floor(bins * step[:, None]) + start[:, None]
    last = tf.math.ceil((bins + 1) * step[:, None]) + start[:, None]
    pixels = np.arange(size, dtype=np.float32)
    return tf.logical_and(pixels >= first[..., None], pixels < last[..., None])


def _greatest(x: Any, seen: Any, axis: int) -> Any:
    """The greatest of what each bin sees along an axis of [regions, ...], the bins in its place."""
    shape = [1] * len(x.shape)
    shape[0], shape[axis] = -1, int(x.shape[axis])
    parts = [
        tf.reduce_max(tf.where(tf.reshape(mask, shape), x, LOWEST), axis)
        for mask in tf.unstack(seen, axis=1)
    ]
    return tf.stack(parts, axis)


def crossings(start: Any, end: Any, count: int, size: int) -> Any:
    """Bilinear weights [regions, bins, pixels] of points from start to end, both between 0 and 1.

    A point outside of the image weighs nothing.
    """
    if count > 1:
        steps = np.arange(count, dtype=np.float32) / (count - 1)
        points = start[:, None] + (end - start)[:, None] * steps
    else:
        points = 0.5 * (start + end)[:, None]
    points = points * (size - 1)
    inside = tf.logical_and(points >= 0.0, points <= float(size - 1))
    distance = tf.abs(points[..., None] - np.arange(size, dtype=np.float32))
    return tf.nn.relu(1.0 - distance) * tf.cast(inside, tf.float32)[..., None]


@op(
    "ROIPooling",
    layout=images_last(("r", "k"), made=("r", "c", "i", "j")),
    excused={"pooled_h": "output_roi says it", "pooled_w": "output_roi says it"},
)
def roi_pooling(
    _: Site,
    x: Any,
    regions: Any,
    *,
    output_roi: Sequence[int],
    method: str,
    spatial_scale: float,
    output_size: Sequence[int] = (),
) -> Any:
    """The greatest pixel of each bin of each region, or one between pixels."""
    high, wide = output_size or output_roi
    regions = tf.convert_to_tensor(regions)
    _, height, width, _ = x.shape
    batch = tf.cast(regions[:, 0], tf.int32)
    images = tf.gather(x, tf.maximum(batch, 0))
    left, top, right, bottom = tf.unstack(regions[:, 1:], axis=1)
    if method == "bilinear":
        made = weighed(
            images, crossings(top, bottom, high, height), crossings(left, right, wide, width)
        )
    else:
        edges = [_rounded(edge * spatial_scale) for edge in (top, bottom, left, right)]
        down = windows(edges[0], tf.maximum(edges[1] - edges[0] + 1, 1) / high, high, height)
        across = windows(edges[2], tf.maximum(edges[3] - edges[2] + 1, 1) / wide, wide, width)
        best = _greatest(_greatest(images, across, 2), down, 1)
        made = tf.where(best > LOWEST, best, 0.0)
    return tf.where(batch[:, None, None, None] >= 0, made, 0.0)


@op("PSROIPooling", layout=as_written)
def position_sensitive_roi_pooling(
    site: Site,
    x: Any,
    regions: Any,
    *,
    output_dim: int,
    group_size: int,
    spatial_scale: float,
    mode: str,
    spatial_bins_x: int,
    spatial_bins_y: int,
) -> Any:
    """Every bin of a region is the mean of pixels in channels of its own."""
    regions = tf.convert_to_tensor(regions)
    images = tf.gather(tf.transpose(x, [0, 2, 3, 1]), tf.cast(regions[:, 0], tf.int32))
    left, top, right, bottom = tf.unstack(regions[:, 1:], axis=1)
    if mode == "average":
        edges = [_rounded(left), _rounded(top), _rounded(right) + 1, _rounded(bottom) + 1]
        edges = [edge * spatial_scale for edge in edges]
        made = _means(images, edges, group_size)
        axes = [0, 1, 2, 3, 4, 5]  # regions, i, j, dim, group i, group j
        cut = [-1, group_size, group_size, output_dim, group_size, group_size]
        table = tf.transpose(tf.reshape(made, cut), axes)
        same = np.eye(group_size, dtype=np.float32)
        pick = same[:, None, None, :, None] * same[None, :, None, None, :]
        return tf.transpose(tf.reduce_sum(table * pick, [4, 5]), [0, 3, 1, 2])
    edges = [edge * spatial_scale for edge in (left, top, right, bottom)]
    parts = []
    for row, column in np.ndindex(spatial_bins_y, spatial_bins_x):
        number = row * spatial_bins_x + column
        mine = images[..., number * output_dim : (number + 1) * output_dim]
        down = _part(edges[1], edges[3], row, spatial_bins_y)
        across = _part(edges[0], edges[2], column, spatial_bins_x)
        high, wide = site.node.outputs[0].shape[2:]
        rows = crossings(*down, high, int(mine.shape[1]))
        parts.append(weighed(mine, rows, crossings(*across, wide, int(mine.shape[2]))))
    return tf.transpose(tf.add_n(parts) / len(parts), [0, 3, 1, 2])


def _part(start: Any, end: Any, number: int, count: int) -> tuple[Any, Any]:
    size = (end - start) / count
    return start + size * number, start + size * (number + 1)


def _means(images: Any, edges: Sequence[Any], group: int) -> Any:
    """The mean of each bin, of all channels; of none, 0."""
    left, top, right, bottom = edges
    masks = []
    for start, end, size in ((top, bottom, images.shape[1]), (left, right, images.shape[2])):
        step = tf.maximum(end - start, 0.1) / group
        bins = np.arange(group, dtype=np.float32)
        first = tf.floor(start[:, None] + bins * step[:, None])
        last = tf.math.ceil(start[:, None] + (bins + 1) * step[:, None])
        pixels = np.arange(int(size), dtype=np.float32)
        seen = tf.logical_and(pixels >= first[..., None], pixels < last[..., None])
        mask = tf.cast(seen, tf.float32)
        masks.append(mask / tf.maximum(tf.reduce_sum(mask, -1, keepdims=True), 1.0))
    return weighed(images, *masks)
