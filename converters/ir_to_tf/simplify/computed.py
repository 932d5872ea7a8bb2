"""Ops whose parameters the model computes, or whose second output it reads: other kernels."""

from __future__ import annotations

from converters.ir_to_tf.graph import Graph, Node, Value

PARAMETERS = {
    "Convolution": (1,),
    "ConvolutionBackpropData": (1,),
    "CumSum": (1,),
    "Gather": (1,),
    "GroupConvolution": (1,),
    "GroupConvolutionBackpropData": (1,),
}
"""Which inputs the usual kernel of a type must know beforehand."""

PREFIX = "Computed"
INDEXED = "MaxPoolWithIndices"


def computed(graph: Graph) -> Graph:
    """Nodes that read such parameters at run time, under another type; pools likewise."""
    read = {value for node in graph.nodes for value in node.inputs}
    return Graph(tuple(_renamed(node, read) for node in graph.nodes))


def _renamed(node: Node, read: set[Value]) -> Node:
    if node.type == "MaxPool" and any(value in read for value in node.outputs[1:]):
        return _as(INDEXED, node)
    ports = PARAMETERS.get(node.type, ())
    if all(node.inputs[port].is_constant for port in ports if port < len(node.inputs)):
        return node
    return _as(PREFIX + node.type, node)


def _as(kind: str, node: Node) -> Node:
    return Node(node.name, kind, node.inputs, node.outputs, node.attributes, node.aliases)
