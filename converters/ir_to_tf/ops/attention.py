"""Attention in one op, as newer exporters write it."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from converters.ir_to_tf.layout.rules import as_written
from converters.ir_to_tf.registry import op
from converters.ir_to_tf.site import Site


@op("ScaledDotProductAttention", layout=as_written)
def scaled_dot_product_attention(
    _: Site,
    query: Any,
    key: Any,
    value: Any,
    mask: Any = None,
    scale: Any = None,
    *,
    causal: bool,
) -> Any:
    """Two products with a softmax between; what is masked counts for nothing."""
    factor = float(np.sqrt(query.shape[-1])) ** -1 if scale is None else scale
    scores = tf.matmul(query * factor, key, transpose_b=True)
    if causal:
        mask = np.tril(np.ones(scores.shape[-2:], bool))
    if mask is not None:
        is_truth = mask.dtype in (bool, tf.bool)
        scores += tf.where(mask, 0.0, np.float32(-np.inf)) if is_truth else mask
    return tf.matmul(tf.nn.softmax(scores), value)
