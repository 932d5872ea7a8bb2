"""A network as a picture shows it: nodes that compute, who feeds whom, and what is counted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

INPUT, OUTPUT = "input", "output"


class Node(NamedTuple):
    """An operator; or an input or output of the network."""

    id: str
    type: str  # Conv, CONV_2D, Convolution ...
    name: str
    shape: str  # of its first output, as text; empty if unknown


class Structure(NamedTuple):
    """A network at one station of the chain."""

    title: str
    nodes: tuple[Node, ...]  # without constants and what is computed from constants alone
    edges: tuple[tuple[str, str], ...]  # ids: from, to
    parameters: int  # numbers in constants that are weights

    @property
    def operators(self) -> Counter[str]:
        """How often each operator occurs, without inputs and outputs."""
        return Counter(node.type for node in self.nodes if node.type not in (INPUT, OUTPUT))

    @property
    def transposes(self) -> int:
        """How many nodes do nothing but move data about."""
        return sum(n for name, n in self.operators.items() if name.lower() == "transpose")


class Op(NamedTuple):
    """An operator as a file has it: the names of the tensors it reads and writes."""

    type: str
    name: str
    reads: Sequence[str]
    writes: Sequence[str]


class Ends(NamedTuple):
    """What a network is given and what it answers, as names of tensors."""

    inputs: Sequence[str]
    outputs: Sequence[str]


def structure(
    title: str, ops: Iterable[Op], ends: Ends, shapes: Mapping[str, str], parameters: int
) -> Structure:
    """A structure from operators and tensors; what no input reaches is part of the constants."""
    nodes = [Node(f"i{i}", INPUT, name, shapes.get(name, "")) for i, name in enumerate(ends.inputs)]
    made = {node.name: node.id for node in nodes}
    edges: list[tuple[str, str]] = []
    for number, op in enumerate(ops):
        reads = [name for name in op.reads if name in made]
        if not reads:
            continue
        shape = next((shapes[name] for name in op.writes if name in shapes), "")
        node = Node(f"n{number}", op.type, op.name, shape)
        nodes.append(node)
        edges += [(made[name], node.id) for name in dict.fromkeys(reads)]
        made |= dict.fromkeys(op.writes, node.id)
    for i, name in enumerate(ends.outputs):
        if name in made:
            nodes.append(Node(f"o{i}", OUTPUT, name, shapes.get(name, "")))
            edges.append((made[name], f"o{i}"))
    return Structure(title, tuple(nodes), tuple(dict.fromkeys(edges)), parameters)
