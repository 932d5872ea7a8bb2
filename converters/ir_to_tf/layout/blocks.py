"""The layout rule of DepthToSpace and SpaceToDepth, once written with an axis per block."""

from __future__ import annotations

from collections.abc import Iterator

from converters.ir_to_tf.graph import Node
from converters.ir_to_tf.layout.rules import permutation_of
from converters.ir_to_tf.layout.spec import Arrangement, Groups, Order, Spec

PRICE = 1.0
"""Bytes: the kernel is taken only where carrying the order along is not free."""


def blocks(node: Node) -> Spec:
    """A Transpose that may also be done by the kernel of TensorFlow.

    The side with space in pieces is (n, c, h, bh, w, bw); `mode` tells which side that is.
    """
    order = permutation_of(node)
    labels = tuple(range(len(order)))
    is_finest_after = node["mode"] == "depth_to_space"
    fine = labels if is_finest_after else tuple(order)
    ports = (tuple(order.index(axis) for axis in labels), None, labels)
    names = {str(axis): (axis,) for axis in labels}
    # Labels are the output's axes; `fine` lists those of n, c, h, bh, w, bw.
    places = fine if is_finest_after else tuple(order.index(axis) for axis in labels)

    def arrange(groups: Groups) -> Iterator[Arrangement]:
        n, c, *space = (groups[str(label)] for label in places)
        wide: list[Order] = [a + b for a, b in zip(space[::2], space[1::2], strict=True)]
        deep = (n, *space[::2], (*sum(space[1::2], ()), *c))
        fine_dims = (n, *wide, c)
        sides = (deep, fine_dims) if is_finest_after else (fine_dims, deep)
        yield Arrangement((sides[0], None, sides[1]), kernel=str(node["mode"]), price=PRICE)

    return Spec(ports, groups=names, also=arrange, renames=True)
