"""Operations that read or write at indices."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from keras import ops

from converters.ir_to_tf.formats.reading.families.elementwise import summed
from converters.ir_to_tf.formats.reading.node import Node
from converters.ir_to_tf.formats.reading.table import row


@row("GatherV2")
def gather(node: Node, x: Any, *_: Any) -> Any:
    """Slices at indices along an axis."""
    axis, batches = node.number(2) % len(x.shape), int(node.attribute("batch_dims"))
    if not batches:
        return ops.take(node.tensor(0), node.operand(1), axis=axis)
    rank = len(x.shape)
    between = list(range(batches, axis))
    moved = [*range(batches), axis, *between, *range(axis + 1, rank)]
    made = _gather_in_batches(ops.transpose(node.tensor(0), moved), node.tensor(1), batches)
    made_rank, many = len(made.shape), len(node.op.inputs[1].shape) - batches
    places = [batches + many + i for i in range(len(between))]
    rest = range(batches + many + len(between), made_rank)
    return ops.transpose(made, [*range(batches), *places, *range(batches, batches + many), *rest])


def _gather_in_batches(x: Any, indices: Any, batches: int) -> Any:
    """Batches one behind the other, so that an index tells its batch too."""
    count, size = prod(x.shape[:batches]), x.shape[batches]
    flat = ops.reshape(x, (count * size, *x.shape[batches + 1 :]))
    starts = np.arange(count, dtype=str(indices.dtype)) * size
    starts = starts.reshape(*x.shape[:batches], *[1] * (len(indices.shape) - batches))
    return ops.take(flat, summed(indices, starts), axis=0)


@row("GatherNd")
def gather_nd(node: Node, x: Any, indices: Any) -> Any:
    """The leading axes, which the indices cross, as one axis with one index."""
    depth = indices.shape[-1]
    crossed, rest = x.shape[:depth], x.shape[depth:]
    steps = np.array([prod(crossed[i + 1 :]) for i in range(depth)], indices.dtype)
    flat = ops.reshape(node.tensor(0), (prod(crossed), *rest))
    if isinstance(indices, np.ndarray):
        return ops.take(flat, (indices * steps).sum(-1).astype(np.int32), axis=0)
    place = ops.sum(ops.multiply(indices, steps), axis=-1)
    return ops.take(flat, place, axis=0)


@row("TensorScatterUpdate")
def scatter_update(node: Node, *_: Any) -> Any:
    """Elements or slices written over."""
    return ops.scatter_update(node.tensor(0), node.tensor(1), node.tensor(2))


@row("UnsortedSegmentSum")
def segment_sum(node: Node, _: Any, __: Any, count: Any) -> Any:
    """Sums of equal labels."""
    return ops.segment_sum(node.tensor(0), node.tensor(1), num_segments=int(count), sorted=False)


@row("UnsortedSegmentMax")
def segment_max(node: Node, _: Any, __: Any, count: Any) -> Any:
    """The largest of equal labels."""
    return ops.segment_max(node.tensor(0), node.tensor(1), num_segments=int(count), sorted=False)


@row("UnsortedSegmentMin")
def segment_min(node: Node, _: Any, __: Any, count: Any) -> Any:
    """The smallest is the largest of the negatives."""
    turned = ops.negative(node.tensor(0))
    made = ops.segment_max(turned, node.tensor(1), num_segments=int(count), sorted=False)
    return ops.negative(made)
