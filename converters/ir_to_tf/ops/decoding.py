"""Connectionist temporal classification: decoders, and the loss of a row of labels."""

# ruff: noqa: PLR0913 - an emitter's signature is the IR's schema

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from converters.ir_to_tf.layout.rules import as_written
from converters.ir_to_tf.reader import DTYPES
from converters.ir_to_tf.registry import op
from converters.ir_to_tf.site import Site

NOTHING = -1
"""What fills a row behind its last class."""


def decoded(scores: Any, lives: Any, blank: Any, merge: bool) -> tuple[Any, Any]:
    """Classes [batch, time], those kept moved to the front, and how many are kept."""
    best = tf.argmax(scores, -1, tf.int32)
    kept = tf.logical_and(lives, tf.not_equal(best, blank))
    if merge:
        before = tf.pad(best[:, :-1], [[0, 0], [1, 0]], constant_values=NOTHING)
        kept = tf.logical_and(kept, tf.not_equal(best, before))
    moved, count = compacted(best - NOTHING, kept)
    return moved + NOTHING, count


@op("CTCGreedyDecoder", layout=as_written)
def ctc_greedy_decoder(_: Site, scores: Any, mask: Any, *, ctc_merge_repeated: bool) -> Any:
    """Time first; the last class is the blank one, and a mask of 0 ends a row."""
    lives = tf.math.cumprod(tf.transpose(tf.cast(mask, tf.float32)), 1) > 0
    turned = tf.transpose(scores, [1, 0, 2])
    made, _count = decoded(turned, lives, int(scores.shape[-1]) - 1, ctc_merge_repeated)
    return tf.cast(made, scores.dtype)[..., None, None]


@op("CTCGreedyDecoderSeqLen", layout=as_written)
def ctc_greedy_decoder_seq_len(
    _: Site,
    scores: Any,
    lengths: Any,
    blank: Any = None,
    *,
    merge_repeated: bool,
    classes_index_type: str,
    sequence_length_type: str,
) -> Any:
    """Batch first; every row has its length."""
    time = np.arange(int(scores.shape[1]), dtype=np.int32)
    lives = time < tf.cast(lengths, tf.int32)[:, None]
    last = int(scores.shape[-1]) - 1
    blank = last if blank is None else tf.reshape(tf.cast(blank, tf.int32), [])
    made, count = decoded(tf.convert_to_tensor(scores), lives, blank, merge_repeated)
    return tf.cast(made, DTYPES[classes_index_type]), tf.cast(count, DTYPES[sequence_length_type])


UNLIKELY = -1e30
"""The logarithm of no chance at all."""


def _log_sum(*logs: Any) -> Any:
    """The logarithm of a sum of chances."""
    best = tf.maximum(tf.reduce_max(tf.stack(logs), 0), UNLIKELY)
    return best + tf.math.log(tf.add_n([tf.exp(log - best) for log in logs]))


def compacted(rows: Any, kept: Any) -> tuple[Any, Any]:
    """What is kept of each row, moved to its front; and how much that is."""
    count = tf.cast(kept, tf.int32)
    places = tf.where(kept, tf.cumsum(count, 1) - 1, NOTHING)
    steps = np.arange(int(rows.shape[1]), dtype=np.int32)
    is_there = tf.cast(tf.equal(places[:, None], steps[:, None]), rows.dtype)
    return tf.reduce_sum(is_there * rows[:, None], -1), tf.reduce_sum(count, 1)


def _wanted(labels: Any, lengths: Any, how: tuple[bool, bool]) -> tuple[Any, Any]:
    """The labels that count: not those that repeat the one before, or any before."""
    collapse, unique = how
    steps = np.arange(int(labels.shape[1]), dtype=np.int32)
    kept = steps < lengths[:, None]
    if collapse:
        before = tf.pad(labels[:, :-1], [[0, 0], [1, 0]], constant_values=NOTHING)
        kept = tf.logical_and(kept, tf.not_equal(labels, before))
    if unique:
        same = tf.equal(labels[:, :, None], labels[:, None, :])
        earlier = tf.reduce_any(tf.logical_and(same, steps[None, :] < steps[:, None]), -1)
        kept = tf.logical_and(kept, tf.logical_not(earlier))
    return compacted(labels, kept)


@op("CTCLoss", layout=as_written)
def ctc_loss(
    _: Site,
    scores: Any,
    lengths: Any,
    labels: Any,
    counts: Any,
    blank: Any = None,
    *,
    preprocess_collapse_repeated: bool,
    ctc_merge_repeated: bool,
    unique: bool,
) -> Any:
    """Minus the logarithm of the chance of all paths that say the labels."""
    scores = tf.convert_to_tensor(scores)
    blank = int(scores.shape[-1]) - 1 if blank is None else tf.reshape(tf.cast(blank, tf.int32), [])
    labels, lengths, counts = (tf.cast(each, tf.int32) for each in (labels, lengths, counts))
    labels, counts = _wanted(labels, counts, (preprocess_collapse_repeated, unique))
    blanks = tf.zeros_like(labels) + blank
    states = tf.reshape(tf.stack([blanks, labels], 2), [int(labels.shape[0]), -1])
    states = tf.concat([states, blanks[:, :1]], 1)
    chances = tf.gather(
        tf.nn.log_softmax(scores), tf.repeat(states[:, None], int(scores.shape[1]), 1), batch_dims=2
    )
    lasts = _paths(chances, states, lengths, (blank, ctc_merge_repeated))
    ends = tf.stack([2 * counts, tf.maximum(2 * counts - 1, 0)], 1)
    done = tf.gather(lasts, ends, batch_dims=1)
    both = _log_sum(done[:, 0], tf.where(counts > 0, done[:, 1], UNLIKELY))
    return -both


def _paths(chances: Any, states: Any, lengths: Any, how: tuple[Any, bool]) -> Any:
    """The chance of ending in each state: [batch, states]."""
    blank, merges = how
    number = np.arange(int(states.shape[1]))
    is_label = tf.not_equal(states, blank) if merges else tf.constant(number % 2 == 1)[None]
    twice = tf.pad(states[:, :-2], [[0, 0], [2, 0]], constant_values=NOTHING)
    may_skip = tf.logical_and(is_label, tf.not_equal(states, twice)) if merges else is_label
    may_stay = tf.ones_like(is_label) if merges else tf.logical_not(is_label)

    def behind(logs: Any, steps: int) -> Any:
        return tf.pad(logs[:, :-steps], [[0, 0], [steps, 0]], constant_values=UNLIKELY)

    logs = tf.where(number[None] < 2, chances[:, 0], UNLIKELY)
    for moment in range(1, int(chances.shape[1])):
        stay = tf.where(may_stay, logs, UNLIKELY)
        skip = tf.where(may_skip, behind(logs, 2), UNLIKELY)
        after = _log_sum(stay, behind(logs, 1), skip) + chances[:, moment]
        logs = tf.where((moment < lengths)[:, None], after, logs)
    return logs
