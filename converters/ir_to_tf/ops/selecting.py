"""Ops that give as many results as they find: non-zero elements, distinct ones, the best boxes."""

# ruff: noqa: PLR0913 - an emitter's signature is the IR's schema

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from converters.ir_to_tf.layout.rules import as_written
from converters.ir_to_tf.reader import DTYPES
from converters.ir_to_tf.registry import op
from converters.ir_to_tf.simplify.filling import FILLED
from converters.ir_to_tf.site import Site, WrittenSite

MOST_UNROLLED = 8
"""How many suppressions stand one beside the other; more are a loop."""


@op("DynamicNonZero", "NonZero", layout=as_written)
def non_zero(_: Site | WrittenSite, x: Any, *, output_type: str) -> Any:
    """WHERE: a column of places for each element."""
    x = tf.convert_to_tensor(x)
    found = tf.where(x if x.dtype == tf.bool else tf.not_equal(x, tf.zeros([], x.dtype)))
    return tf.cast(tf.transpose(found), DTYPES[output_type])


def corners(boxes: Any, encoding: str) -> Any:
    """Boxes as two opposite corners (y, x, y, x); of centre and size they are (x, y, w, h)."""
    if encoding == "corner":
        return boxes
    centre, size = boxes[..., 1::-1], boxes[..., :1:-1]
    return tf.concat([centre - size * 0.5, centre + size * 0.5], -1)


def _scalar(value: Any, default: float, dtype: Any = tf.float32) -> Any:
    return tf.reshape(tf.cast(default if value is None else value, dtype), [])


def _least(most: Any, count: int) -> Any:
    """How many boxes a suppression may keep of `count`: a constant where the model has one."""
    told = 0 if most is None else tf.get_static_value(tf.convert_to_tensor(most))
    if told is not None:
        return tf.constant(min(int(np.ravel(told)[0]), count), tf.int32)
    return tf.cast(tf.minimum(_scalar(most, 0, tf.int64), count), tf.int32)


def suppressed(boxes: Any, scores: Any, limits: tuple[Any, Any, Any, Any]) -> Any:
    """Of each row of scores [rows, boxes] the best, padded to one length; and how many they are."""
    most, overlap, least, sigma = limits

    def one(number: Any) -> Any:
        return tf.raw_ops.NonMaxSuppressionV5(
            boxes=tf.gather(boxes, number),
            scores=tf.gather(scores, number),
            max_output_size=most,
            iou_threshold=overlap,
            score_threshold=least,
            soft_nms_sigma=sigma,
            pad_to_max_output_size=True,
        )

    count = int(scores.shape[0])
    if count <= MOST_UNROLLED:
        return [tf.stack(parts) for parts in zip(*map(one, range(count)), strict=True)]
    length = tf.get_static_value(most)  # TFLite's lists need it, where it is known
    types = (
        tf.TensorSpec([length], tf.int32),
        tf.TensorSpec([length], tf.float32),
        tf.TensorSpec([], tf.int32),
    )
    return tf.map_fn(lambda k: tuple(one(k)), tf.range(count), fn_output_signature=types)


def each_class(boxes: Any, scores: Any, told: tuple[Any, Any, Any, Any], encoding: str) -> Any:
    """Of every batch and class the boxes kept, their scores [rows, most]; how many [rows]."""
    scores = tf.convert_to_tensor(scores)
    batch, classes, count = (int(size) for size in scores.shape)
    boxes = corners(tf.convert_to_tensor(boxes), encoding)
    each = tf.reshape(tf.repeat(boxes[:, None], classes, 1), [batch * classes, count, 4])
    most, overlap, least, sigma = told
    limits = (
        _least(most, count),
        _scalar(overlap, 0.0),
        _scalar(least, 0.0),
        _scalar(sigma, 0.0),
    )
    return suppressed(each, tf.reshape(scores, [batch * classes, count]), limits)


