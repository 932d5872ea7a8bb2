"""Ops that follow or look up indices: beams of a search, places in a sorted row."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from converters.ir_to_tf.layout.rules import as_written
from converters.ir_to_tf.reader import DTYPES
from converters.ir_to_tf.registry import op
from converters.ir_to_tf.site import Site


@op("GatherTree", layout=as_written)
def gather_tree(_: Site, steps: Any, parents: Any, lengths: Any, end: Any) -> Any:
    """The beams of a search, each followed from its last step to its first."""
    steps, parents = tf.convert_to_tensor(steps), tf.cast(parents, tf.int32)
    time, batch, width = (int(size) for size in steps.shape)
    end = tf.reshape(tf.cast(end, steps.dtype), [])
    lasts = tf.cast(lengths, tf.int32)[:, None] - 1
    beams = np.broadcast_to(np.arange(width, dtype=np.int32), (batch, width))
    beam, rows = beams, []
    for moment in reversed(range(time)):
        beam = tf.where(lasts == min(moment, time - 1), beams, beam)
        beam = tf.where(lasts > time - 1, beams, beam) if moment == time - 1 else beam
        lives = moment <= lasts
        rows.append(tf.where(lives, tf.gather(steps[moment], beam, batch_dims=1), end))
        beam = tf.where(lives, tf.gather(parents[moment], beam, batch_dims=1), beam)
    return _ended(tf.stack(rows[::-1]), end)


def _ended(steps: Any, end: Any) -> Any:
    """Behind its first end token, a beam has no others."""
    is_end = tf.cast(tf.equal(steps, end), tf.int32)
    return tf.where(tf.cumsum(is_end, 0) > 0, end, steps)


@op("SearchSorted", layout=as_written)
def search_sorted(_: Site, edges: Any, values: Any, *, right_mode: bool, output_type: str) -> Any:
    """How many edges lie below each value."""
    edges, values = tf.convert_to_tensor(edges), tf.convert_to_tensor(values)
    below = tf.less_equal if right_mode else tf.less
    found = below(edges[..., None, :], values[..., None])
    return tf.cast(tf.reduce_sum(tf.cast(found, tf.int32), -1), DTYPES[output_type])
