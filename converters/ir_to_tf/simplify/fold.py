"""Constant folding of what OpenVINO keeps on purpose: the decompression of weights."""

from __future__ import annotations

from converters.ir_to_tf.graph import Graph, Node, Value, renumbered
from converters.ir_to_tf.reader import DTYPES


def folded(graph: Graph) -> Graph:
    """Converts of constants are constants; identities vanish."""
    instead: dict[Value, Value] = {}
    nodes = []
    for node in renumbered(graph.nodes, instead):
        (node,) = renumbered([node], instead)
        value = _constant(node)
        if value is not None:
            instead[node.outputs[0]] = value
        else:
            nodes.append(node)
    return Graph(tuple(nodes))


def _constant(node: Node) -> Value | None:
    if node.type != "Convert" or node.inputs[0].constant is None:
        return None
    dtype = DTYPES[node["destination_type"]]
    return Value.of(node.inputs[0].constant.astype(dtype), node.outputs[0].name)


def without_dead(graph: Graph) -> Graph:
    """Nodes that no output needs are dropped; inputs stay."""
    needed: set[Value] = set()
    kept = []
    for node in reversed(graph.nodes):
        is_terminal = node.type in ("Parameter", "Result")
        if is_terminal or any(value in needed for value in node.outputs):
            kept.append(node)
            needed.update(node.inputs)
    return Graph(tuple(reversed(kept)))
