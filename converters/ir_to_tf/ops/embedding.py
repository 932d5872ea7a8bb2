"""Sums over bags of rows of a table."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from converters.ir_to_tf.layout.rules import as_written
from converters.ir_to_tf.registry import op
from converters.ir_to_tf.site import Site


def _weighed(rows: Any, weights: Any) -> Any:
    if weights is None:
        return rows
    return rows * tf.reshape(weights, [*weights.shape, *[1] * (len(rows.shape) - 1)])


def _sums(table: Any, indices: Any, bags: Any, count: int, rest: tuple[Any, Any]) -> Any:
    """The sum of each bag's rows; an empty one holds the default row, or nothing."""
    default, weights = rest
    bags = tf.cast(bags, tf.int32)
    rows = _weighed(tf.gather(table, indices), weights)
    made = tf.math.unsorted_segment_sum(rows, bags, count)
    if default is None:
        return made
    sizes = tf.math.unsorted_segment_sum(tf.ones_like(bags), bags, count)
    default = tf.reshape(tf.cast(default, tf.int32), [])
    row = tf.gather(table, tf.maximum(default, 0))
    row = tf.where(default >= 0, row, tf.zeros_like(row))
    is_empty = tf.reshape(tf.equal(sizes, 0), [count, *[1] * (len(made.shape) - 1)])
    return tf.where(is_empty, row[None], made)


@op("EmbeddingBagPackedSum", layout=as_written)
def embedding_bag_packed_sum(_: Site, table: Any, indices: Any, weights: Any = None) -> Any:
    """Bags of one size."""
    rows = tf.gather(table, indices)
    if weights is not None:
        rows *= tf.reshape(weights, [*weights.shape, *[1] * (len(rows.shape) - 2)])
    return tf.reduce_sum(rows, 1)


@op("EmbeddingBagOffsetsSum", layout=as_written)
def embedding_bag_offsets_sum(
    site: Site, table: Any, indices: Any, offsets: Any, default: Any = None, weights: Any = None
) -> Any:
    """Bags one behind the other; `offsets` says where each begins."""
    places = tf.range(indices.shape[0], dtype=tf.int32)
    begun = tf.cast(places[:, None] >= tf.cast(offsets, tf.int32)[None], tf.int32)
    bags = tf.reduce_sum(begun, 1) - 1
    return _sums(table, indices, bags, site.node.outputs[0].shape[0], (default, weights))


@op("EmbeddingSegmentsSum", layout=as_written)
def embedding_segments_sum(
    site: Site,
    table: Any,
    indices: Any,
    segments: Any,
    _count: Any,
    default: Any = None,
    weights: Any = None,
) -> Any:
    """Bags named per row."""
    return _sums(table, indices, segments, site.node.outputs[0].shape[0], (default, weights))
