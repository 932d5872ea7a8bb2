"""Blocks of space told as batches, in Reshape and Transpose: atoms carry them."""

from __future__ import annotations

from math import prod

import numpy as np

from converters.ir_to_tf.graph import Graph, Node, Value
from converters.ir_to_tf.simplify.expand import reshape


def batched(graph: Graph) -> Graph:
    """SpaceToBatch and BatchToSpace in other words, where their blocks are known."""
    nodes: list[Node] = []
    for node in graph.nodes:
        pattern = PATTERNS.get(node.type)
        is_known = pattern and all(value.is_constant for value in node.inputs[1:])
        nodes += pattern(node) if pattern and is_known else [node]
    return Graph(tuple(nodes))


def _numbers(node: Node) -> list[list[int]]:
    return [[int(n) for n in np.ravel(node.known(port))] for port in range(1, 4)]


def _space_to_batch(node: Node) -> list[Node]:
    """Pad, cut every axis into blocks, and bring the places within blocks to the front."""
    block, begin, end = _numbers(node)
    data = node.inputs[0]
    shape = [n + b + e for n, b, e in zip(data.shape, begin, end, strict=True)]
    wide = Value(f"{node.name}/pad:0", tuple(shape), data.dtype)
    pads = (Value.of(np.array(begin)), Value.of(np.array(end)))
    zero = Value.of(np.zeros((), data.dtype))
    words = {"pad_mode": "constant"}
    pad = Node(f"{node.name}/pad", "Pad", (data, *pads, zero), (wide,), words)
    middle = [n for size, b in zip(shape, block, strict=True) for n in (size // b, b)]
    order = [*range(1, 2 * len(shape), 2), *range(0, 2 * len(shape), 2)]
    return [pad, *_moved(node, wide, (middle, order), node.outputs[0])]


def _batch_to_space(node: Node) -> list[Node]:
    """Cut the batch into blocks, bring each behind its axis, and crop."""
    block, begin, end = _numbers(node)
    data = node.inputs[0]
    rank = data.rank
    middle = [*block[1:], data.shape[0] // prod(block), *data.shape[1:]]
    order = [rank - 1, *(a for k in range(rank - 1) for a in (rank + k, k))]
    grown = (n * b for n, b in zip(data.shape[1:], block[1:], strict=True))
    shape = (data.shape[0] // prod(block), *grown)
    wide = Value(f"{node.name}/whole:0", shape, data.dtype)
    stops = [n - e for n, e in zip(shape, end, strict=True)]
    bounds = (begin, stops, [1] * rank, list(range(rank)))
    known = tuple(Value.of(np.array(row, np.int64)) for row in bounds)
    cut = Node(node.name, "Slice", (wide, *known), node.outputs)
    return [*_moved(node, data, (middle, order), wide), cut]


def _moved(node: Node, data: Value, how: tuple[list[int], list[int]], target: Value) -> list[Node]:
    """Cut into `middle`, transpose, and put together as the target."""
    middle, order = how
    cut = reshape(f"{node.name}/cut", data, middle)
    shape = tuple(middle[axis] for axis in order)
    moved = Value(f"{node.name}/moved:0", shape, data.dtype)
    axes = Value.of(np.array(order, np.int64))
    move = Node(f"{node.name}/move", "Transpose", (cut.outputs[0], axes), (moved,))
    return [cut, move, reshape(f"{node.name}/made", moved, target)]


PATTERNS = {"SpaceToBatch": _space_to_batch, "BatchToSpace": _batch_to_space}
