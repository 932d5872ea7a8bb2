"""Terms: a tensor as a product or a sum, however a graph has grouped it.

Only what nobody else reads is taken apart: a tensor with several readers stays what it is.
"""

from __future__ import annotations

from collections import Counter

import numpy as np

from converters.ir_to_tf.graph import Graph, Node, Value

Product = tuple[float, list[Value]]
"""A number, and the tensors that it multiplies."""

MOST_FACTORS = 4


class Terms:
    """Who makes each tensor of a graph, and how often it is read."""

    def __init__(self, graph: Graph) -> None:
        self._makers = {value: node for node in graph.nodes for value in node.outputs}
        self._reads = Counter(value for node in graph.nodes for value in node.inputs)

    def replace(self, node: Node) -> None:
        """From now on this node makes its outputs."""
        self._makers.update(dict.fromkeys(node.outputs, node))

    def maker(self, value: Value) -> Node | None:
        """The node that makes a tensor; none makes a constant."""
        return self._makers.get(value)

    def is_read_once(self, value: Value) -> bool:
        """Whether a tensor has a single reader."""
        return self._reads[value] == 1

    def number(self, value: Value) -> float | None:
        """What a constant of one element holds."""
        data = value.constant
        return None if data is None or data.size != 1 else float(np.ravel(data)[0])

    def product(self, value: Value, is_root: bool = True) -> Product:
        """A tensor as a number and factors."""
        number = self.number(value)
        if number is not None:
            return number, []
        node = self.maker(value)
        known = FACTORS.get(node.type) if node else None
        if node is None or known is None or not (is_root or self.is_read_once(value)):
            return 1.0, [value]
        return known(self, node) or (1.0, [value])

    def multiplied(self, node: Node) -> Product | None:
        """Both operands' factors."""
        parts = [self.product(value, is_root=False) for value in node.inputs]
        factors = [factor for _, mine in parts for factor in mine]
        return (parts[0][0] * parts[1][0], factors) if len(factors) <= MOST_FACTORS else None

    def divided(self, node: Node) -> Product | None:
        """The quotient by a number."""
        below = self.number(node.inputs[1])
        if not below:
            return None
        number, factors = self.product(node.inputs[0], is_root=False)
        return number / below, factors

    def negated(self, node: Node) -> Product | None:
        """Times -1."""
        number, factors = self.product(node.inputs[0], is_root=False)
        return -number, factors

    def powered(self, node: Node) -> Product | None:
        """Squares and cubes."""
        times = self.number(node.inputs[1])
        return (1.0, [node.inputs[0]] * int(times)) if times in (2.0, 3.0) else None

    def sum(self, value: Value, is_root: bool = True) -> tuple[float, list[Product]]:
        """A tensor as a number and terms."""
        number = self.number(value)
        if number is not None:
            return number, []
        node = self.maker(value)
        may_open = node is not None and (is_root or self.is_read_once(value))
        if node is None or not may_open or node.type not in ("Add", "Subtract"):
            return 0.0, [self.product(value, is_root=False)]
        left, right = (self.sum(each, is_root=False) for each in node.inputs)
        sign = 1.0 if node.type == "Add" else -1.0
        turned = [(sign * number, factors) for number, factors in right[1]]
        return left[0] + sign * right[0], left[1] + turned


FACTORS = {
    "Multiply": Terms.multiplied,
    "Divide": Terms.divided,
    "Negative": Terms.negated,
    "Power": Terms.powered,
}
"""How the factors of a node's result are found, by its type."""
