"""The last layer of Caffe's detectors: boxes decoded, suppressed per class, and listed."""

# ruff: noqa: PLR0913 - an emitter's signature is the IR's schema

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from converters.ir_to_tf.layout.rules import as_written
from converters.ir_to_tf.ops.selecting import suppressed
from converters.ir_to_tf.registry import op
from converters.ir_to_tf.site import Site

NOTHING = -3e38
"""A score below all scores."""


class Priors(NamedTuple):
    """Boxes [images, priors, 4] of left, top, right, bottom, and how far each side may vary."""

    boxes: Any
    variances: Any

    @classmethod
    def of(cls, data: Any, size: int, frame: Sequence[float] | None, varied: bool) -> Priors:
        """Cut the rows of an input; boxes in pixels lead with a number, and have a frame."""
        data = tf.convert_to_tensor(data)
        rows = tf.reshape(data[:, 0], [data.shape[0], -1, size])[:, :, size - 4 :]
        count = int(rows.shape[1])
        boxes = rows if frame is None else rows / np.array(frame, np.float32)
        if not varied:
            return cls(boxes, np.ones((1, count, 4), np.float32))
        return cls(boxes, tf.reshape(data[:, 1, : count * 4], [-1, count, 4]))

    def decoded(self, moves: Any, by_corners: bool) -> Any:
        """Boxes [images, priors, classes, 4], moved by what the network says."""
        boxes, variances = self.boxes[:, :, None], self.variances[:, :, None]
        moves = moves * variances
        if by_corners:
            return boxes + moves
        size = boxes[..., 2:] - boxes[..., :2]
        centre = (boxes[..., :2] + boxes[..., 2:]) * 0.5 + moves[..., :2] * size
        half = tf.exp(moves[..., 2:]) * size * 0.5
        return tf.concat([centre - half, centre + half], -1)

    def refined(self, moves: Any, first: Any, by_corners: bool) -> Any:
        """Boxes moved once, or, where a first guess is given, twice."""
        images, count = int(moves.shape[0]), int(self.boxes.shape[1])
        priors = self
        if first is not None:
            guess = self.decoded(tf.reshape(first, [images, count, 1, 4]), by_corners)
            priors = Priors(guess[:, :, 0], self.variances)
        return priors.decoded(tf.reshape(moves, [images, count, -1, 4]), by_corners)


class Limits(NamedTuple):
    """How much boxes may overlap, the least score, and how many are looked at and kept."""

    overlap: float
    least: float
    top_k: int
    most: int

    def without_votes(self) -> Limits:
        """The same, where scores have been looked at already."""
        return Limits(self.overlap, NOTHING / 2, -1, self.most)


def _inside(boxes: Any) -> Any:
    return tf.minimum(tf.maximum(boxes, 0.0), 1.0)


class Votes(NamedTuple):
    """Scores [images, classes, priors] of the classes that are looked for."""

    scores: Any
    labels: list[int]

    @classmethod
    def of(cls, votes: Any, first: Any, boxes: Any, limits: tuple[int, float]) -> Votes:
        """All classes but the background, to which all belongs that is hardly a thing."""
        (background, least), (images, count) = limits, boxes.shape[:2]
        scores = tf.reshape(votes, [images, count, -1])
        classes = int(scores.shape[2])
        if first is not None:
            is_thing = tf.reshape(first, [images, count, 2])[..., 1:] >= least
            nothing = np.eye(classes, dtype=np.float32)[max(background, 0)]
            scores = tf.where(is_thing, scores, nothing)
        labels = [label for label in range(classes) if label != background]
        return cls(tf.gather(tf.transpose(scores, [0, 2, 1]), labels, axis=1), labels)

    def best_only(self, limits: Limits) -> Votes:
        """Of every prior the best class; of these the best priors of each image."""
        most, least = limits.top_k, limits.least
        best = tf.reduce_max(self.scores, 1, keepdims=True)
        if 0 < most < int(best.shape[2]):
            limit = tf.math.top_k(best, most).values[..., -1:]
            best = tf.where(best >= limit, best, NOTHING)
        winner = tf.argmax(self.scores, 1, tf.int32)[:, None]
        mine = tf.equal(winner, np.arange(len(self.labels), dtype=np.int32)[None, :, None])
        # This limit is one that may be met.
        is_good = tf.logical_and(mine, best >= np.float32(least))
        return Votes(tf.where(is_good, best, NOTHING), self.labels)


