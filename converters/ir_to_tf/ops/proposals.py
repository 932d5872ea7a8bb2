"""Proposals of a detector's first stage: anchors moved by what the network says, suppressed."""

# ruff: noqa: PLR0913 - an emitter's signature is the IR's schema

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from converters.ir_to_tf.graph import Array
from converters.ir_to_tf.layout.rules import as_written
from converters.ir_to_tf.ops.selecting import suppressed
from converters.ir_to_tf.registry import op
from converters.ir_to_tf.site import Site


class Manner(NamedTuple):
    """How a framework counts pixels: TensorFlow's boxes end where others begin, and are centred."""

    offset: float
    is_rounded: bool
    is_centred: bool

    @classmethod
    def of(cls, framework: str) -> Manner:
        """The manner of TensorFlow, or of Caffe."""
        is_tensorflow = framework == "tensorflow"
        return cls(0.0 if is_tensorflow else 1.0, not is_tensorflow, is_tensorflow)


def anchors(base: int, ratios: Sequence[float], scales: Sequence[float], manner: Manner) -> Array:
    """Boxes of left, top, right and bottom round the first pixel: one per ratio and scale."""
    centre = 0.5 * (base - manner.offset)
    rows = []
    for ratio in ratios:
        wide = np.sqrt(base * base / ratio)
        wide = np.floor(wide + 0.5) if manner.is_rounded else wide
        high = np.floor(wide * ratio + 0.5) if manner.is_rounded else wide * ratio
        for scale in scales:
            half = [0.5 * (size * scale - manner.offset) for size in (wide, high)]
            rows.append([centre - half[0], centre - half[1], centre + half[0], centre + half[1]])
    made = np.array(rows, np.float32)
    return made - 0.5 * base if manner.is_centred else made


def placed(boxes: Array, space: Sequence[int], step: int, swapped: bool) -> Array:
    """The anchors at every place of the map: [height, width, anchors, 4]."""
    rows, columns = np.meshgrid(*(np.arange(n, dtype=np.float32) for n in space), indexing="ij")
    x, y = (rows, columns) if swapped else (columns, rows)
    corner = np.stack([x, y, x, y], -1) * step
    made: Array = corner[:, :, None] + boxes
    return made


def _within(boxes: Any, size: Any, offset: float) -> Any:
    """Cut at the borders of the image; `size` is (width, height) twice."""
    return tf.minimum(tf.maximum(boxes, 0.0), size - offset)


def moved(boxes: Any, moves: Any, offset: float) -> Any:
    """Boxes with their centres moved by parts of their sizes, and their sizes stretched."""
    size = boxes[..., 2:] - boxes[..., :2] + offset
    centre = boxes[..., :2] + 0.5 * size + moves[..., :2] * size
    half = 0.5 * tf.exp(moves[..., 2:]) * size
    return tf.concat([centre - half, centre + half], -1)


@op("Proposal", layout=as_written)
def proposal(
    site: Site,
    votes: Any,
    moves: Any,
    image: Any,
    *,
    base_size: int,
    pre_nms_topn: int,
    post_nms_topn: int,
    nms_thresh: float,
    feat_stride: int,
    min_size: int,
    ratio: Sequence[float],
    scale: Sequence[float],
    clip_before_nms: bool,
    clip_after_nms: bool,
    normalize: bool,
    box_size_scale: float,
    box_coordinate_scale: float,
    framework: str,
) -> Any:
    """Rows of image, left, top, right, bottom, and their scores; what is not found is 0."""
    manner = Manner.of(framework)
    image = tf.reshape(tf.cast(image, tf.float32), [-1])
    size = tf.gather(image, [0, 1, 0, 1] if manner.is_centred else [1, 0, 1, 0])
    first = anchors(base_size, ratio, scale, manner)
    factors = np.array([box_coordinate_scale] * 2 + [box_size_scale] * 2, np.float32)
    boxes = _moved_anchors(moves, factors, (first, size, feat_stride, manner))
    boxes = _within(boxes, size, manner.offset) if clip_before_nms else boxes
    scores = _scores(votes, boxes, min_size * tf.stack([image[-1], image[2]]), manner.offset)
    limits = (pre_nms_topn, post_nms_topn, nms_thresh, manner.offset)
    boxes, best, valid = _best((boxes, scores), limits)
    boxes = _within(boxes, size, 0.0) if clip_after_nms else boxes
    return _table(site, boxes / size if normalize else boxes, best, valid)


def _moved_anchors(moves: Any, factors: Array, how: tuple[Array, Any, int, Manner]) -> Any:
    """Boxes [images, boxes, 4], by place and then by anchor."""
    first, size, step, manner = how
    images, _, *space = (int(n) for n in moves.shape)
    begun: Any = placed(first, space, step, manner.is_centred)
    begun = _within(begun, size, manner.offset) if manner.is_centred else begun
    turned = tf.reshape(tf.transpose(moves, [0, 2, 3, 1]), [images, *space, -1, 4])
    return tf.reshape(moved(begun, turned / factors, manner.offset), [images, -1, 4])


def _scores(votes: Any, boxes: Any, least: Any, offset: float) -> Any:
    """The second half of the votes is for there being something; none is for a small box."""
    turned = tf.transpose(votes[:, int(votes.shape[1]) // 2 :], [0, 2, 3, 1])
    lengths = boxes[..., 2:] - boxes[..., :2] + offset
    flat = tf.reshape(turned, [int(votes.shape[0]), -1])
    return tf.where(tf.reduce_all(lengths >= least, -1), flat, 0.0)


def _best(given: tuple[Any, Any], limits: tuple[int, int, float, float]) -> tuple[Any, Any, Any]:
    boxes, scores = given
    before, most, overlap, offset = limits
    count = int(scores.shape[1])
    count = min(before, count) if before > 0 else count
    scores, order = tf.math.top_k(scores, count)
    boxes = tf.gather(boxes, order, batch_dims=1)
    floats = (tf.constant(value, tf.float32) for value in (overlap, -1.0, 0.0))
    wide = boxes + np.array([0, 0, offset, offset], np.float32)
    chosen, best, valid = suppressed(wide, scores, (tf.constant(most), *floats))
    return tf.gather(boxes, chosen, batch_dims=1), best, valid


def _table(site: Site, boxes: Any, best: Any, valid: Any) -> tuple[Any, ...]:
    images, most = (int(n) for n in best.shape)
    steps = np.arange(most, dtype=np.int32)
    is_there = steps < valid[:, None]
    numbers = np.repeat(np.arange(images, dtype=np.float32)[:, None], most, 1)
    rows = tf.where(is_there[..., None], tf.concat([numbers[..., None], boxes], -1), 0.0)
    # An image of -1 stands behind the last box that was found.
    end = tf.cast(tf.equal(steps, valid[:, None]), tf.float32)[..., None]
    rows = tf.reshape(rows - tf.pad(end, [[0, 0], [0, 0], [0, 4]]), [images * most, 5])
    scores = tf.reshape(tf.where(is_there, best, 0.0), [images * most])
    return (rows, scores)[: len(site.node.outputs)]
