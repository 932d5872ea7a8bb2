"""Nodes that change nothing, and nodes that together do what fewer do."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping
from math import prod

import numpy as np

from converters.ir_to_tf.graph import Array, Graph, Node, Value, renumbered
from converters.ir_to_tf.layout.rules import permutation_of
from converters.ir_to_tf.reader import DTYPES

ELEMENTWISE = {
    "Add",
    "Divide",
    "Equal",
    "Greater",
    "GreaterEqual",
    "Less",
    "LessEqual",
    "Maximum",
    "Minimum",
    "Multiply",
    "NotEqual",
    "Power",
    "Select",
    "SquaredDifference",
    "Subtract",
}
"""Ops that broadcast by themselves."""


def without_needless(graph: Graph) -> Graph:
    """Whoever reads what a needless node makes reads its input."""
    instead: dict[Value, Value] = {}
    nodes = []
    for written in graph.nodes:
        (node,) = renumbered([written], instead)
        test = NEEDLESS.get(node.type)
        if test and not node.inputs[0].is_constant and test(node):
            instead[node.outputs[0]] = node.inputs[0]
        else:
            nodes.append(node)
    return Graph(tuple(nodes))


def _same_shape(node: Node) -> bool:
    return node.inputs[0].is_static and node.inputs[0].shape == node.outputs[0].shape


def _same_type(node: Node) -> bool:
    return bool(node.inputs[0].dtype == np.dtype(DTYPES[node["destination_type"]]))


def _all_known(node: Node) -> bool:
    return all(value.is_constant for value in node.inputs[1:])


def _pads_nothing(node: Node) -> bool:
    return _same_shape(node) and _all_known(node) and not np.any(np.concatenate(_pads(node)))


def _pads(node: Node) -> list[Array]:
    return [np.ravel(node.known(1)), np.ravel(node.known(2))]


def _slices_nothing(node: Node) -> bool:
    """Of the same shape: all of it, unless it walks backwards."""
    return _same_shape(node) and _all_known(node) and bool(np.all(np.ravel(node.known(3)) > 0))


def _neutral(number: float) -> Callable[[Node], bool]:
    def test(node: Node) -> bool:
        data = node.inputs[1].constant
        return data is not None and _same_shape(node) and bool(np.all(data == number))

    return test


def _keeps_order(node: Node) -> bool:
    return _all_known(node) and permutation_of(node) == sorted(permutation_of(node))


NEEDLESS: Mapping[str, Callable[[Node], bool]] = {
    "Add": _neutral(0.0),
    "Broadcast": _same_shape,
    "Convert": _same_type,
    "Divide": _neutral(1.0),
    "Multiply": _neutral(1.0),
    "Pad": _pads_nothing,
    "Power": _neutral(1.0),
    "Reshape": _same_shape,
    "Slice": _slices_nothing,
    "Squeeze": _same_shape,
    "Subtract": _neutral(0.0),
    "Tile": _same_shape,
    "Transpose": _keeps_order,
    "Unsqueeze": _same_shape,
}
"""When a node's output is its first input, by its type."""


# Broadcasts --------------------------------------------------------------------------------------


def without_broadcasts(graph: Graph) -> Graph:
    """Ops that broadcast by themselves read what was broadcast for them."""
    narrow = {
        node.outputs[0]: node.inputs[0]
        for node in graph.nodes
        if node.type in ("Broadcast", "Tile") and _as_numpy_would(node)
    }
    return Graph(tuple(_reading_narrow(node, narrow) for node in graph.nodes))


def _as_numpy_would(node: Node) -> bool:
    """The input's axes are the output's last; each is equal, or of size 1."""
    before, after = node.inputs[0], node.outputs[0]
    is_plain = before.is_static and after.is_static and not before.is_constant
    if not is_plain or before.rank > after.rank or node.attributes.get("mode") == "explicit":
        return False
    pairs = zip(before.shape, after.shape[after.rank - before.rank :], strict=True)
    return all(a in (1, b) for a, b in pairs)