@op("DetectionOutput", layout=as_written, excused={"num_classes": "shapes say it"})
def detection_output(
    site: Site,
    moves: Any,
    votes: Any,
    priors: Any,
    coarse_votes: Any = None,
    coarse_moves: Any = None,
    *,
    background_label_id: int,
    top_k: int,
    variance_encoded_in_target: bool,
    keep_top_k: Sequence[int],
    code_type: str,
    share_location: bool,
    nms_threshold: float,
    confidence_threshold: float,
    clip_after_nms: bool,
    clip_before_nms: bool,
    decrease_label_id: bool,
    normalized: bool,
    input_height: int,
    input_width: int,
    objectness_score: float,
) -> Any:
    """Rows of image, class, score, left, top, right, bottom; an image of -1 ends them."""
    frame = None if normalized else [input_width, input_height] * 2
    known = Priors.of(priors, 4 if normalized else 5, frame, not variance_encoded_in_target)
    boxes = known.refined(moves, coarse_moves, code_type.endswith("corner"))
    wanted = Votes.of(votes, coarse_votes, boxes, (background_label_id, objectness_score))
    limits = Limits(nms_threshold, confidence_threshold, top_k, keep_top_k[0])
    if decrease_label_id:
        wanted, limits = wanted.best_only(limits), limits.without_votes()
    boxes = _inside(boxes) if clip_before_nms else boxes
    where = [0] * len(wanted.labels) if share_location else wanted.labels
    each = tf.transpose(tf.gather(boxes, where, axis=2), [0, 2, 1, 3])
    found = _found(wanted, each, limits)
    return _rows(site, found, (int(decrease_label_id), clip_after_nms))


def _found(votes: Votes, boxes: Any, limits: Limits) -> Any:
    """What each image keeps: scores, labels and boxes, by class; and whether it is there."""
    overlap, least, top_k, most = limits
    images, classes, count = (int(size) for size in votes.scores.shape)
    scores = tf.reshape(votes.scores, [images * classes, count])
    boxes = tf.reshape(boxes, [images * classes, count, 4])
    if 0 < top_k < count:
        scores, order = tf.math.top_k(scores, top_k)
        boxes, count = tf.gather(boxes, order, batch_dims=1), top_k
    floats = (tf.constant(value, tf.float32) for value in (overlap, least, 0.0))
    chosen, best, valid = suppressed(boxes, scores, (tf.constant(count), *floats))
    boxes = tf.reshape(tf.gather(boxes, chosen, batch_dims=1), [images, classes * count, 4])
    is_there = tf.reshape(np.arange(count, dtype=np.int32) < valid[:, None], [images, -1])
    best = tf.where(is_there, tf.reshape(best, [images, -1]), NOTHING)
    labels = np.repeat(np.array(votes.labels, np.float32), count)[None].repeat(images, 0)
    found = (best, tf.constant(labels), boxes, is_there)
    if 0 < most < classes * count:
        order = tf.sort(tf.math.top_k(best, most).indices)  # by class again
        found = tuple(tf.gather(each, order, batch_dims=1) for each in found)
    return found


def _rows(site: Site, found: Any, how: tuple[int, bool]) -> Any:
    """One table of all images, what is there in front."""
    less, is_cut = how
    best, labels, boxes, is_there = found
    images, each = (int(size) for size in best.shape)
    numbers = np.repeat(np.arange(images, dtype=np.float32), each).reshape(images, each)
    boxes = _inside(boxes) if is_cut else boxes
    table = tf.concat([tf.stack([numbers, labels - less, best], -1), boxes], -1)
    table = tf.where(is_there[..., None], table, 0.0)
    flat = tf.reshape(is_there, [-1])
    places = np.arange(images * each, dtype=np.int32)
    order = tf.argsort(tf.where(flat, places, places + images * each))
    shape = site.node.outputs[0].shape
    wanted = shape[2]
    table = tf.gather(tf.reshape(table, [-1, 7]), order)[:wanted]
    table = tf.pad(table, [[0, max(0, wanted - images * each)], [0, 0]])
    count = tf.reduce_sum(tf.cast(flat, tf.int32))
    end = tf.cast(tf.equal(np.arange(wanted, dtype=np.int32), count), tf.float32)
    return tf.reshape(table - tf.pad(end[:, None], [[0, 0], [0, 6]]), shape)
