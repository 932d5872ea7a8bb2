"""Operations that move elements by shape alone: reshaping, slicing, joining, padding."""

from __future__ import annotations

from itertools import accumulate
from typing import Any

import numpy as np
from keras import layers, ops

from converters.ir_to_tf.formats.reading.node import Node
from converters.ir_to_tf.formats.reading.table import row


@row("Reshape", "Squeeze", "ExpandDims")
def reshaped(node: Node, x: Any, *_: Any) -> Any:
    """A Reshape layer; where the batch changes too, the function."""
    shape = node.shape
    same_batch = min(len(shape), len(x.shape)) > 1 and x.shape[0] == shape[0]
    if same_batch and 0 not in shape and None not in shape[1:]:
        return node.layer(layers.Reshape, x, target_shape=shape[1:])
    return ops.reshape(x, node.target)


@row("Transpose")
def transposed(node: Node, x: Any, _: Any) -> Any:
    """A Permute layer; where the batch moves, the function."""
    axes = [int(axis) for axis in node.constant(1)]
    if axes[:1] == [0] and len(axes) > 1:
        return node.layer(layers.Permute, x, dims=axes[1:])
    return ops.transpose(x, axes)


@row("ConcatV2")
def joined(node: Node, *inputs: Any) -> Any:
    """A Concatenate layer; along the batch, the function."""
    axis = int(inputs[-1]) % len(node.shape)
    tensors = [node.tensor(port) for port in range(len(inputs) - 1)]
    if axis and len(tensors) > 1:
        return node.layer(layers.Concatenate, *tensors, axis=axis)
    return ops.concatenate(tensors, axis=axis)


@row("Pack")
def stacked(node: Node, *inputs: Any) -> Any:
    """A stack along a new axis."""
    tensors = [node.tensor(port) for port in range(len(inputs))]
    return ops.stack(tensors, axis=int(node.attribute("axis")))


@row("Unpack")
def unstacked(node: Node, x: Any) -> Any:
    """The parts of an axis."""
    return ops.unstack(x, num=int(node.attribute("num")), axis=int(node.attribute("axis")))


@row("Split")
def split(node: Node, axis: Any, _: Any) -> Any:
    """Equal parts."""
    return ops.split(node.tensor(1), int(node.attribute("num_split")), axis=int(axis))


@row("SplitV")
def split_at(node: Node, x: Any, sizes: Any, axis: Any) -> Any:
    """Parts of given sizes."""
    known = [int(tensor.shape[int(axis)]) for tensor in node.op.outputs]
    assert len(known) == len(sizes)
    return ops.split(x, list(accumulate(known))[:-1], axis=int(axis))


PADDED_SPACE = {4: layers.ZeroPadding2D, 5: layers.ZeroPadding3D}


@row("Pad", "PadV2")
def padded(node: Node, x: Any, _: Any, *value: Any) -> Any:
    """A ZeroPadding layer around the space of an image; else the function."""
    sides = [(int(a), int(b)) for a, b in node.constant(1)]
    fill = node.operand(2) if value else 0
    is_zero = not value or (isinstance(fill, np.ndarray | np.generic) and not np.any(fill))
    around = any(sides[0]) or any(sides[-1]) or min(min(side) for side in sides) < 0
    if is_zero and len(sides) in PADDED_SPACE and not around and node.dtype == "float32":
        return node.layer(PADDED_SPACE[len(sides)], x, padding=sides[1:-1])
    number = fill.item() if isinstance(fill, np.ndarray | np.generic) else fill
    return ops.pad(x, sides, mode="constant", constant_values=number)


@row("MirrorPad")
def mirrored(node: Node, x: Any, _: Any) -> Any:
    """Reflected or symmetric."""
    sides = [(int(a), int(b)) for a, b in node.constant(1)]
    return ops.pad(x, sides, mode=str(node.attribute("mode")).lower())


@row("Slice")
def sliced(node: Node, x: Any, begin: Any, _: Any) -> Any:
    """A piece of constant size, wherever it begins."""
    if isinstance(begin, np.ndarray):
        ends = [int(b) + size for b, size in zip(begin, node.fixed, strict=True)]
        return x[tuple(slice(int(b), end) for b, end in zip(begin, ends, strict=True))]
    return ops.slice(x, begin, node.fixed)


@row("StridedSlice")
def strided_slice(node: Node, _: Any, begin: Any, end: Any, strides: Any) -> Any:
    """What Python's brackets say."""
    if not all(isinstance(each, np.ndarray) for each in (begin, end, strides)):
        raise node.refuse("its bounds are computed")
    masks = {name: int(node.attribute(f"{name}_mask")) for name in MASKS}
    keys = []
    for i, (first, last, step) in enumerate(zip(begin, end, strides, strict=True)):
        bit = {name for name in MASKS if masks[name] >> i & 1}
        bounds = slice(
            None if "begin" in bit else int(first), None if "end" in bit else int(last), int(step)
        )
        special = {"ellipsis": Ellipsis, "new_axis": None, "shrink_axis": int(first)}
        chosen = [special[name] for name in SPECIAL if name in bit]
        keys.append(chosen[0] if chosen else bounds)
    return node.tensor(0)[tuple(keys)]


SPECIAL = ("ellipsis", "new_axis", "shrink_axis")
MASKS = ("begin", "end", *SPECIAL)


@row("BroadcastTo")
def broadcast(node: Node, *_: Any) -> Any:
    """Repeated along axes of size 1."""
    return ops.broadcast_to(node.tensor(0), node.fixed)


@row("Fill")
def filled(node: Node, *_: Any) -> Any:
    """One number everywhere."""
    return ops.broadcast_to(node.tensor(1), node.fixed)


@row("Tile")
def tiled(node: Node, *_: Any) -> Any:
    """Repeated as a whole."""
    return ops.tile(node.tensor(0), [int(n) for n in node.constant(1)])


@row("DepthToSpace")
def depth_to_space(node: Node, x: Any) -> Any:
    """Said in shapes: `keras.ops` has it only since 3.13."""
    batch, height, width, channels = x.shape
    block = int(node.attribute("block_size"))
    cut = ops.reshape(x, (batch, height, width, block, block, channels // block**2))
    return ops.reshape(ops.transpose(cut, (0, 1, 3, 2, 4, 5)), node.target)


@row("SpaceToDepth")
def space_to_depth(node: Node, x: Any) -> Any:
    """The way back."""
    batch, height, width, channels = x.shape
    block = int(node.attribute("block_size"))
    cut = ops.reshape(x, (batch, height // block, block, width // block, block, channels))
    return ops.reshape(ops.transpose(cut, (0, 1, 3, 2, 4, 5)), node.target)
