"""Convolutions whose filters the model computes, as written: filters and images turned in place."""

# ruff: noqa: PLR0913 - an emitter's signature is the IR's schema

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from converters.ir_to_tf.layout.rules import as_written
from converters.ir_to_tf.ops.convolution import TRANSPOSED, convolved
from converters.ir_to_tf.ops.padding import Pads
from converters.ir_to_tf.registry import op
from converters.ir_to_tf.site import Site


def _turned(x: Any, first: int, lead: int) -> Any:
    """Axes `lead..first` moved behind those from `first` on."""
    rank = len(x.shape)
    return tf.transpose(x, [*range(lead), *range(first, rank), *range(lead, first)])


def _back(x: Any) -> Any:
    rank = len(x.shape)
    return tf.transpose(x, [0, rank - 1, *range(1, rank - 1)])


@op("ComputedConvolution", layout=as_written)
def convolution(
    site: Site,
    x: Any,
    filters: Any,
    *,
    strides: Sequence[int],
    dilations: Sequence[int],
    pads_begin: Sequence[int],
    pads_end: Sequence[int],
) -> Any:
    """CONV_2D, or CONV_3D."""
    window = (list(strides), list(dilations), Pads(list(pads_begin), list(pads_end)))
    return _back(_one(site, _turned(tf.convert_to_tensor(x), 2, 1), filters, window))


def _one(site: Site, x: Any, filters: Any, window: Any) -> Any:
    kernel = _turned(filters, 2, 0)  # OI.. to ..OI
    rank = len(kernel.shape)
    kernel = tf.transpose(kernel, [*range(rank - 2), rank - 1, rank - 2])
    return convolved(site, x, kernel, window)


@op("ComputedGroupConvolution", layout=as_written)
def group_convolution(
    site: Site,
    x: Any,
    filters: Any,
    *,
    strides: Sequence[int],
    dilations: Sequence[int],
    pads_begin: Sequence[int],
    pads_end: Sequence[int],
) -> Any:
    """A convolution per group."""
    window = (list(strides), list(dilations), Pads(list(pads_begin), list(pads_end)))
    images = tf.split(_turned(tf.convert_to_tensor(x), 2, 1), int(filters.shape[0]), -1)
    parts = zip(images, tf.unstack(filters), strict=True)
    return _back(tf.concat([_one(site, image, each, window) for image, each in parts], -1))


Window = tuple[Sequence[int], Sequence[int], Sequence[int]]  # strides, dilations, pads before


@op("ComputedConvolutionBackpropData", layout=as_written)
def convolution_backprop_data(
    site: Site,
    x: Any,
    filters: Any,
    _output_shape: Any = None,
    *,
    strides: Sequence[int],
    dilations: Sequence[int],
    pads_begin: Sequence[int],
    pads_end: Sequence[int],
    output_padding: Sequence[int],
) -> Any:
    """TRANSPOSE_CONV."""
    del pads_end, output_padding  # the output's shape says what they say
    image = _turned(tf.convert_to_tensor(x), 2, 1)
    return _back(_transposed(site, image, filters, (strides, dilations, pads_begin)))


@op("ComputedGroupConvolutionBackpropData", layout=as_written)
def group_convolution_backprop_data(
    site: Site,
    x: Any,
    filters: Any,
    _output_shape: Any = None,
    *,
    strides: Sequence[int],
    dilations: Sequence[int],
    pads_begin: Sequence[int],
    pads_end: Sequence[int],
    output_padding: Sequence[int],
) -> Any:
    """A TRANSPOSE_CONV per group."""
    del pads_end, output_padding  # the output's shape says what they say
    images = tf.split(_turned(tf.convert_to_tensor(x), 2, 1), int(filters.shape[0]), -1)
    window = (strides, dilations, pads_begin)
    parts = zip(images, tf.unstack(filters), strict=True)
    return _back(tf.concat([_transposed(site, each, f, window) for each, f in parts], -1))


def _transposed(site: Site, x: Any, filters: Any, window: Window) -> Any:
    kernel = _inflated(_turned(filters, 2, 0), window[1])  # IO.. to ..IO
    rank = len(kernel.shape)
    kernel = tf.transpose(kernel, [*range(rank - 2), rank - 1, rank - 2])
    strides, begin, made = list(window[0]), list(window[2]), list(site.node.outputs[0].shape[2:])
    if len(strides) == 1:
        x, kernel = x[:, None], kernel[None]
        strides, begin, made = [1, *strides], [0, *begin], [1, *made]
    reach = [
        max(b + m, (int(r) - 1) * s + int(k))
        for b, m, r, s, k in zip(begin, made, x.shape[1:-1], strides, kernel.shape, strict=False)
    ]
    ends = [int(x.shape[0]), int(kernel.shape[-2])]
    full = TRANSPOSED[len(strides)](x, kernel, [ends[0], *reach, ends[1]], strides, "VALID")
    y = tf.slice(full, [0, *begin, 0], [ends[0], *made, ends[1]])
    return tf.squeeze(y, 1) if len(window[0]) == 1 else y


def _inflated(kernel: Any, dilations: Sequence[int]) -> Any:
    """Filters with the zeros that a dilation means."""
    for axis, dilation in enumerate(dilations):
        shape = [int(size) for size in kernel.shape]
        rows = np.zeros((len(shape) + 1, 2), np.int32)
        rows[axis + 1, 1] = dilation - 1
        wide = tf.pad(tf.expand_dims(kernel, axis + 1), rows)
        shape[axis] *= dilation
        cut = (slice(None),) * axis + (slice(shape[axis] - dilation + 1),)
        kernel = tf.reshape(wide, shape)[cut]
    return kernel
