"""Transposes that gather blocks of space into channels, or spread them: TensorFlow has kernels."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from converters.ir_to_tf.graph import Graph, Node, Value
from converters.ir_to_tf.layout.rules import permutation_of

FINE = "nchaws"
"""Batch, channels, then rows and columns, each followed by its places within a block."""


class Kernel(NamedTuple):
    """How a Transpose is written, by the letters of `FINE`, and what it does."""

    before: str
    after: str
    mode: str


KERNELS = (
    Kernel("ncashw", "nchaws", "depth_to_space"),
    Kernel("naschw", "nchaws", "depth_to_space"),
    Kernel("nhwasc", "nhawsc", "depth_to_space"),
    Kernel("nchaws", "ncashw", "space_to_depth"),
    Kernel("nchaws", "naschw", "space_to_depth"),
    Kernel("nhawsc", "nhwasc", "space_to_depth"),
)
"""Pixel shuffles of both kinds and of images with channels last (windows), and their inverses."""


def as_blocks(graph: Graph) -> Graph:
    """Every such Transpose as `Blocks`, between Transposes that only rename axes."""
    nodes: list[Node] = []
    for node in graph.nodes:
        kernel = _kernel(node) if node.type == "Transpose" else None
        nodes += _blocks(node, kernel) if kernel else [node]
    return Graph(tuple(nodes))


def _kernel(node: Node) -> Kernel | None:
    data = node.inputs[0]
    if data.rank != len(FINE) or not node.inputs[1].is_constant or data.is_constant:
        return None
    order = permutation_of(node)
    for kernel in KERNELS:
        sizes = dict(zip(kernel.before, data.shape, strict=True))
        written = [kernel.before.index(letter) for letter in kernel.after]
        if written == order and sizes["a"] == sizes["s"] > 1:
            return kernel
    return None


def _blocks(node: Node, kernel: Kernel) -> list[Node]:
    """`Blocks` reads, or makes, its axes in the order of `FINE`."""
    fine_first = kernel.mode == "space_to_depth"
    deep = kernel.after if fine_first else kernel.before
    before, after = (FINE, deep) if fine_first else (deep, FINE)
    data, made = node.inputs[0], node.outputs[0]
    nodes = []
    if before != kernel.before:
        nodes.append(_turned(f"{node.name}/from", data, kernel.before, before))
        data = nodes[-1].outputs[0]
    target = made if after == kernel.after else _value(f"{node.name}/blocks", data, before, after)
    words = {"mode": kernel.mode}
    nodes.append(Node(node.name, "Blocks", (data, _order(before, after)), (target,), words))
    if target is not made:
        inputs = (target, _order(after, kernel.after))
        nodes.append(Node(f"{node.name}/to", "Transpose", inputs, (made,)))
    return nodes


def _turned(name: str, data: Value, before: str, after: str) -> Node:
    made = _value(name, data, before, after)
    return Node(name, "Transpose", (data, _order(before, after)), (made,))


def _value(name: str, data: Value, before: str, after: str) -> Value:
    shape = tuple(data.shape[before.index(letter)] for letter in after)
    return Value(f"{name}:0", shape, data.dtype)


def _order(before: str, after: str) -> Value:
    return Value.of(np.array([before.index(letter) for letter in after], np.int64))
