"""Ops whose parameters are computed by the model itself: they get kernels of their own."""

from __future__ import annotations

from converters.ir_to_tf.graph import Graph, Node

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


def computed(graph: Graph) -> Graph:
    """Nodes that read such parameters at run time, under another type."""
    return Graph(tuple(map(_renamed, graph.nodes)))


def _renamed(node: Node) -> Node:
    ports = PARAMETERS.get(node.type, ())
    if all(node.inputs[port].is_constant for port in ports if port < len(node.inputs)):
        return node
    kind = PREFIX + node.type
    return Node(node.name, kind, node.inputs, node.outputs, node.attributes, node.aliases)
