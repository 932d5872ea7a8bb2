"""Pooling over windows, over 1 to 3 spatial axes, and over parts of given number (adaptive)."""

# ruff: noqa: PLR0913 - an emitter's signature is the IR's schema

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import tensorflow as tf

from converters.ir_to_tf.graph import Array
from converters.ir_to_tf.layout.rules import image
from converters.ir_to_tf.ops.padding import Pads, pad_for, padded
from converters.ir_to_tf.registry import op
from converters.ir_to_tf.site import Site

LOWEST = float(np.finfo(np.float32).min)


@dataclass(frozen=True)
class Window:
    """A pooling window over spatial axes, in stored order."""

    kernel: list[int]
    strides: list[int]
    dilations: list[int]
    pads: Pads

    def axes(self, chosen: slice) -> Window:
        """The window over some of its axes."""
        kernel, strides, dilations = self.kernel, self.strides, self.dilations
        pads = Pads(self.pads.begin[chosen], self.pads.end[chosen])
        return Window(kernel[chosen], strides[chosen], dilations[chosen], pads)

    def with_axis_before(self) -> Window:
        """The window behind one more axis, of size 1."""
        kernel, strides, dilations = self.kernel, self.strides, self.dilations
        pads = self.pads.with_axis_before()
        return Window([1, *kernel], [1, *strides], [1, *dilations], pads)

    def ending(self, sizes: Sequence[int], made: Sequence[int]) -> list[int]:
        """How far the last windows reach beyond the padded image: rounding up makes them."""
        return [
            max(0, (m - 1) * s + (k - 1) * d + 1 - n - b - e)
            for m, s, k, d, n, b, e in zip(
                made, self.strides, self.kernel, self.dilations, sizes, *self.pads, strict=True
            )
        ]


@op(
    "MaxPool",
    layout=image,
    excused={
        "rounding_type": "the output's shape says it",
        "index_element_type": "the type of indices, which must be unused",
        "axis": "of the indices, which must be unused",
    },
)
def max_pool(
    site: Site,
    x: Any,
    *,
    kernel: Sequence[int],
    strides: Sequence[int],
    pads_begin: Sequence[int],
    pads_end: Sequence[int],
    dilations: Sequence[int] | None = None,
) -> Any:
    """MAX_POOL_2D; three axes as two and one."""
    steps = site.spatial(dilations or [1] * len(kernel))
    pads = Pads.of(site, pads_begin, pads_end)
    window = Window(site.spatial(kernel), site.spatial(strides), steps, pads)
    more = window.ending(site.space(0), site.space(1))
    return _over_axes(x, replace(window, pads=pads.longer(more)), _max_2d)


@op(
    "AvgPool",
    layout=image,
    excused={"rounding_type": "the output's shape says it"},
)
def avg_pool(
    site: Site,
    x: Any,
    *,
    kernel: Sequence[int],
    strides: Sequence[int],
    pads_begin: Sequence[int],
    pads_end: Sequence[int],
    exclude_pad: bool,
) -> Any:
    """AVERAGE_POOL_2D; where its count differs from the IR's, times a constant."""
    pads = Pads.of(site, pads_begin, pads_end)
    window = Window(site.spatial(kernel), site.spatial(strides), [1] * len(kernel), pads)
    more = window.ending(site.space(0), site.space(1))
    longer = replace(window, pads=pads.longer(more))
    if not any([*more, *pads.begin, *pads.end]):
        return _over_axes(x, longer, _mean_2d)
    if exclude_pad and len(kernel) == 2:
        reach, strides = longer.kernel, longer.strides
        if pad_for(x, longer.pads, reach, strides)[1] == "SAME":
            return tf.nn.avg_pool2d(x, longer.kernel, longer.strides, "SAME")
    share = _share(window, more, site.space(0), exclude_pad)
    sums = _over_axes(x, longer, _mean_2d)
    return sums if np.all(share == 1) else sums * share[..., None].astype(np.float32)


def _share(window: Window, more: list[int], sizes: list[int], exclude_pad: bool) -> Array:
    """By what to multiply means over whole windows: elements in a window / elements that count."""
    share: Array = np.ones(())
    for axis, size in enumerate(sizes):
        k, s = window.kernel[axis], window.strides[axis]
        counted = np.pad(
            np.ones(size),
            (window.pads.begin[axis], window.pads.end[axis]),
            constant_values=0 if exclude_pad else 1,
        )
        counted = np.pad(counted, (0, more[axis]))
        counts = np.lib.stride_tricks.sliding_window_view(counted, k)[::s].sum(-1)
        with np.errstate(divide="ignore"):  # no mean of nothing: a last window may see no element
            share = share[..., None] * (k / counts)
    return share


def _over_axes(x: Any, window: Window, pool: Any) -> Any:
    """Pool over two axes at a time: TensorFlow Lite knows no other number."""
    depth = len(window.kernel)
    if depth == 1:
        return tf.squeeze(pool(x[:, None], window.with_axis_before()), 1)
    if depth == 2:
        return pool(x, window)
    n, a, b, c, channels = x.shape
    y = pool(tf.reshape(x, [n, a, b, c * channels]), window.axes(slice(0, 2)))
    a, b = y.shape[1:3]
    last = window.axes(slice(2, 3))
    if last.kernel == [1] and not last.pads.any:
        y = tf.reshape(y, [n, a, b, c, channels])
        return y[:, :, :, :: last.strides[0]] if last.strides != [1] else y
    y = _over_axes(tf.reshape(y, [n * a * b, c, channels]), last, pool)
    return tf.reshape(y, [n, a, b, y.shape[1], channels])


def _max_2d(x: Any, window: Window) -> Any:
    kernel, strides, dilations = window.kernel, window.strides, window.dilations
    if set(dilations) != {1}:
        return _dilated_max(x, window)
    x, padding = pad_for(x, window.pads, kernel, strides, LOWEST)
    return tf.nn.max_pool2d(x, kernel, strides, padding)


def _mean_2d(x: Any, window: Window) -> Any:
    return tf.nn.avg_pool2d(padded(x, window.pads), window.kernel, window.strides, "VALID")


def _dilated_max(x: Any, window: Window) -> Any:
    """The maximum of shifted slices: no kernel of TensorFlow Lite dilates."""
    kernel, strides, dilations = window.kernel, window.strides, window.dilations
    x = padded(x, window.pads, LOWEST)
    made = [
        (n - (k - 1) * d - 1) // s + 1
        for n, k, s, d in zip(x.shape[1:-1], kernel, strides, dilations, strict=True)
    ]
    best = None
    for row, column in np.ndindex(*kernel):
        starts = (row * dilations[0], column * dilations[1])
        cuts = [
            slice(start, start + (m - 1) * s + 1, s)
            for start, m, s in zip(starts, made, strides, strict=True)
        ]
        part = x[:, cuts[0], cuts[1]]
        best = part if best is None else tf.maximum(best, part)
    return best
