"""Convolutions and pools as TensorFlow Lite has them: over two axes, with pads that cost nothing.

A window over one axis is one over two, the first of size 1; the Reshapes around it are free. A
maximum behind an activation that is never negative may be padded with zeros, where TensorFlow's
SAME does not pad already: as networks written in TensorFlow do it.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from converters.ir_to_tf.graph import Graph, Node, Value
from converters.ir_to_tf.simplify.expand import reshape

WINDOWED = {
    "AvgPool": 0,
    "Convolution": 1,
    "GroupConvolution": 2,
    "MaxPool": 0,
}
"""Ops over spatial axes; how many axes of their filters come before those, less one."""

PLAIN = {"strides": 1, "dilations": 1, "kernel": 1, "pads_begin": 0, "pads_end": 0}
"""What attributes are for an axis over which nothing happens."""


def widened(graph: Graph) -> Graph:
    """Windows over one axis as windows over two."""
    nodes: list[Node] = []
    for node in graph.nodes:
        nodes += _wide(node) if _is_narrow(node) else [node]
    return Graph(tuple(nodes))


def _is_narrow(node: Node) -> bool:
    is_static = all(value.is_static for value in node.values)
    known = all(value.is_constant for value in node.inputs[1:])
    return node.type in WINDOWED and node.inputs[0].rank == 3 and known and is_static


def _wide(node: Node) -> list[Node]:
    data, made = node.inputs[0], node.outputs[0]
    raised = reshape(f"{node.name}/raised", data, _with_axis(data.shape))
    wide = Value(f"{node.name}/wide:0", _with_axis(made.shape), made.dtype)
    filters = [_raised_filters(value, WINDOWED[node.type]) for value in node.inputs[1:]]
    words = {name: _word(name, value) for name, value in node.attributes.items()}
    unread = [Value(v.name, _with_axis(v.shape), v.dtype) for v in node.outputs[1:]]
    outputs = (wide, *unread)
    inputs = (raised.outputs[0], *filters)
    over_two = Node(f"{node.name}/wide", node.type, inputs, outputs, words)
    return [raised, over_two, reshape(node.name, wide, made)]


def _with_axis(shape: tuple[int, ...]) -> tuple[int, ...]:
    return (*shape[:-1], 1, shape[-1])


def _raised_filters(filters: Value, before: int) -> Value:
    shape = filters.shape
    axis = before + 1
    assert filters.constant is not None
    return Value.of(filters.constant.reshape(*shape[:axis], 1, *shape[axis:]), filters.name)


def _word(name: str, value: Any) -> Any:
    return [PLAIN[name], *value] if name in PLAIN else value


# Maxima ------------------------------------------------------------------------------------------

NEVER_NEGATIVE = {"Relu", "Sigmoid", "HSigmoid", "Exp", "SoftPlus", "Abs"}


def padded_with_zeros(graph: Graph) -> Graph:
    """Pads of a MaxPool as a Pad of zeros, where that is the same and SAME is not."""
    positive = {value for node in graph.nodes if _is_positive(node) for value in node.outputs}
    nodes: list[Node] = []
    for node in graph.nodes:
        fits = node.type == "MaxPool" and node.inputs[0] in positive and _pads_apart(node)
        nodes += _padded(node) if fits else [node]
    return Graph(tuple(nodes))


def _is_positive(node: Node) -> bool:
    is_clamp = node.type == "Clamp" and float(node["min"]) >= 0
    return node.type in NEVER_NEGATIVE or is_clamp


def _ends(node: Node) -> list[int]:
    """The pads behind each axis, with those that rounding up asks for."""
    ends = []
    for axis, kernel in enumerate(node["kernel"]):
        stride, begin, end = (node[k][axis] for k in ("strides", "pads_begin", "pads_end"))
        rate = node.attributes.get("dilations", [1] * len(node["kernel"]))[axis]
        size, made = (value.shape[2 + axis] for value in (node.inputs[0], node.outputs[0]))
        reach = (made - 1) * stride + (kernel - 1) * rate + 1
        ends.append(end + max(0, reach - size - begin - end))
    return ends


def _pads_apart(node: Node) -> bool:
    """Whether there are pads, none of them wider than half a window, and SAME has others."""
    plain = all(v.is_static for v in node.values) and set(
        node.attributes.get("dilations", [1])
    ) == {1}
    if not plain:
        return False
    begin, ends = node["pads_begin"], _ends(node)
    is_bounded = all(2 * b <= k for b, k in zip(begin, node["kernel"], strict=True))
    return any([*begin, *ends]) and is_bounded and not _is_same(node, begin, ends)


def _is_same(node: Node, begin: list[int], ends: list[int]) -> bool:
    for axis, kernel in enumerate(node["kernel"]):
        size, stride = node.inputs[0].shape[2 + axis], node["strides"][axis]
        total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
        if (total // 2, total - total // 2) != (begin[axis], ends[axis]):
            return False
    return True


def _padded(node: Node) -> list[Node]:
    data, begin, ends = node.inputs[0], node["pads_begin"], _ends(node)
    rows = [np.array([0, 0, *pads], np.int64) for pads in (begin, ends)]
    shape = tuple(size + int(b) + int(e) for size, b, e in zip(data.shape, *rows, strict=True))
    wide = Value(f"{node.name}/pad:0", shape, data.dtype)
    known = (*map(Value.of, rows), Value.of(np.zeros((), data.dtype)))
    pad = Node(f"{node.name}/pad", "Pad", (data, *known), (wide,), {"pad_mode": "constant"})
    none = [0] * len(begin)
    words = {**node.attributes, "pads_begin": none, "pads_end": none, "rounding_type": "floor"}
    return [pad, Node(node.name, node.type, (wide,), node.outputs, words)]