def _reading_narrow(node: Node, narrow: Mapping[Value, Value]) -> Node:
    if node.type not in ELEMENTWISE or not any(value in narrow for value in node.inputs):
        return node
    inputs = list(node.inputs)
    for port, value in enumerate(node.inputs):
        shorter = [*inputs[:port], narrow.get(value, value), *inputs[port + 1 :]]
        if np.broadcast_shapes(*(v.shape for v in shorter)) == node.outputs[0].shape:
            inputs = shorter
    return Node(node.name, node.type, tuple(inputs), node.outputs, node.attributes, node.aliases)


# Slices ------------------------------------------------------------------------------------------


def runs_as_slices(graph: Graph) -> Graph:
    """A Gather of known indices, each one more than the last, is a Slice."""
    return Graph(tuple(_slice_of(node) or node for node in graph.nodes))


def _slice_of(node: Node) -> Node | None:
    is_static = all(value.is_static for value in node.values)
    if node.type != "Gather" or not is_static or not _all_known(node) or node["batch_dims"]:
        return None
    (axis,), size = node.axes(2), node.inputs[0].shape[node.axes(2)[0]]
    indices = [int(i) % size for i in np.ravel(node.known(1))]
    if node.inputs[1].rank != 1 or indices != list(range(indices[0], indices[0] + len(indices))):
        return None
    rows = ([indices[0]], [indices[-1] + 1], [1], [axis])
    known = tuple(Value.of(np.array(row, np.int64)) for row in rows)
    return Node(node.name, "Slice", (node.inputs[0], *known), node.outputs)


def split_once(graph: Graph) -> Graph:
    """Slices that share a tensor among them are one Split of it."""
    groups: dict[tuple[Value, int], list[Node]] = defaultdict(list)
    for node in graph.nodes:
        if node.type == "Slice" and (axis := _sliced_axis(node)) is not None:
            groups[node.inputs[0], axis].append(node)
    instead: dict[Node, Node | None] = {}
    for (data, axis), slices in groups.items():
        parts = sorted(slices, key=lambda node: _start(node, axis))
        if len(parts) > 1 and _shares(parts, data, axis):
            instead |= dict.fromkeys(slices)
            instead[slices[0]] = _split(parts, data, axis)
    nodes = (instead.get(node, node) for node in graph.nodes)
    return Graph(tuple(node for node in nodes if node is not None))


def _sliced_axis(node: Node) -> int | None:
    """The only axis of which a Slice leaves something out, if it takes a stretch of it."""
    before, after = node.inputs[0].shape, node.outputs[0].shape
    cut = [axis for axis, (a, b) in enumerate(zip(before, after, strict=True)) if a != b]
    is_static = all(value.is_static for value in node.values)
    if len(cut) != 1 or not is_static or not _all_known(node) or not prod(after):
        return None
    return cut[0] if set(np.ravel(node.known(3)).tolist()) == {1} else None


def _start(node: Node, axis: int) -> int:
    rank, size = node.inputs[0].rank, node.inputs[0].shape[axis]
    starts = np.ravel(node.known(1))
    axes = np.ravel(node.known(4)) if len(node.inputs) > 4 else np.arange(len(starts))
    (place,) = [i for i, each in enumerate(axes) if int(each) % rank == axis]
    return slice(int(starts[place]), None).indices(size)[0]


def _shares(parts: list[Node], data: Value, axis: int) -> bool:
    """Whether the slices follow each other and leave nothing out."""
    end = 0
    for node in parts:
        if _start(node, axis) != end:
            return False
        end += node.outputs[0].shape[axis]
    return end == data.shape[axis]


def _split(parts: list[Node], data: Value, axis: int) -> Node:
    lengths = [node.outputs[0].shape[axis] for node in parts]
    known = Value.of(np.int64(axis)), Value.of(np.array(lengths, np.int64))
    made = tuple(node.outputs[0] for node in parts)
    return Node(parts[0].name, "VariadicSplit", (data, *known), made)
