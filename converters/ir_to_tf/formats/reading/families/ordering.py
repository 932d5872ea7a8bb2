"""Operations that depend on the order of elements along an axis."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import ops

from converters.ir_to_tf.formats.reading.node import Node
from converters.ir_to_tf.formats.reading.table import row

EXTREMES = {"ArgMax": ops.argmax, "ArgMin": ops.argmin}
RUNNING = {"Cumsum": (ops.cumsum, 0), "Cumprod": (ops.cumprod, 1)}


@row(*EXTREMES)
def place_of_extreme(node: Node, x: Any, _: Any) -> Any:
    """Where the largest, or smallest, stands."""
    return EXTREMES[node.op.type](x, axis=node.number(1))


@row("TopKV2")
def largest(node: Node, x: Any, _: Any) -> Any:
    """The largest of the last axis, with their places."""
    return ops.top_k(x, node.number(1), sorted=True)


@row(*RUNNING)
def running(node: Node, x: Any, _: Any) -> Any:
    """Sums or products so far; exclusive ones are shifted by one."""
    function, neutral = RUNNING[node.op.type]
    axis, back = node.number(1) % len(x.shape), bool(node.attribute("reverse"))
    made = function(ops.flip(x, axis) if back else x, axis=axis)
    if node.attribute("exclusive"):
        sides = [(1, 0) if i == axis else (0, 0) for i in range(len(x.shape))]
        longer = ops.pad(made, sides, mode="constant", constant_values=neutral)
        made = longer[(*[slice(None)] * axis, slice(0, x.shape[axis]))]
    return ops.flip(made, axis) if back else made


@row("ReverseV2")
def reversed_axes(node: Node, x: Any, _: Any) -> Any:
    """From the end."""
    return ops.flip(x, tuple(int(axis) % len(x.shape) for axis in np.atleast_1d(node.constant(1))))


@row("ReverseSequence")
def reversed_sequence(node: Node, x: Any, _: Any) -> Any:
    """Each one's first steps from the end: step t is step length - 1 - t, up to its length."""
    along, batch = int(node.attribute("seq_dim")), int(node.attribute("batch_dim"))
    rank, steps = len(x.shape), x.shape[along]
    sizes = [x.shape[batch] if i == batch else 1 for i in range(rank)]
    places = np.arange(steps, dtype=np.int32)
    places = places.reshape([steps if i == along else 1 for i in range(rank)])
    end = ops.reshape(ops.cast(node.tensor(1), "int32"), sizes)
    turned = ops.subtract(ops.subtract(end, 1), places)
    chosen = ops.where(ops.less(places, end), turned, places)
    return ops.take_along_axis(x, ops.broadcast_to(chosen, x.shape), axis=along)


@row("OneHot")
def one_hot(node: Node, x: Any, _: Any, on: Any, off: Any) -> Any:
    """A choice of two numbers."""
    axis = int(node.attribute("axis"))
    last = -1 if axis == len(x.shape) else axis
    chosen = ops.one_hot(x, node.number(1), axis=last, dtype="bool")
    return ops.where(chosen, on, off)
