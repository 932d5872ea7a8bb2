"""Ops that shuffle elements by a pattern, said in Reshape and Transpose: atoms do the rest."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import prod

import numpy as np

from converters.ir_to_tf.graph import Graph, Node, Value

Nodes = list[Node]


def expanded(graph: Graph) -> Graph:
    """Every node that has a pattern, in other words."""
    nodes: Nodes = []
    for node in graph.nodes:
        pattern = PATTERNS.get(node.type)
        nodes += (pattern(node) if pattern else None) or [node]
    return Graph(tuple(nodes))


def reshape(name: str, source: Value, target: Value | Sequence[int]) -> Node:
    """A Reshape to a shape, or to a value that has one."""
    if not isinstance(target, Value):
        target = Value(f"{name}:0", tuple(target), source.dtype)
    shape = Value.of(np.array(target.shape, np.int64))
    return Node(name, "Reshape", (source, shape), (target,))


def _moved(node: Node, middle: Sequence[int], order: Sequence[int], mode: str = "") -> Nodes:
    """Cut into `middle`, transpose, and put together again."""
    cut = reshape(f"{node.name}/cut", node.inputs[0], middle)
    moved = Value(f"{node.name}/moved:0", tuple(middle[a] for a in order), node.inputs[0].dtype)
    axes = Value.of(np.array(order, np.int64))
    kind, attributes = ("Blocks", {"mode": mode}) if mode else ("Transpose", {})
    move = Node(f"{node.name}/move", kind, (cut.outputs[0], axes), (moved,), attributes)
    return [cut, move, reshape(node.name, moved, node.outputs[0])]


def _shuffle_channels(node: Node) -> Nodes:
    shape, groups = node.inputs[0].shape, int(node["group"])
    axis = int(node["axis"]) % len(shape)
    middle = (*shape[:axis], groups, shape[axis] // groups, *shape[axis + 1 :])
    order = list(range(len(middle)))
    order[axis], order[axis + 1] = axis + 1, axis
    return _moved(node, middle, order)


def _depth_to_space(node: Node) -> Nodes:
    n, channels, *space = node.inputs[0].shape
    block, depth = int(node["block_size"]), len(node.inputs[0].shape) - 2
    inner = channels // block**depth
    if node["mode"] == "depth_first":
        middle, c, first = (n, inner, *[block] * depth, *space), 1, 2
    else:
        middle, c, first = (n, *[block] * depth, inner, *space), 1 + depth, 1
    pairs = ((2 + depth + i, first + i) for i in range(depth))
    order = [0, c, *(axis for pair in pairs for axis in pair)]
    return _moved(node, middle, order, "depth_to_space")


def _space_to_depth(node: Node) -> Nodes:
    n, channels, *space = node.inputs[0].shape
    block, depth = int(node["block_size"]), len(space)
    cut = [size for length in space for size in (length // block, block)]
    steps, blocks = [2 + 2 * i for i in range(depth)], [3 + 2 * i for i in range(depth)]
    deep = [1, *blocks] if node["mode"] == "depth_first" else [*blocks, 1]
    return _moved(node, (n, channels, *cut), [0, *deep, *steps], "space_to_depth")


def _gather(node: Node) -> Nodes | None:
    """Indices of any rank are a row of them, and a Reshape."""
    data, indices = node.inputs[:2]
    has_batches = bool(node.attributes.get("batch_dims"))
    known = indices.is_constant and node.inputs[2].is_constant
    if not known or has_batches or indices.rank == 1:
        return None
    (axis,) = node.axes(2)
    shape = (*data.shape[:axis], prod(indices.shape), *data.shape[axis + 1 :])
    made = Value(f"{node.name}/row:0", shape, data.dtype)
    row = Value.of(np.ravel(node.known(1)))
    gather = Node(
        f"{node.name}/row", "Gather", (data, row, node.inputs[2]), (made,), node.attributes
    )
    return [gather, reshape(node.name, made, node.outputs[0])]


def _strided_slice(node: Node) -> Nodes | None:
    """Known bounds: a Slice, and a Reshape for the axes that come and go."""
    if not all(value.is_constant for value in node.inputs[1:]):
        return None
    data = node.inputs[0]
    rows = _bounds(node)
    sizes = [len(range(size)[cut]) for size, cut in zip(data.shape, rows, strict=True)]
    made = Value(f"{node.name}/slice:0", tuple(sizes), data.dtype)
    ends = [cut.indices(size) for size, cut in zip(data.shape, rows, strict=True)]
    columns = [Value.of(np.array(c, np.int64)) for c in zip(*ends, strict=True)]
    axes = Value.of(np.arange(data.rank))
    # A stop of -1 from `indices` walks to the very start: say so in a way that cannot be misread.
    columns[1] = Value.of(
        np.array(
            [
                stop if stop >= 0 else -size - 1
                for (_, stop, _), size in zip(ends, data.shape, strict=True)
            ],
            np.int64,
        )
    )
    cut = Node(f"{node.name}/slice", "Slice", (data, *columns, axes), (made,))
    return [cut, reshape(node.name, made, node.outputs[0])]


def _concat(node: Node) -> Nodes | None:
    """Parts without elements are none."""
    full = tuple(value for value in node.inputs if prod(value.shape))
    if len(full) in (0, len(node.inputs)):
        return None
    if len(full) == 1:
        return [reshape(node.name, full[0], node.outputs[0])]
    return [Node(node.name, "Concat", full, node.outputs, node.attributes)]


def _bounds(node: Node) -> list[slice]:
    """What a StridedSlice takes of each axis of its input."""
    begin, end = (np.ravel(node.known(port)).tolist() for port in (1, 2))
    step = np.ravel(node.known(3)).tolist() if len(node.inputs) > 3 else [1] * len(begin)
    masks = {
        k: list(node[f"{k}_mask"]) + [0] * len(begin)
        for k in ("begin", "end", "new_axis", "shrink_axis", "ellipsis")
    }
    real = sum(not (masks["new_axis"][i] or masks["ellipsis"][i]) for i in range(len(begin)))
    rows: list[slice] = []
    for i in range(len(begin)):
        if masks["ellipsis"][i]:
            rows += [slice(None)] * (node.inputs[0].rank - real)
        elif masks["shrink_axis"][i]:
            rows.append(slice(begin[i], begin[i] + 1 or None))
        elif not masks["new_axis"][i]:
            start = None if masks["begin"][i] else begin[i]
            rows.append(slice(start, None if masks["end"][i] else end[i], step[i]))
    return rows + [slice(None)] * (node.inputs[0].rank - len(rows))


PATTERNS: dict[str, Callable[[Node], Nodes | None]] = {
    "Concat": _concat,
    "ShuffleChannels": _shuffle_channels,
    "DepthToSpace": _depth_to_space,
    "SpaceToDepth": _space_to_depth,
    "Gather": _gather,
    "StridedSlice": _strided_slice,
}
