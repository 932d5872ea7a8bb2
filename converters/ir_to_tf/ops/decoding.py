"""Decoders of connectionist temporal classification: the likeliest class of every moment."""

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
    count = tf.cast(kept, tf.int32)
    places = tf.where(kept, tf.cumsum(count, 1) - 1, NOTHING)
    time = np.arange(int(best.shape[1]), dtype=np.int32)
    is_there = tf.cast(tf.equal(places[:, None], time[:, None]), tf.int32)
    moved = tf.reduce_sum(is_there * (best - NOTHING)[:, None], -1) + NOTHING
    return moved, tf.reduce_sum(count, 1)


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
