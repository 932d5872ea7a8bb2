"""The one way in which a transposed convolution is emitted, be its filters known or computed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

TRANSPOSED = {2: tf.nn.conv2d_transpose, 3: tf.nn.conv3d_transpose}


def transposed(
    x: Any, kernel: Any, strides: Sequence[int], begin: Sequence[int], made: Sequence[int]
) -> Any:
    """TRANSPOSE_CONV of images with channels last, filters [..., made, read].

    What its two paddings do not give is cut off, or added, afterwards.
    """
    if len(strides) == 1:
        wide = transposed(x[:, None], kernel[None], [1, *strides], [0, *begin], [1, *made])
        return tf.squeeze(wide, 1)
    function, strides = TRANSPOSED[len(strides)], list(strides)
    batch = tf.shape(x)[0] if x.shape[0] is None else int(x.shape[0])
    read, channels = [int(size) for size in x.shape[1:-1]], int(kernel.shape[-2])
    if _is_same(kernel.shape, strides, begin, (read, made)):
        return function(x, kernel, [batch, *made, channels], strides, "SAME")
    need = [b + m for b, m in zip(begin, made, strict=True)]
    least = [(r - 1) * s + int(k) for r, s, k in zip(read, strides, kernel.shape, strict=False)]
    # The kernel may leave less than a stride behind its last window.
    full = [min(max(n, e), e + s - 1) for n, e, s in zip(need, least, strides, strict=True)]
    y = function(x, kernel, [batch, *full, channels], strides, "VALID")
    more = [max(0, n - f) for n, f in zip(need, full, strict=True)]
    y = tf.pad(y, [[0, 0], *([0, m] for m in more), [0, 0]]) if any(more) else y
    is_whole = not any(begin) and list(full) == list(made)
    return y if is_whole else tf.slice(y, [0, *begin, 0], [batch, *made, channels])


def inflated(kernel: Any, dilations: Sequence[int]) -> Any:
    """Filters with the zeros that a dilation means, for the kernels that know none."""
    tools: Any = np if isinstance(kernel, np.ndarray) else tf
    for axis, dilation in enumerate(dilations):
        size = int(kernel.shape[axis])
        if dilation > 1 and size > 1:
            shape = [int(length) for length in kernel.shape]
            rows = np.zeros((len(shape) + 1, 2), np.int32)
            rows[axis + 1, 1] = dilation - 1
            wide = tools.pad(tools.expand_dims(kernel, axis + 1), rows)
            shape[axis] *= dilation
            cut = (slice(None),) * axis + (slice(shape[axis] - dilation + 1),)
            kernel = tools.reshape(wide, shape)[cut]
    return kernel


def _is_same(
    kernel: Sequence[int],
    strides: Sequence[int],
    begin: Sequence[int],
    sizes: tuple[Sequence[int], Sequence[int]],
) -> bool:
    """Whether TensorFlow's SAME is what the pads say."""
    for k, s, b, read, made in zip(kernel, strides, begin, *sizes, strict=False):
        total = max((read - 1) * s + int(k) - made, 0)
        if -(-made // s) != read or total // 2 != b:
            return False
    return True
