"""Ops that name, cut and put together tensors of unknown sizes, as the IR writes them."""

# ruff: noqa: PLR0913 - an emitter's signature is the IR's schema

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from converters.ir_to_tf.layout.rules import as_written
from converters.ir_to_tf.ops.gathering import from_start
from converters.ir_to_tf.reader import DTYPES
from converters.ir_to_tf.registry import op
from converters.ir_to_tf.site import WrittenSite

FARTHEST = 2**31 - 1


def row(numbers: Any) -> Any:
    """Sizes, axes or bounds as a row of int32; what means `to the end` stays far away."""
    if isinstance(numbers, np.ndarray):
        return np.clip(numbers, -FARTHEST, FARTHEST).astype(np.int32).reshape(-1)
    if numbers.dtype == tf.int64:
        far = tf.constant(FARTHEST, tf.int64)
        numbers = tf.minimum(tf.maximum(numbers, -far), far)
    return tf.reshape(tf.cast(numbers, tf.int32), [-1])


def rank_of(x: Any) -> Any:
    """The number of axes: a number where it is known, else a tensor."""
    return tf.rank(x) if x.shape.rank is None else x.shape.rank


def _holds(numbers: Any, places: Any) -> Any:
    """For each place, whether the numbers name it."""
    return tf.reduce_any(tf.equal(places[:, None], numbers[None]), 1)


@op("DynamicReshape", layout=as_written)
def reshape(_: WrittenSite, x: Any, target: Any, *, special_zero: bool) -> Any:
    """RESHAPE; a 0 may mean the size that the axis has."""
    x, sizes = tf.convert_to_tensor(x), row(target)
    if special_zero and not (isinstance(sizes, np.ndarray) and sizes.all()):
        filled = tf.concat([tf.shape(x), tf.ones(tf.shape(sizes), tf.int32)], 0)
        sizes = tf.where(tf.equal(sizes, 0), filled[: tf.shape(sizes)[0]], sizes)
    return tf.reshape(x, sizes)


@op("DynamicSqueeze", layout=as_written, excused={"allow_axis_skip": "axes named have size 1"})
def squeeze(_: WrittenSite, x: Any, axes: Any = None) -> Any:
    """SQUEEZE, or a RESHAPE to the sizes of the other axes."""
    x = tf.convert_to_tensor(x)
    if axes is None or isinstance(axes, np.ndarray):
        return tf.squeeze(x, None if axes is None else [int(axis) for axis in np.ravel(axes)])
    rank = rank_of(x)
    gone = _holds(from_start(row(axes), rank), tf.range(rank))
    return tf.reshape(x, tf.gather(tf.shape(x), tf.where(tf.logical_not(gone))[:, 0]))


@op("DynamicUnsqueeze", layout=as_written)
def unsqueeze(_: WrittenSite, x: Any, axes: Any) -> Any:
    """A RESHAPE to the sizes that there are, with 1 between."""
    x, wanted = tf.convert_to_tensor(x), row(axes)
    rank = rank_of(x) + tf.shape(wanted)[0]
    is_new = _holds(from_start(wanted, rank), tf.range(rank))
    old = tf.cumsum(tf.cast(tf.logical_not(is_new), tf.int32)) - 1
    sizes = tf.concat([tf.shape(x), [1]], 0)
    return tf.reshape(x, tf.where(is_new, 1, tf.gather(sizes, tf.maximum(old, 0))))


@op("DynamicTranspose", layout=as_written)
def transpose(_: WrittenSite, x: Any, order: Any) -> Any:
    """TRANSPOSE."""
    return tf.transpose(x, row(order) if np.prod(order.shape) else None)


@op("DynamicShapeOf", layout=as_written)
def shape_of(_: WrittenSite, x: Any, *, output_type: str) -> Any:
    """SHAPE."""
    return tf.shape(x, getattr(tf, DTYPES[output_type]))


@op("DynamicConcat", layout=as_written)
def concat(site: WrittenSite, *tensors: Any, axis: int) -> Any:
    """CONCATENATION."""
    return tf.concat(tensors, site.axis_of_output(axis))


def sliced(x: Any, bounds: Sequence[Any], axes: Any) -> Any:
    """STRIDED_SLICE: rows of starts, stops and steps along some axes."""
    rank = rank_of(x)
    axes = from_start(axes, rank)
    fillers = (0, FARTHEST, 1)
    full = [
        tf.tensor_scatter_nd_update(tf.fill([rank], filler), axes[:, None], bound)
        for filler, bound in zip(fillers, bounds, strict=True)
    ]
    return tf.strided_slice(x, *full)


@op("DynamicSlice", layout=as_written)
def slice_(
    _: WrittenSite, x: Any, start: Any, stop: Any, step: Any, axes: Any | None = None
) -> Any:
    """STRIDED_SLICE."""
    bounds = [row(each) for each in (start, stop, step)]
    named = tf.range(tf.shape(bounds[0])[0]) if axes is None else row(axes)
    return sliced(tf.convert_to_tensor(x), bounds, named)


