"""Nets: tensors that are the same under other names, or follow one another; each has one layout.

A Reshape or Transpose whose atoms pair off only renames: its output is an *alias* of its input, and
they share their copies. A net also holds the tensors behind a chain of ops that carry any order for
nothing, each read by the next one only: whatever is moved, may be moved at the end of the chain.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from converters.ir_to_tf.graph import Graph, Node, Value
from converters.ir_to_tf.layout.atoms import Atom, Layout
from converters.ir_to_tf.layout.choices import Choice
from converters.ir_to_tf.layout.frame import Frame

Frames = Mapping[Node, Frame]


class Name(NamedTuple):
    """What a tensor is called at the root of its net: the root, and its atom for each own one."""

    root: Value
    atoms: Mapping[Atom, Atom]

    def layout(self, own: Layout) -> Layout:
        """A layout of the tensor as one of the root."""
        return tuple(self.atoms[atom] for atom in own)

    def back(self, layout: Layout) -> Layout:
        """A layout of the root as one of the tensor."""
        own = {atom: mine for mine, atom in self.atoms.items()}
        return tuple(own[atom] for atom in layout)


Names = Mapping[Value, Name]


@dataclass(frozen=True)
class Nets:
    """The names of all tensors that are no roots, and the nodes that made them."""

    names: Names
    absorbed: Mapping[Node, int]  # the port of the input that each one follows

    def root(self, value: Value) -> Value:
        """The tensor for which a net's layout is chosen."""
        return self.names[value].root if value in self.names else value

    def layout(self, value: Value, own: Layout) -> Layout:
        """A layout of a tensor as one of its root."""
        return self.names[value].layout(own) if value in self.names else own


def aliases_of(graph: Graph, frames: Frames) -> Names:
    """Only the tensors that are the same bytes by another name."""
    names: dict[Value, Name] = {}
    for node in graph.nodes:
        spec = frames[node].spec
        if not spec.renames or spec.also:
            continue
        if (pairs := _pairs(node, frames[node], 0)) is not None:
            names[node.outputs[0]] = _through(names, node.inputs[0], pairs)
    return names


def nets_of(graph: Graph, frames: Frames) -> Nets:
    """The nets of a graph, as long as can be."""
    aliases = aliases_of(graph, frames)
    absorbed = {node: 0 for node in graph.nodes if node.outputs and node.outputs[0] in aliases}
    readers = Counter(
        aliases[use.value].root if use.value in aliases else use.value
        for use in graph.uses()
        if use.reader not in absorbed
    )
    names: dict[Value, Name] = {}
    for node in graph.nodes:
        port = absorbed.get(node)
        if port is None and (port := _followed(node, frames[node])) is not None:
            value = node.inputs[port]
            source = aliases[value].root if value in aliases else value
            port = port if readers[source] == 1 else None
        pairs = None if port is None else _pairs(node, frames[node], port)
        if port is not None and pairs is not None:
            absorbed[node] = port
            names[node.outputs[0]] = _through(names, node.inputs[port], pairs)
    return Nets(names, absorbed)


def choice_behind(frame: Frame, port: int, layout: Layout) -> Choice:
    """The way in which an absorbed node takes its input as that is stored."""
    order = frame.order(port, layout)
    assert order is not None
    layouts = tuple(frame.layout(port, order) for port in range(len(frame.ports)))
    return Choice(layouts, order)


def _through(names: Names, source: Value, pairs: Mapping[Atom, Atom]) -> Name:
    known = names.get(source)
    if known is None:
        return Name(source, pairs)
    return Name(known.root, {own: known.atoms[atom] for own, atom in pairs.items()})


def _followed(node: Node, frame: Frame) -> int | None:
    """The port of the only tensor that a carrying node computes with, if it has but one output."""
    spec = frame.spec
    ports = [port for port, places in enumerate(frame.ports) if places is not None]
    given = [port for port, value in enumerate(node.inputs) if not value.is_constant]
    is_free = spec.arrange is None and spec.also is None and spec.moves is None
    if not is_free or len(node.outputs) != 1 or len(given) != 1:
        return None
    is_paired = ports == [given[0], len(node.inputs)]
    return (
        given[0] if is_paired and node.inputs[given[0]].nbytes == node.values[-1].nbytes else None
    )


def _pairs(node: Node, frame: Frame, port: int) -> dict[Atom, Atom] | None:
    """For each atom of the output, the one of the input that it is; None where runs hold more."""
    before, after = frame.ports[port], frame.ports[len(node.inputs)]
    if before is None or after is None or set(before) != set(after):
        return None
    runs = [*before.values(), *after.values()]
    same_sizes = frame.sizes[port] == frame.sizes[len(node.inputs)]
    if not same_sizes or any(len(run) != 1 for run in runs):
        return None
    return {after[place][0]: before[place][0] for place in after}
