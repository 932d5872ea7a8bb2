"""Pins: tensors whose order of axes the user dictates, not the integer program.

A pin is a node that computes nothing; it exists in one order only, so that what is written on one
side of it, and read on the other, is stored so. A pin without an order carries any: it only keeps
apart what no rewrite is to see as one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence

from converters.ir_to_tf.graph import TERMINALS, Graph, Node, Value, renumbered
from converters.ir_to_tf.layout.rules import same_axes
from converters.ir_to_tf.layout.spec import Spec
from converters.ir_to_tf.layout.wishes import order_of, terminal

PIN = "Pin"
Layout = str | Sequence[int]
"""`as_written`, `channels_last`, or the IR's axes in the order in which they are to be stored."""


def pin_rule(node: Node) -> Spec:
    """One order, for what comes and for what goes; or any, the same for both."""
    order = node["order"]
    return same_axes(node) if order is None else terminal(node, [tuple(order)])


def apart(graph: Graph, names: Collection[str]) -> Graph:
    """The graph, with what some ops make behind pins that carry any order."""
    nodes: list[Node] = []
    instead: dict[Value, Value] = {}
    for written in graph.nodes:
        (node,) = renumbered([written], instead)
        nodes.append(node)
        if node.name in names:
            pin = _pin(f"{node.name}/pin", node.outputs[0], None)
            instead[node.outputs[0]] = pin.outputs[0]
            nodes.append(pin)
    return Graph(tuple(nodes)).checked()


def pinned(graph: Graph, layouts: Mapping[str, Layout]) -> Graph:
    """The graph with the tensors of some ops, by name, pinned to orders."""
    nodes: list[Node] = []
    instead: dict[Value, Value] = {}
    for written in graph.nodes:
        (node,) = renumbered([written], instead)
        if node.name not in layouts or node.type in TERMINALS:
            nodes.append(node)
            continue
        layout = layouts[node.name]
        before = list(_before(node, layout))
        inputs = {pin.inputs[0]: pin.outputs[0] for pin in before}
        nodes += [*before, *renumbered([node], inputs)]
        for number, value in enumerate(node.outputs):
            if (order := order_for(layout, value)) is not None:
                pin = _pin(f"{node.name}/pin.{number}", value, order)
                instead[value] = pin.outputs[0]
                nodes.append(pin)
    return Graph(tuple(nodes)).checked()


def _before(node: Node, layout: Layout) -> Iterator[Node]:
    computed = dict.fromkeys(value for value in node.inputs if not value.is_constant)
    for number, value in enumerate(computed):
        if (order := order_for(layout, value)) is not None:
            yield _pin(f"{node.name}/pin.in.{number}", value, order)


def order_for(layout: Layout, value: Value) -> tuple[int, ...] | None:
    """The order that a layout means for a tensor; None where it has not as many axes.

    What has sizes that are known only when the model runs is always as written.
    """
    if not value.is_static:
        return None
    if isinstance(layout, str):
        return order_of("as_written" if layout == "as_written" else "channels_last", value.rank)
    return tuple(layout) if sorted(layout) == list(range(value.rank)) else None


def _pin(name: str, value: Value, order: tuple[int, ...] | None) -> Node:
    made = Value(f"{name}:0", value.shape, value.dtype)
    return Node(name, PIN, (value,), (made,), {"order": order})
