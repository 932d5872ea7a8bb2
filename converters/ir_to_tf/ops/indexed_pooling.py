"""The pool that also says where in the image each maximum was."""

# ruff: noqa: PLR0913 - an emitter's signature is the IR's schema

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from typing import Any

import numpy as np
import tensorflow as tf

from converters.ir_to_tf.layout.rules import as_written
from converters.ir_to_tf.ops.padding import Pads
from converters.ir_to_tf.ops.pooling import Window
from converters.ir_to_tf.reader import DTYPES
from converters.ir_to_tf.registry import op
from converters.ir_to_tf.site import Site


@op(
    "MaxPoolWithIndices",
    layout=as_written,
    excused={"rounding_type": "the output's shape says it"},
)
def max_pool_with_indices(
    site: Site,
    x: Any,
    *,
    kernel: Sequence[int],
    strides: Sequence[int],
    pads_begin: Sequence[int],
    pads_end: Sequence[int],
    index_element_type: str,
    axis: int,
    dilations: Sequence[int] | None = None,
) -> Any:
    """The greatest of the elements that a window sees, one comparison for each of its places."""
    del pads_end  # the output's shape says it
    x = tf.convert_to_tensor(x)
    steps = dilations or [1] * len(kernel)
    made = site.node.outputs[0].shape
    numbers = np.arange(int(np.prod(x.shape[axis:]))).reshape([1] * axis + list(x.shape[axis:]))
    places = np.broadcast_to(numbers, x.shape).astype(DTYPES[index_element_type])
    before = Pads(list(pads_begin), [0] * len(kernel))
    window = Window(list(kernel), list(strides), list(steps), before)
    more = window.ending([int(size) for size in x.shape[2:]], made[2:])
    rows = [(0, 0), (0, 0), *zip(pads_begin, more, strict=True)]
    wide = tf.pad(x, rows, constant_values=x.dtype.min)
    where = np.pad(places, rows)
    best = index = None
    for offset in product(*(range(k) for k in kernel)):
        rows_of = zip(offset, steps, made[2:], strides, strict=True)
        seen = (slice(o * d, o * d + (m - 1) * s + 1, s) for o, d, m, s in rows_of)
        cut: Any = (slice(None), slice(None), *seen)
        now, there = wide[cut], where[cut]
        index = there if best is None else tf.where(now > best, there, index)
        best = now if best is None else tf.maximum(best, now)
    return best, index