def _bits(mask: Sequence[int]) -> int:
    return sum(1 << place for place, bit in enumerate(mask) if bit)


@op("DynamicStridedSlice", layout=as_written)
def strided_slice(
    _: WrittenSite,
    x: Any,
    begin: Any,
    end: Any,
    step: Any = None,
    *,
    begin_mask: Sequence[int],
    end_mask: Sequence[int],
    new_axis_mask: Sequence[int] = (),
    shrink_axis_mask: Sequence[int] = (),
    ellipsis_mask: Sequence[int] = (),
) -> Any:
    """STRIDED_SLICE, whose masks are bits."""
    step = np.ones(begin.shape, np.int32) if step is None else step
    masks = (begin_mask, end_mask, ellipsis_mask, new_axis_mask, shrink_axis_mask)
    return tf.strided_slice(x, row(begin), row(end), row(step), *map(_bits, masks))


@op("DynamicSplit", layout=as_written, excused={"num_splits": "there are as many outputs"})
def split(site: WrittenSite, x: Any, axis: Any) -> Any:
    """Parts of one size."""
    count = len(site.node.outputs)
    length = tf.gather(tf.shape(x), row(axis)) // count
    return _parts(x, row(axis), tf.repeat(length, count))


@op("DynamicVariadicSplit", layout=as_written)
def variadic_split(_: WrittenSite, x: Any, axis: Any, lengths: Any) -> Any:
    """Parts of given sizes, one of which may be what is left."""
    sizes = tf.convert_to_tensor(row(lengths))
    known = tf.reduce_sum(tf.maximum(sizes, 0))
    rest = tf.gather(tf.shape(x), row(axis)) - known
    return _parts(x, row(axis), tf.where(sizes < 0, rest, sizes))


def _parts(x: Any, axis: Any, sizes: Any) -> list[Any]:
    stops = tf.cumsum(sizes)
    one = np.ones(1, np.int32)
    return [
        sliced(tf.convert_to_tensor(x), ((stops - sizes)[k : k + 1], stops[k : k + 1], one), axis)
        for k in range(int(sizes.shape[0]))
    ]


@op("DynamicBroadcast", layout=as_written)
def broadcast(_: WrittenSite, x: Any, target: Any, axes: Any = None, *, mode: str) -> Any:
    """BROADCAST_TO."""
    x, sizes = tf.convert_to_tensor(x), row(target)
    if mode == "bidirectional":
        return tf.broadcast_to(x, tf.broadcast_dynamic_shape(tf.shape(x), sizes))
    if mode == "explicit" and axes is not None:
        ones = tf.ones(tf.shape(sizes), tf.int32)
        x = tf.reshape(x, tf.tensor_scatter_nd_update(ones, row(axes)[:, None], tf.shape(x)))
    return tf.broadcast_to(x, sizes)


@op("DynamicTile", layout=as_written)
def tile(_: WrittenSite, x: Any, repeats: Any) -> Any:
    """TILE; the shorter of shape and repeats gets ones in front."""
    x, times = tf.convert_to_tensor(x), row(repeats)
    count, rank = int(times.shape[0]), len(x.shape)
    x = tf.reshape(x, tf.concat([[1] * max(0, count - rank), tf.shape(x)], 0))
    return tf.tile(x, tf.concat([[1] * max(0, rank - count), times], 0))


@op("DynamicPad", layout=as_written)
def pad(_: WrittenSite, x: Any, begin: Any, end: Any, value: Any = None, *, pad_mode: str) -> Any:
    """PADV2 and MIRROR_PAD; negative pads crop first, an edge is repeated by GATHER."""
    x, before, behind = tf.convert_to_tensor(x), row(begin), row(end)
    if pad_mode == "edge":
        for axis in range(len(x.shape)):
            size = tf.shape(x)[axis]
            steps = tf.range(-before[axis], size + behind[axis])
            x = tf.gather(x, tf.minimum(tf.maximum(steps, 0), size - 1), axis=axis)
        return x
    stops = tf.shape(x) - tf.maximum(-behind, 0)
    x = tf.strided_slice(x, tf.maximum(-before, 0), stops, np.ones(len(x.shape), np.int32))
    widths = tf.stack([tf.maximum(before, 0), tf.maximum(behind, 0)], 1)
    if pad_mode != "constant":
        return tf.pad(x, widths, pad_mode.upper())
    filler = tf.zeros([], x.dtype) if value is None else tf.reshape(tf.cast(value, x.dtype), [])
    return tf.pad(x, widths, constant_values=filler)


@op("DynamicRange", layout=as_written)
def range_(_: WrittenSite, start: Any, stop: Any, step: Any, *, output_type: str = "") -> Any:
    """RANGE, in the type that is asked for."""
    dtype = getattr(tf, DTYPES[output_type]) if output_type else tf.as_dtype(start.dtype)
    dtype = tf.float32 if dtype.is_floating else dtype
    return tf.range(*(tf.reshape(tf.cast(each, dtype), []) for each in (start, stop, step)))
