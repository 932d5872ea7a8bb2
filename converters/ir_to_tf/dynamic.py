"""Tensors whose sizes are known only when the model runs, kept out of the program of layouts.

A node that touches one computes as the IR writes it, under a type of its own (`DynamicReshape`).
The program sees a stand-in for it, with those of its tensors whose sizes are known, as written.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from converters.ir_to_tf.graph import TERMINALS, Graph, Node, Value

DYNAMIC = "Dynamic"
"""What the types of such nodes begin with."""
LOOSE = "Loose"
"""The type of their stand-ins."""


@dataclass(frozen=True, eq=False)
class StandIn(Node):
    """A node without its tensors of unknown sizes."""

    whole: Node | None = None


def is_dynamic(node: Node) -> bool:
    """Whether any tensor of a node has a size that is not known."""
    return not all(value.is_static for value in node.values)


def noted(graph: Graph) -> Iterator[str]:
    """What it costs a file that a size is not known, and where that begins."""
    first = next((node for node in graph.nodes if is_dynamic(node)), None)
    if first is not None:
        yield (
            f"only the running model knows the sizes behind {first.type.removeprefix(DYNAMIC)} "
            f"{first.name!r}: no delegate of TensorFlow Lite takes such a file, which makes it "
            "several times slower; rows filled up to a known number, as `nms` of surgery makes "
            "them, avoid it"
        )


def marked(graph: Graph) -> Graph:
    """The graph, its dynamic nodes under types of their own."""
    return Graph(tuple(_marked(node) for node in graph.nodes))


def _marked(node: Node) -> Node:
    if not is_dynamic(node) or node.type in TERMINALS:
        return node
    return replace(node, type=DYNAMIC + node.type)


def thinned(graph: Graph) -> Graph:
    """The graph as the program of layouts sees it."""
    nodes = (_stand_in(node) if is_dynamic(node) else node for node in graph.nodes)
    return Graph(tuple(nodes), graph.notes)


def _stand_in(node: Node) -> Node:
    inputs, outputs = _static(node.inputs), _static(node.outputs)
    return StandIn(node.name, LOOSE, inputs, outputs, whole=node)


def _static(values: tuple[Value, ...]) -> tuple[Value, ...]:
    return tuple(value for value in values if value.is_static and not value.is_constant)
