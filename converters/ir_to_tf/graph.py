"""The graph as the IR states it: shapes and axes are the IR's, never the storage's."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from math import prod
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from converters.ir_to_tf.errors import ConversionError, NotConstantError

Array = npt.NDArray[Any]

TERMINALS = ("Parameter", "Result")
"""The types of a graph's inputs and outputs: every other node computes."""

UNKNOWN = -1
"""The size of an axis that is known only when the model runs."""


@dataclass(frozen=True, eq=False)
class Value:
    """One tensor: an output port of a node, or a constant."""

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    constant: Array | None = None
    is_ranked: bool = True  # else not even the number of axes is known, and the shape is empty

    @classmethod
    def of(cls, data: npt.ArrayLike, name: str = "constant") -> Value:
        """A constant."""
        array = np.asarray(data)
        return cls(name, array.shape, array.dtype, array)

    @property
    def is_constant(self) -> bool:
        """Whether its content is known before the model runs."""
        return self.constant is not None

    @property
    def is_static(self) -> bool:
        """Whether its shape is known before the model runs."""
        return self.is_ranked and UNKNOWN not in self.shape

    @property
    def rank(self) -> int:
        """The number of axes."""
        return len(self.shape)

    @property
    def nbytes(self) -> int:
        """Its size in memory."""
        return prod(self.shape) * self.dtype.itemsize


@dataclass(frozen=True, eq=False)
class Node:
    """One operation: its IR type, its tensors and its attributes."""

    name: str
    type: str
    inputs: tuple[Value, ...]
    outputs: tuple[Value, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)
    aliases: tuple[str, ...] = ()  # other names that a source gave an input or output

    def __getitem__(self, attribute: str) -> Any:
        return self.attributes[attribute]

    @property
    def values(self) -> tuple[Value, ...]:
        """All tensors: inputs, then outputs."""
        return self.inputs + self.outputs

    def known(self, port: int) -> Array:
        """What an input holds, where that must be known before the model runs."""
        constant = self.inputs[port].constant
        if constant is None:
            raise NotConstantError.at(
                self, f"input {port} must be a constant", "run the simplify stage on the model"
            )
        return constant

    def axes(self, port: int) -> tuple[int, ...]:
        """The axes of the first input that a constant input lists, none negative."""
        rank = self.inputs[0].rank
        return tuple(int(axis) % rank for axis in np.ravel(self.known(port)))


class Use(NamedTuple):
    """A computed tensor that a node reads, and where it comes from."""

    reader: Node
    port: int
    value: Value
    source: Node
    source_port: int


@dataclass(frozen=True)
class Graph:
    """Nodes in topological order; `inputs` and `outputs` in the order of the source."""

    nodes: tuple[Node, ...]
    notes: tuple[str, ...] = ()  # what rewrites found, or why they did not apply

    @property
    def inputs(self) -> tuple[Node, ...]:
        """The Parameter nodes."""
        return tuple(node for node in self.nodes if node.type == "Parameter")

    @property
    def outputs(self) -> tuple[Node, ...]:
        """The Result nodes."""
        return tuple(node for node in self.nodes if node.type == "Result")

    def uses(self) -> Iterator[Use]:
        """Every computed tensor that some node reads."""
        made = {value: (node, i) for node in self.nodes for i, value in enumerate(node.outputs)}
        for node in self.nodes:
            for port, value in enumerate(node.inputs):
                if not value.is_constant:
                    yield Use(node, port, value, *made[value])

    def checked(self) -> Graph:
        """The graph itself, once every tensor is made before it is read."""
        made: set[Value] = set()
        for node in self.nodes:
            for value in node.inputs:
                if not value.is_constant and value not in made:
                    raise ConversionError.at(node, f"reads {value.name} before it is made")
            made.update(node.outputs)
        return self


def renumbered(nodes: Sequence[Node], instead: Mapping[Value, Value]) -> tuple[Node, ...]:
    """The nodes, reading other values in place of some."""

    def final(value: Value) -> Value:
        while value in instead:
            value = instead[value]
        return value

    return tuple(
        Node(n.name, n.type, tuple(map(final, n.inputs)), n.outputs, n.attributes)
        if any(value in instead for value in n.inputs)
        else n
        for n in nodes
    )
