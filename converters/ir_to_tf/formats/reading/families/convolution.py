"""Convolutions: layers that take in the bias and the activation behind them."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from keras import layers, ops

from converters.ir_to_tf.formats.reading.constants import Array
from converters.ir_to_tf.formats.reading.node import Node
from converters.ir_to_tf.formats.reading.table import row

LAYERS = {"Conv2D": layers.Conv2D, "Conv3D": layers.Conv3D}
TRANSPOSED = {
    "Conv2DBackpropInput": layers.Conv2DTranspose,
    "Conv3DBackpropInputV2": layers.Conv3DTranspose,
}
LAST = "channels_last"


@row(*LAYERS)
def convolution(node: Node, x: Any, filters: Any) -> Any:
    """A convolution layer; groups are what the filters' depth says."""
    strides, dilations = _inner(node, "strides"), _inner(node, "dilations")
    if not isinstance(filters, np.ndarray):
        return ops.conv(node.tensor(0), filters, strides, _padding(node), LAST, dilations)
    if x.shape[-1] is None:
        raise node.refuse("its sizes are open")
    if max(strides) > 1 and max(dilations) > 1:  # Keras has either, not both
        filters, dilations = _hollow(filters, dilations), [1] * len(dilations)
    bias, activation = node.absorbed_bias(filters.shape[-1]), node.absorbed_activation()
    return node.layer(
        LAYERS[node.op.type],
        x,
        weights=[filters] if bias is None else [filters, bias],
        filters=filters.shape[-1],
        kernel_size=filters.shape[:-2],
        strides=strides,
        dilation_rate=dilations,
        groups=x.shape[-1] // filters.shape[-2],
        padding=_padding(node),
        use_bias=bias is not None,
        activation=activation,
        kernel_initializer="zeros",
    )


@row("DepthwiseConv2dNative")
def depthwise_convolution(node: Node, x: Any, filters: Any) -> Any:
    """A convolution of each channel alone."""
    strides, dilations = _inner(node, "strides"), _inner(node, "dilations")
    if not isinstance(filters, np.ndarray):
        # one number: TensorFlow has no other strides, and Keras reads a list back wrongly
        steps = strides[0]
        return ops.depthwise_conv(node.tensor(0), filters, steps, _padding(node), LAST, dilations)
    if max(strides) > 1 and max(dilations) > 1:
        filters, dilations = _hollow(filters, dilations), [1, 1]
    bias, activation = node.absorbed_bias(node.shape[-1]), node.absorbed_activation()
    return node.layer(
        layers.DepthwiseConv2D,
        x,
        weights=[filters] if bias is None else [filters, bias],
        kernel_size=filters.shape[:2],
        depth_multiplier=filters.shape[-1],
        strides=strides,
        dilation_rate=dilations,
        padding=_padding(node),
        use_bias=bias is not None,
        activation=activation,
        depthwise_initializer="zeros",
    )


@row(*TRANSPOSED)
def transposed_convolution(node: Node, _: Any, filters: Any, x: Any) -> Any:
    """A transposed convolution of every output there is, cropped to those wanted."""
    if not isinstance(filters, np.ndarray):  # conv_transpose of Keras 3.15 swaps two arguments
        raise node.refuse("its filters are computed")
    plan = _transposed_plan(node, filters, x)
    filters = _hollow(filters, plan.dilations)
    config: dict[str, Any] = {
        "filters": filters.shape[-2],
        "kernel_size": filters.shape[:-2],
        "strides": plan.strides,
        "padding": "valid",
        "output_padding": plan.beyond,
        "kernel_initializer": "zeros",
    }
    layer = TRANSPOSED[node.op.type]
    if plan.is_cropped:
        made = node.inner(layer, x, [filters], use_bias=False, **config)
        return node.layer(CROPPING[layer], made, cropping=plan.crops)
    bias, activation = node.absorbed_bias(filters.shape[-2]), node.absorbed_activation()
    weights = [filters] if bias is None else [filters, bias]
    config.update(use_bias=bias is not None, activation=activation)
    return node.layer(layer, x, weights=weights, **config)


