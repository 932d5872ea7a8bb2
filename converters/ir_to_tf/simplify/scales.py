"""Factors per channel behind a convolution, taken into its filters.

A batch norm behind a ReLU is a product and a sum. The product goes before the ReLU, for
f(s x) = s f(x) where s > 0, and there into filters and bias; the sum stays.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from converters.ir_to_tf.channels import (
    HOMOGENEOUS,
    WEIGHTED,
    along_outputs,
    constant_port,
    is_bias,
    is_homogeneous,
    is_own,
    is_summand,
    like_bias,
    with_constant,
)
from converters.ir_to_tf.graph import Array, Graph, Node, Value


class Known(NamedTuple):
    """Who makes each tensor of a graph, and how often it is read."""

    makers: Mapping[Value, Node]
    readings: Counter[Value]

    @classmethod
    def of(cls, graph: Graph) -> Known:
        """Of all tensors."""
        return cls(
            {value: node for node in graph.nodes for value in node.outputs},
            Counter(value for node in graph.nodes for value in node.inputs),
        )


def without_scales(graph: Graph) -> Graph:
    """The graph without factors that filters can take in.

    What computes other values then has another name; the last op has that of the product.
    """
    known = Known.of(graph)
    for node in graph.nodes:
        instead = _instead(node, known) if node.type == "Multiply" else {}
        if instead:
            kept = (instead.get(each, each) for each in graph.nodes if each is not node)
            graph = replace(graph, nodes=tuple(kept))
            known = Known.of(graph)
    return graph


def _instead(product: Node, known: Known) -> dict[Node, Node]:
    """What stands for the ops before a product, if it can go; the last makes what it made."""
    if not is_bias(product) or not is_own(product, known.readings):
        return {}
    chain, scale = _chain(product, known), _per_channel(product)
    turns = any(node.type in HOMOGENEOUS for node in chain)
    if not chain or not np.isfinite(scale).all() or (turns and not (scale > 0).all()):
        return {}
    made: dict[Node, Node] = {}
    values: dict[Value, Value] = {}
    for node in reversed(chain):
        scaled = _scaled(node, scale)
        old, new = node.outputs[0], replace(node.outputs[0], name=f"{node.outputs[0].name}/scaled")
        values[old] = product.outputs[0] if node is chain[0] else new
        inputs = tuple(values.get(value, value) for value in scaled.inputs)
        made[node] = replace(scaled, inputs=inputs, outputs=(values[old], *node.outputs[1:]))
    made[chain[0]] = replace(made[chain[0]], name=product.name)
    return made


def _chain(product: Node, known: Known) -> tuple[Node, ...]:
    """From the op before a product back to the convolution; nothing, where there is none."""
    found: list[Node] = []
    value = product.inputs[1 - constant_port(product)]
    makers, readings = known
    while (node := makers.get(value)) is not None:
        if sum(readings[each] for each in node.outputs) != 1:  # somebody else reads it
            return ()
        found.append(node)
        if node.type in WEIGHTED:
            return tuple(found) if is_own(node, readings) else ()
        if is_summand(node, readings):
            value = node.inputs[1 - constant_port(node)]
        elif is_homogeneous(node):
            value = node.inputs[0]
        else:
            return ()
    return ()


def _per_channel(product: Node) -> Array:
    factors = product.known(constant_port(product))
    return np.broadcast_to(factors.ravel(), product.outputs[0].shape[1]).astype(np.float64)


def _scaled(node: Node, scale: Array) -> Node:
    """The same op on channels that are scaled, under a name of its own: nobody compares it."""
    node = replace(node, name=f"{node.name}/scaled")
    if node.type in HOMOGENEOUS:
        return node
    along = along_outputs if node.type in WEIGHTED else like_bias
    return with_constant(node, node.known(constant_port(node)) * along(node, scale))
