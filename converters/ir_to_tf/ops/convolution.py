"""Convolutions, straight and transposed, dense and in groups, over 1 to 3 spatial axes."""

# ruff: noqa: PLR0913 - an emitter's signature is the IR's schema

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import tensorflow as tf

from converters.ir_to_tf.graph import Array, Node
from converters.ir_to_tf.layout.products import HEADS, LEFT, LEFT_TURNED, PLAIN, per_head, turned
from converters.ir_to_tf.layout.rules import image, image_spec
from converters.ir_to_tf.layout.spec import Arrangement, Groups, Order, Spec
from converters.ir_to_tf.ops.padding import Pads, pad_for, padded
from converters.ir_to_tf.ops.transposing import inflated, transposed
from converters.ir_to_tf.registry import op
from converters.ir_to_tf.site import Site

CONVOLUTION = {2: tf.nn.conv2d, 3: tf.nn.conv3d}


def dense(node: Node) -> Spec:
    """Channels of input and output in any order each; a 1x1 convolution can also be `W x`."""
    spec = image_spec(node, "ci", "co", units=())
    filters = node.inputs[1].shape
    plain = set(node["strides"]) == {1} and not any([*node["pads_begin"], *node["pads_end"]])
    if set(filters[2:]) != {1} or not plain or spec.arrange is None:
        return spec
    as_image, efforts = spec.arrange, turned(node.inputs[0], node.outputs[0], filters[1])

    def arrange(orders: Groups) -> Iterator[Arrangement]:
        yield from as_image(orders)
        n, s, k, made = (orders[name] for name in ("n", "s", "ci", "co"))
        yield Arrangement(((n, k, s), None, (n, made, s)), LEFT, efforts=efforts[LEFT])
        turn = efforts[LEFT_TURNED]
        yield Arrangement(((n, s, k), None, (n, made, s)), LEFT_TURNED, efforts=turn)

    def weave(order: Order, orders: Mapping[str, Sequence[Order]]) -> Iterator[Arrangement]:
        rows = tuple(place for place in order if place.label not in ("ci", "co"))
        whole = (*orders["n"][0], *orders["s"][0], *orders["co"][0])
        if sorted(map(str, order)) != sorted(map(str, whole)):
            return
        for k in orders["ci"]:
            if found := per_head(order, rows, k):
                yield Arrangement((found[0], None, found[1]), HEADS, efforts=efforts[HEADS])

    return Spec(spec.ports, spec.units, groups=spec.groups, arrange=arrange, weave=weave)


def grouped(node: Node) -> Spec:
    """Depthwise: one order of channels. Else the channels of a group are neighbours."""
    _, made, read = node.inputs[1].shape[:3]
    if made == read == 1:
        return image(node)
    return image_spec(node, "ci", "co", units=("ci", "co"))


def grouped_transposed(node: Node) -> Spec:
    """Emitted as a dense one, so any order of the channels will do."""
    return image_spec(node, "ci", "co", units=())


@op("Convolution", layout=dense)
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
    """CONV_2D; or, where it saves a Transpose at a price, a product."""
    weights = _ordered(site, site.node.known(1) if filters is None else filters)
    if site.kernel:
        matrix = weights.reshape(weights.shape[:2])
        return product_with(site, matrix, x)
    pads = Pads.of(site, pads_begin, pads_end)
    strides, dilations = site.spatial(strides), site.spatial(dilations)
    kernel = site.filters(weights, 2).swapaxes(-1, -2)  # OI.. to ..IO
    return convolved(site, x, kernel, (strides, dilations, pads))


def product_with(site: Site, matrix: Array, x: Any) -> Any:
    """The product of a constant matrix [made, summed] with x, in the order the kernel gives."""
    if site.kernel == PLAIN:
        return tf.matmul(x, matrix.T)
    if site.kernel == HEADS:
        return tf.matmul(x, _by_heads(matrix, np.shape(x), site.output_shape()))
    return tf.matmul(matrix[None], x, transpose_b=site.kernel == LEFT_TURNED)


def _by_heads(matrix: Array, taken: Sequence[int], made: Sequence[int]) -> Array:
    """Rows of a matrix [made, summed] as leading axes, 1 where x has rows of its own there."""
    lead = [size if own == 1 else 1 for own, size in zip(taken[:-2], made[:-2], strict=True)]
    return matrix.reshape(*lead, made[-1], -1).swapaxes(-1, -2)


def _ordered(site: Site, weights: Array) -> Array:
    """Weights [made, read, ...] with their channels as input and output store them."""
    made, read = len(site.node.inputs), 0
    return weights[site.steps(made, 1)][:, site.steps(read, 1)]