@op("DynamicNonMaxSuppression", layout=as_written)
def non_max_suppression(
    _: WrittenSite,
    boxes: Any,
    scores: Any,
    most: Any = None,
    overlap: Any = None,
    least: Any = None,
    sigma: Any = None,
    *,
    box_encoding: str,
    sort_result_descending: bool,
    output_type: str,
    soft_nms_sigma: float = 0.0,
) -> Any:
    """NON_MAX_SUPPRESSION_V5 per batch and class; rows of (batch, class, box) and their scores."""
    del soft_nms_sigma  # an input of this version
    classes = int(scores.shape[1])
    told = most, overlap, least, sigma
    chosen, best, valid = each_class(boxes, scores, told, box_encoding)
    is_there = tf.range(tf.shape(chosen)[1])[None] < valid[:, None]
    places = tf.where(is_there)
    rows = tf.cast(places[:, 0], tf.int32)
    score = tf.gather_nd(best, places)
    named = tf.stack([rows // classes, rows % classes, tf.gather_nd(chosen, places)], 1)
    if sort_result_descending:
        order = tf.argsort(score, direction="DESCENDING", stable=True)
        named, score = tf.gather(named, order), tf.gather(score, order)
    weighed = tf.concat([tf.cast(named[:, :2], tf.float32), score[:, None]], 1)
    dtype = DTYPES[output_type]
    return tf.cast(named, dtype), weighed, tf.cast(tf.shape(named)[:1], dtype)


@op(FILLED, layout=as_written)
def filled_suppression(
    site: Site,
    boxes: Any,
    scores: Any,
    most: Any,
    overlap: Any = None,
    least: Any = None,
    sigma: Any = None,
    *,
    box_encoding: str,
    sort_result_descending: bool,
    output_type: str,
    filler: list[int],
    soft_nms_sigma: float = 0.0,
) -> Any:
    """The same rows, and behind the last as many fillers as there is room for."""
    del soft_nms_sigma, output_type  # an input of this version; the tensor's own type tells
    classes = int(scores.shape[1])
    told = most, overlap, least, sigma
    chosen, best, valid = each_class(boxes, scores, told, box_encoding)
    count, length = (int(size) for size in chosen.shape)
    is_there = np.arange(length, dtype=np.int32)[None] < valid[:, None]
    number = np.arange(count, dtype=np.int32).repeat(length).reshape(count, length)
    named = tf.stack([number // classes, number % classes, chosen], 2)
    kept = tf.where(is_there[..., None], named, np.asarray(filler, np.int32))
    kept = tf.reshape(kept, [count * length, 3])
    if count > 1:  # fillers behind the rows of all classes
        earlier = np.arange(count * length, 0, -1, dtype=np.float32).reshape(count, length)
        worth = best if sort_result_descending else earlier
        key = tf.reshape(tf.where(is_there, worth, np.float32(-np.inf)), [-1])
        kept = tf.gather(kept, tf.math.top_k(key, count * length).indices)
    return tf.cast(kept, site.node.outputs[0].dtype.name)


@op("DynamicUnique", "Unique", layout=as_written)
def unique(
    site: Site | WrittenSite,
    x: Any,
    axis: Any = None,
    *,
    sorted: bool,
    index_element_type: str,
    count_element_type: str,
) -> Any:
    """Distinct elements, or slices along an axis; where each is first, where all are, how many."""
    x = tf.convert_to_tensor(x)
    place = 0
    if axis is None:
        x = tf.reshape(x, [-1])
    else:
        place = int(np.ravel(site.node.known(1))[0]) % len(x.shape)
    order = [place, *(a for a in range(len(x.shape)) if a != place)]
    slices = tf.transpose(x, order)
    rows = tf.reshape(slices, [tf.shape(slices)[0], -1])
    first, inverse, counts = (distinct_of if axis is None else distinct)(rows, sorted)
    made = tf.transpose(tf.gather(slices, first), np.argsort(order))
    index, number = DTYPES[index_element_type], DTYPES[count_element_type]
    return made, tf.cast(first, index), tf.cast(inverse, index), tf.cast(counts, number)


def distinct_of(column: Any, is_sorted: bool) -> tuple[Any, Any, Any]:
    """UNIQUE: the first of equal elements, in their order or by value; numbers and counts."""
    numbers = tf.range(tf.shape(column)[0])
    values, inverse = tf.unique(column[:, 0])
    count = tf.shape(values)[0]
    if is_sorted:
        order = tf.argsort(values)
        inverse = tf.gather(tf.argsort(order), inverse)
    first = tf.math.unsorted_segment_min(numbers, inverse, count)
    return first, inverse, tf.math.unsorted_segment_sum(tf.ones_like(numbers), inverse, count)


def distinct(rows: Any, is_sorted: bool) -> tuple[Any, Any, Any]:
    """The first of equal rows, in their order or by value; each row's number; their counts."""
    numbers = tf.range(tf.shape(rows)[0])
    differs = tf.not_equal(rows[:, None], rows[None])
    is_equal = tf.logical_not(tf.reduce_any(differs, -1))
    first_like = tf.argmax(tf.cast(is_equal, tf.int32), 1, tf.int32)
    is_first = tf.equal(first_like, numbers)
    # Before a row come the first ones of those that are less: in their first difference.
    where = tf.argmax(tf.cast(differs, tf.int32), -1, tf.int32)
    mine = tf.gather(rows, where, batch_dims=1)
    other = tf.transpose(tf.gather(rows, tf.transpose(where), batch_dims=1))
    is_before = other < mine if is_sorted else first_like[None] < first_like[:, None]
    rank = tf.reduce_sum(tf.cast(tf.logical_and(is_before, is_first[None]), tf.int32), 1)
    firsts = tf.gather(numbers, tf.where(is_first)[:, 0])
    firsts = tf.gather(firsts, tf.argsort(tf.gather(rank, firsts), stable=True))
    counts = tf.reduce_sum(
        tf.cast(tf.equal(rank[None], tf.gather(rank, firsts)[:, None]), tf.int32), 1
    )
    return firsts, rank, counts
