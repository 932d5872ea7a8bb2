"""Convolutions whose filters the model computes, as written: filters and images turned in place."""

# ruff: noqa: PLR0913 - an emitter's signature is the IR's schema

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import tensorflow as tf

from converters.ir_to_tf.layout.rules import as_written
from converters.ir_to_tf.ops.convolution import convolved, depthwise
from converters.ir_to_tf.ops.padding import Pads
from converters.ir_to_tf.ops.transposing import inflated, transposed
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
    return convolved(site, _of_channels(x, filters.shape[1]), kernel, window)


def _of_channels(x: Any, read: int | None) -> Any:
    """An image of which all can see how many channels it has: TFLite's kernel asks for that."""
    if read is None or x.shape[-1] is not None:
        return x
    return tf.reshape(x, tf.stack([*tf.unstack(tf.shape(x), len(x.shape))[:-1], read]))


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
    """DEPTHWISE_CONV_2D, or a convolution per group."""
    window = (list(strides), list(dilations), Pads(list(pads_begin), list(pads_end)))
    x = _turned(tf.convert_to_tensor(x), 2, 1)
    if filters.shape[1] == filters.shape[2] == 1 and len(strides) < 3:
        return _back(depthwise(x, _turned(filters[:, 0, 0], 1, 0)[..., None], window))
    images = tf.split(x, int(filters.shape[0]), -1)
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
    strides, dilations, begin = window
    kernel = _turned(filters, 2, 0)  # IO.. to ..IO
    rank = len(kernel.shape)
    kernel = inflated(tf.transpose(kernel, [*range(rank - 2), rank - 1, rank - 2]), dilations)
    return transposed(x, kernel, strides, begin, site.node.outputs[0].shape[2:])
