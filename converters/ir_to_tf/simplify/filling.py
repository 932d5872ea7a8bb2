"""Suppressions whose rows are filled up to a known number: nothing behind them is of unknown size.

A size that only the running model knows keeps the delegates of TensorFlow Lite from the whole file.
"""

from __future__ import annotations

import numpy as np

from converters.ir_to_tf.dynamic import DYNAMIC
from converters.ir_to_tf.graph import Graph, Node, Value

SUPPRESSION = f"{DYNAMIC}NonMaxSuppression"
FILLED = "FilledNonMaxSuppression"


def filled(graph: Graph) -> Graph:
    """Each slice of as many rows as can be found, and fillers behind them, as one op."""
    makers = {value: node for node in graph.nodes for value in node.outputs}
    return Graph(tuple(_filled(node, makers) or node for node in graph.nodes), graph.notes)


def _filled(node: Node, makers: dict[Value, Node]) -> Node | None:
    joined = makers.get(node.inputs[0]) if _takes_first_rows(node) else None
    if joined is None or joined.type != f"{DYNAMIC}Concat" or len(joined.inputs) != 2:
        return None
    rows, fillers = joined.inputs
    found = _suppression(rows, makers)
    is_known = fillers.constant is not None and joined["axis"] in (0, -2)
    if found is None or not is_known or node.outputs[0].shape[0] != _most(found):
        return None
    data = np.asarray(fillers.constant)
    if len(data) < _most(found) or (data != data[0]).any():
        return None
    words = {**found.attributes, "filler": data[0].tolist()}
    return Node(node.name, FILLED, found.inputs, node.outputs, words)


def _takes_first_rows(node: Node) -> bool:
    """Whether a node is a Slice of the rows from the first up to a known number."""
    if node.type != f"{DYNAMIC}Slice" or not node.outputs[0].is_static or len(node.inputs) != 5:
        return False
    if not all(value.is_constant for value in node.inputs[1:]):
        return False
    start, stop, step, axes = (np.ravel(node.known(port)).tolist() for port in range(1, 5))
    rows = node.outputs[0].shape[0]
    return (start, stop, step) == ([0], [rows], [1]) and axes in ([0], [-node.outputs[0].rank])


def _suppression(value: Value, makers: dict[Value, Node]) -> Node | None:
    """The suppression whose rows these are, whatever type they were given."""
    maker = makers.get(value)
    while maker is not None and maker.type == f"{DYNAMIC}Convert":
        value = maker.inputs[0]
        maker = makers.get(value)
    is_one = maker is not None and maker.type == SUPPRESSION and value is maker.outputs[0]
    return maker if is_one else None


def _most(node: Node) -> int:
    """How many rows a suppression can find; -1 where only the running model knows."""
    if len(node.inputs) < 3 or not node.inputs[2].is_constant or not node.inputs[1].is_static:
        return -1
    batch, classes, places = node.inputs[1].shape
    return batch * classes * min(int(np.ravel(node.known(2))[0]), places)
