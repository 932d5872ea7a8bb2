"""Ops that read elements by indices known only when the model runs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from converters.ir_to_tf.layout.rules import as_written
from converters.ir_to_tf.registry import op
from converters.ir_to_tf.site import Site


def from_start(indices: Any, size: Any) -> Any:
    """Indices that count from the start, where negative ones count from the end."""
    indices = tf.convert_to_tensor(indices)
    return tf.where(indices < 0, indices + tf.cast(size, indices.dtype), indices)


def coordinates(indices: Any, axis: int) -> Any:
    """Each element's own place, but along one axis where its index says: shape [..., rank]."""
    shape = indices.shape
    steps = [
        indices
        if a == axis
        else np.broadcast_to(
            np.arange(size).reshape([-1] + [1] * (len(shape) - a - 1)), shape
        ).astype(indices.dtype.as_numpy_dtype)
        for a, size in enumerate(shape)
    ]
    return tf.stack(steps, -1)


@op("ComputedGather", layout=as_written)
def gather(site: Site, x: Any, indices: Any, _axis: Any, *, batch_dims: int = 0) -> Any:
    """GATHER."""
    (axis,) = site.node.axes(2)
    batch = batch_dims % (site.node.inputs[1].rank or 1)
    x = tf.convert_to_tensor(x)
    return tf.gather(x, from_start(indices, x.shape[axis]), axis=axis, batch_dims=batch)


@op("GatherElements", layout=as_written)
def gather_elements(_: Site, x: Any, indices: Any, *, axis: int) -> Any:
    """GATHER_ND of one element per index."""
    x = tf.convert_to_tensor(x)
    axis %= len(x.shape)
    return tf.gather_nd(x, coordinates(from_start(indices, x.shape[axis]), axis))


@op("GatherND", layout=as_written)
def gather_nd(site: Site, x: Any, indices: Any, *, batch_dims: int) -> Any:
    """GATHER_ND; leading axes that both share are gathered one by one."""
    x = tf.convert_to_tensor(x)
    depth = indices.shape[-1]
    wanted = from_start(indices, x.shape[batch_dims : batch_dims + depth])
    made = tf.gather_nd(x, wanted, batch_dims=batch_dims)
    return tf.reshape(made, site.output_shape())


def flat_rows(shape: Sequence[int], indices: Any) -> Any:
    """The number of the row that each tuple of indices names, rows being cut at its length."""
    depth = int(indices.shape[-1])
    strides = np.array([int(np.prod(shape[a + 1 : depth])) for a in range(depth)])
    indices = from_start(indices, shape[:depth])
    return tf.reduce_sum(indices * tf.cast(strides, indices.dtype), -1)


@op("ScatterElementsUpdate", layout=as_written)
def scatter_elements(
    site: Site,
    x: Any,
    indices: Any,
    updates: Any,
    _axis: Any,
    *,
    reduction: str = "none",
    use_init_val: bool = True,
) -> Any:
    """SCATTER_ND, or a segment sum and its like, over the elements in a row."""
    (axis,) = site.node.axes(3)
    x = tf.convert_to_tensor(x)
    places = coordinates(from_start(indices, x.shape[axis]), axis)
    rows = tf.reshape(flat_rows(x.shape, places), [-1])
    flat, new = tf.reshape(x, [-1]), tf.reshape(updates, [-1])
    return tf.reshape(_scattered(flat, rows, new, (reduction, use_init_val)), x.shape)


@op("ScatterNDUpdate", layout=as_written)
def scatter_nd(_: Site, x: Any, indices: Any, updates: Any, *, reduction: str = "none") -> Any:
    """The same over rows, each named by a tuple of indices."""
    x = tf.convert_to_tensor(x)
    depth = int(indices.shape[-1])
    rows = tf.reshape(flat_rows(x.shape, indices), [-1])
    inner = [int(size) for size in x.shape[depth:]]
    flat = tf.reshape(x, [int(np.prod(x.shape[:depth])), *inner])
    new = tf.reshape(updates, [rows.shape[0], *inner])
    return tf.reshape(_scattered(flat, rows, new, (reduction, True)), x.shape)


@op("ScatterUpdate", layout=as_written)
def scatter(site: Site, x: Any, indices: Any, updates: Any, _axis: Any) -> Any:
    """Whole slices along one axis."""
    (axis,) = site.node.axes(3)
    x, rank = tf.convert_to_tensor(x), site.node.inputs[1].rank
    front = [axis, *(a for a in range(len(x.shape)) if a != axis)]
    moved = [*range(axis, axis + rank), *range(axis), *range(axis + rank, len(updates.shape))]
    data = tf.transpose(x, front)
    rows = tf.reshape(from_start(indices, x.shape[axis]), [-1])
    new = tf.reshape(tf.transpose(updates, moved), [rows.shape[0], *data.shape[1:]])
    made = tf.tensor_scatter_nd_update(data, rows[:, None], new)
    return tf.transpose(made, np.argsort(front))


SEGMENTS = {
    "sum": tf.math.unsorted_segment_sum,
    "prod": tf.math.unsorted_segment_prod,
    "min": tf.math.unsorted_segment_min,
    "max": tf.math.unsorted_segment_max,
    "mean": tf.math.unsorted_segment_sum,
}
COMBINED = {
    "sum": tf.add,
    "prod": tf.multiply,
    "min": tf.minimum,
    "max": tf.maximum,
    "mean": tf.add,
}


def _scattered(data: Any, rows: Any, updates: Any, how: tuple[str, bool]) -> Any:
    """Rows of data replaced by, or combined with, the updates that name them."""
    reduction, use_init_val = how
    if reduction == "none":
        return tf.tensor_scatter_nd_update(data, rows[:, None], updates)
    if data.dtype == tf.bool:
        whole = (tf.cast(each, tf.int32) for each in (data, updates))
        kept, new = whole
        kind = "min" if reduction in ("min", "prod") else "max"
        return tf.cast(_scattered(kept, rows, new, (kind, use_init_val)), tf.bool)
    count = data.shape[0]
    gathered = SEGMENTS[reduction](updates, rows, count)
    times = tf.math.unsorted_segment_sum(tf.ones_like(updates), rows, count)
    whole = COMBINED[reduction](data, gathered) if use_init_val else gathered
    if reduction == "mean":
        divisor = tf.maximum(times + (1 if use_init_val else 0), 1)
        divided = tf.math.floordiv if data.dtype.is_integer else tf.divide
        whole = divided(whole, divisor)
    return tf.where(times > 0, whole, data)