Window = tuple[list[int], list[int], Pads]


def convolved(site: Site, x: Any, kernel: Array, window: Window) -> Any:
    """Convolve over one, two or three axes; one is two, the first of size 1."""
    strides, dilations, pads = window
    if len(strides) == 1:
        window = ([1, *strides], [1, *dilations], pads.with_axis_before())
        return tf.squeeze(convolved(site, x[:, None], kernel[None], window), 1)
    reach = [(k - 1) * d + 1 for k, d in zip(kernel.shape, dilations, strict=False)]
    x, padding = pad_for(x, pads, reach, strides)
    return CONVOLUTION[len(strides)](
        x,
        kernel,
        strides=[1, *strides, 1] if len(strides) == 3 else strides,
        padding=padding,
        dilations=[1, *dilations, 1] if len(strides) == 3 else dilations,
    )


@op("GroupConvolution", layout=grouped)
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
    """DEPTHWISE_CONV_2D where every group reads one channel, else CONV_2D with groups."""
    weights = site.node.known(1) if filters is None else filters
    groups, made, read = weights.shape[:3]
    pads = Pads.of(site, pads_begin, pads_end)
    window = (site.spatial(strides), site.spatial(dilations), pads)
    if made == read == 1:
        weights = weights[site.steps(0, 1)]
    kernel = site.filters(weights, 3)  # GOI.. to ..GOI
    if read == 1 and len(strides) < 3:
        return depthwise(x, kernel[..., 0], window)
    kernel = np.moveaxis(kernel, -1, -3)  # ..IGO
    kernel = kernel.reshape(*kernel.shape[:-2], groups * made)
    if len(strides) < 3:
        return convolved(site, x, kernel, window)
    parts = zip(tf.split(x, groups, -1), np.split(kernel, groups, -1), strict=True)
    return tf.concat([convolved(site, part, k, window) for part, k in parts], -1)


def depthwise(x: Any, kernel: Array, window: Window) -> Any:
    """Every channel by itself; the kernel wants equal strides, and none where it dilates."""
    strides, dilations, pads = window
    if len(strides) == 1:
        # The axis of size 1 takes the stride as well: it has one step whatever the stride.
        window = (strides * 2, [1, *dilations], pads.with_axis_before())
        return tf.squeeze(depthwise(x[:, None], kernel[None], window), 1)
    if set(strides) == {1} or (len(set(strides)) == 1 and set(dilations) == {1}):
        reach = [(k - 1) * d + 1 for k, d in zip(kernel.shape, dilations, strict=False)]
        x, padding = pad_for(x, pads, reach, strides)
        return tf.nn.depthwise_conv2d(x, kernel, [1, *strides, 1], padding, dilations=dilations)
    full = tf.nn.depthwise_conv2d(padded(x, pads), kernel, [1] * 4, "VALID", dilations=dilations)
    return full[:, :: strides[0], :: strides[1]]


@op("ConvolutionBackpropData", layout=grouped_transposed)
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
    """TRANSPOSE_CONV; what its two paddings do not give is cut off, or added, afterwards."""
    weights = site.node.known(1) if filters is None else filters
    weights = np.swapaxes(weights, 0, 1)  # OI..
    del pads_end, output_padding  # the output's shape says what they say
    return _transposed(site, x, weights, strides, pads_begin, dilations)


@op("GroupConvolutionBackpropData", layout=grouped_transposed)
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
    """A dense one whose filters are 0 between groups: TensorFlow Lite has no kernel for groups."""
    weights = site.node.known(1) if filters is None else filters
    groups, read, made = weights.shape[:3]
    full = np.zeros((groups, made, groups, read, *weights.shape[3:]), weights.dtype)
    for group in range(groups):
        full[group, :, group] = np.swapaxes(weights[group], 0, 1)
    full = full.reshape(groups * made, groups * read, *weights.shape[3:])
    del pads_end, output_padding  # the output's shape says what they say
    return _transposed(site, x, full, strides, pads_begin, dilations)


def _transposed(
    site: Site,
    x: Any,
    weights: Array,
    strides: Sequence[int],
    begin: Sequence[int],
    dilations: Sequence[int],
) -> Any:
    strides, begin, dilations = (site.spatial(each) for each in (strides, begin, dilations))
    kernel = inflated(site.filters(_ordered(site, weights), 2), dilations)  # ..OI
    return transposed(x, kernel, strides, begin, site.space(len(site.node.inputs)))
