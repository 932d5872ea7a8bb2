"""Constant folding of what OpenVINO keeps on purpose: the decompression of weights."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from converters.ir_to_tf.graph import TERMINALS, Array, Graph, Node, Value, renumbered
from converters.ir_to_tf.layout.rules import permutation_of
from converters.ir_to_tf.reader import DTYPES


def folded(graph: Graph) -> Graph:
    """Converts of constants are constants; identities vanish."""
    instead: dict[Value, Value] = {}
    nodes = []
    for written in graph.nodes:
        (node,) = renumbered([written], instead)
        value = _constant(node)
        if value is not None:
            instead[node.outputs[0]] = value
        else:
            nodes.append(node)
    return Graph(tuple(nodes))


def _constant(node: Node) -> Value | None:
    fold = FOLDS.get(node.type)
    if fold is None or not all(value.is_constant for value in node.inputs):
        return None
    return Value.of(fold(node), node.outputs[0].name)


FOLDS: dict[str, Callable[[Node], Array]] = {
    "Convert": lambda node: node.known(0).astype(DTYPES[node["destination_type"]]),
    "Reshape": lambda node: node.known(0).reshape(node.outputs[0].shape),
    "Squeeze": lambda node: node.known(0).reshape(node.outputs[0].shape),
    "Unsqueeze": lambda node: node.known(0).reshape(node.outputs[0].shape),
    "Transpose": lambda node: node.known(0).transpose(permutation_of(node)),
    "Subtract": lambda node: np.subtract(node.known(0), node.known(1)),
    "Multiply": lambda node: np.multiply(node.known(0), node.known(1)),
}


def without_dead(graph: Graph) -> Graph:
    """Nodes that no output needs are dropped; inputs stay."""
    needed: set[Value] = set()
    kept = []
    for node in reversed(graph.nodes):
        is_terminal = node.type in TERMINALS
        if is_terminal or any(value in needed for value in node.outputs):
            kept.append(node)
            needed.update(node.inputs)
    return Graph(tuple(reversed(kept)))
