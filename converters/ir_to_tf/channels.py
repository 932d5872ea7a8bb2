"""Channels of convolutions: what may be scaled through what follows, and how weights hold them.

Axes are OIHW of a Convolution, G(O/G)(I/G)HW of a GroupConvolution.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

from converters.ir_to_tf.graph import Array, Node, Value

WEIGHTED = ("Convolution", "GroupConvolution")
HOMOGENEOUS = ("ReLU", "Relu", "LeakyRelu", "PRelu", "MaxPool", "AvgPool")
"""f(s x) = s f(x) per channel, for every s > 0."""


def constant_port(node: Node) -> int:
    """The place of the first constant that a node reads."""
    return next(port for port, value in enumerate(node.inputs) if value.is_constant)


def is_own(node: Node, shared: Counter[Value]) -> bool:
    """Whether it has constants, floats that nobody else reads."""
    constants = [value for value in node.inputs if value.is_constant]
    return len(constants) == 1 and shared[constants[0]] == 1 and constants[0].dtype.kind == "f"


def is_bias(node: Node) -> bool:
    """Whether a constant is added per channel: its only axis longer than one is the second."""
    constants = [value for value in node.inputs if value.is_constant]
    if len(constants) != 1 or node.outputs[0].rank < 2:
        return False
    shape, rank = constants[0].shape, node.outputs[0].rank
    full = (1,) * (rank - len(shape)) + shape
    channels = node.outputs[0].shape[1]
    return len(full) == rank and all(
        size in (1, channels) if axis == 1 else size == 1 for axis, size in enumerate(full)
    )


def is_summand(node: Node, shared: Counter[Value]) -> bool:
    """Whether all that it does is to add a bias of its own."""
    return node.type == "Add" and is_bias(node) and is_own(node, shared)


def is_homogeneous(node: Node) -> bool:
    """Whether scales pass through it, as long as they are positive."""
    return node.type in HOMOGENEOUS and all(value.is_constant for value in node.inputs[1:])


def along_outputs(node: Node, scale: Array) -> Array:
    """One number per output channel, in the shape in which weights take it."""
    kept = 2 if node.type == "GroupConvolution" else 1
    shape = node.inputs[1].shape
    return scale.reshape(*shape[:kept], *(1,) * (len(shape) - kept))


def like_bias(node: Node, scale: Array) -> Array:
    """One number per channel, in the shape in which a bias has it."""
    return scale.reshape(1, -1, *(1,) * (node.outputs[0].rank - 2))


def with_constant(node: Node, content: Array) -> Node:
    """The node with another content of its constant, of the same type."""
    port = constant_port(node)
    value = Value.of(content.astype(node.inputs[port].dtype), node.inputs[port].name)
    inputs = (*node.inputs[:port], value, *node.inputs[port + 1 :])
    return replace(node, inputs=inputs)