class TransposedPlan(NamedTuple):
    """How a transposed convolution comes to the size that is wanted, per axis of space."""

    strides: list[int]
    dilations: list[int]
    beyond: list[int]  # lines behind the last one that the filters reach
    crops: list[tuple[int, int]]

    @property
    def is_cropped(self) -> bool:
        """Whether there is more than wanted."""
        return any(before or after for before, after in self.crops)


def _transposed_plan(node: Node, filters: Any, x: Any) -> TransposedPlan:
    strides, dilations = _inner(node, "strides"), _inner(node, "dilations")
    wanted, beyond, crops = node.shape[1:-1], [], []
    for axis, (stride, rate, size) in enumerate(zip(strides, dilations, wanted, strict=True)):
        reach = (filters.shape[axis] - 1) * rate + 1
        whole = (x.shape[1 + axis] - 1) * stride + reach
        beyond.append(max(size - whole, 0))
        crop = max(whole - size, 0)
        # as TensorFlow splits the pads of SAME: the smaller half in front
        before = crop // 2 if _padding(node) == "same" else 0
        crops.append((before, crop - before))
    return TransposedPlan(strides, dilations, beyond, crops)


CROPPING = {
    layers.Conv2DTranspose: layers.Cropping2D,
    layers.Conv3DTranspose: layers.Cropping3D,
}


@row("SpaceToBatchND")
def space_to_batch(node: Node, x: Any, blocks: Any, pads: Any) -> Any:
    """Pixels of a grid, each grid a batch of its own."""
    sizes = [int(b) for b in blocks]
    rest = [(0, 0)] * (len(x.shape) - 1 - len(sizes))
    padded = ops.pad(x, [(0, 0), *((int(a), int(b)) for a, b in pads), *rest])
    batch, *space = padded.shape[: 1 + len(sizes)]
    cut = [size for n, b in zip(space, sizes, strict=True) for size in (n // b, b)]
    split = ops.reshape(padded, (batch, *cut, *x.shape[1 + len(sizes) :]))
    count = len(sizes)
    grids = [2 + 2 * i for i in range(count)]
    places = [1 + 2 * i for i in range(count)]
    rest_axes = list(range(1 + 2 * count, len(split.shape)))
    return ops.reshape(ops.transpose(split, [*grids, 0, *places, *rest_axes]), node.target)


@row("BatchToSpaceND")
def batch_to_space(_: Node, x: Any, blocks: Any, crops: Any) -> Any:
    """The way back."""
    sizes = [int(b) for b in blocks]
    count, batch = len(sizes), int(x.shape[0] // np.prod(blocks))
    split = ops.reshape(x, (*sizes, batch, *x.shape[1:]))
    woven = [axis for i in range(count) for axis in (count + 1 + i, i)]
    turned = ops.transpose(split, [count, *woven, *range(2 * count + 1, len(split.shape))])
    space = [n * b for n, b in zip(x.shape[1 : 1 + count], sizes, strict=True)]
    whole = ops.reshape(turned, (batch, *space, *x.shape[1 + count :]))
    kept = [slice(int(a), n - int(b)) for n, (a, b) in zip(space, crops, strict=True)]
    return whole[(slice(None), *kept)]


def _inner(node: Node, name: str) -> list[int]:
    """Strides or dilations without batch and channels."""
    found = [int(size) for size in node.attribute(name)]
    if found[0] != 1 or found[-1] != 1:
        raise node.refuse(f"{name} of batch or channels")
    return found[1:-1]


def _padding(node: Node) -> str:
    found = str(node.attribute("padding"))
    if found not in ("SAME", "VALID"):
        raise node.refuse(f"padding {found}")
    return found.lower()


def _hollow(filters: Array, dilations: list[int]) -> Array:
    """Filters with the zeros between their taps written out."""
    space = filters.shape[:-2]
    sizes = [(size - 1) * rate + 1 for size, rate in zip(space, dilations, strict=True)]
    made = np.zeros((*sizes, *filters.shape[-2:]), filters.dtype)
    made[tuple(slice(None, None, rate) for rate in dilations)] = filters
    return made
