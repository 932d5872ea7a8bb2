"""The plan of a conversion: every tensor's layout, every Transpose that remains, and the bound."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from converters.ir_to_tf.graph import Graph, Node, Value
from converters.ir_to_tf.layout.assign import Assignment, Problem, cheapest, fewest
from converters.ir_to_tf.layout.atoms import Atoms, Layout, find_atoms
from converters.ir_to_tf.layout.choices import list_choices
from converters.ir_to_tf.layout.frame import Frame, frame_of
from converters.ir_to_tf.layout.nets import Names, aliases_of, nets_of
from converters.ir_to_tf.layout.prices import CPU, Prices
from converters.ir_to_tf.layout.rules import Rule
from converters.ir_to_tf.layout.spec import Spec
from converters.ir_to_tf.layout.wishes import Wishes, terminal


class Transposition(NamedTuple):
    """A Transpose that remains: what it moves, and between whom."""

    value: Value
    stored: Layout
    wanted: Layout
    source: Node
    readers: tuple[Node, ...]

    def __str__(self) -> str:
        readers = ", ".join(f"{node.type} {node.name!r}" for node in self.readers)
        shape = "x".join(map(str, self.value.shape))
        return (
            f"{shape}, {self.value.nbytes} bytes: {self.source.type} {self.source.name!r} stores "
            f"{_axes(self.stored)}, {readers} wants {_axes(self.wanted)}"
        )


def _axes(layout: Layout) -> str:
    """A layout as the numbers of its axes; a dot where an axis is torn into pieces."""
    words: list[str] = []
    for axis, k in layout:
        torn = any(a == axis and other > 0 for a, other in layout)
        words.append(f"{axis}.{k}" if torn else str(axis))
    return "(" + " ".join(words) + ")"


@dataclass(frozen=True)
class Bound:
    """The least number of transposes that any choice of kernels needs, over the listed choices."""

    count: int
    bytes: int


@dataclass(frozen=True)
class Plan:
    """The layouts assigned to a graph."""

    graph: Graph
    atoms: Atoms
    frames: Mapping[Node, Frame]
    assignment: Assignment
    bound: Bound
    problem: Problem | None = None
    prices: Prices = CPU

    @cached_property
    def aliases(self) -> Names:
        """The tensors that are others by another name, and share their copies."""
        return aliases_of(self.graph, self.frames)

    @cached_property
    def transpositions(self) -> tuple[Transposition, ...]:
        """Every Transpose that remains."""
        return tuple(transpositions(self.graph, self.assignment, self.aliases))

    @property
    def count(self) -> int:
        """How many Transposes remain."""
        return len(self.transpositions)

    @property
    def bytes(self) -> int:
        """How many bytes they move."""
        return sum(each.value.nbytes for each in self.transpositions)

    def order(self, node: Node) -> tuple[int, ...]:
        """The axes of an input or output of the model, in the order in which they are stored."""
        arrangement = self.assignment[node].arrangement
        assert arrangement
        return arrangement.space

    @cached_property
    def _layouts(self) -> dict[Value, tuple[Node, Layout]]:
        found = {}
        for node in self.graph.nodes:
            layouts = self.assignment[node].layouts[len(node.inputs) :]
            for value, layout in zip(node.outputs, layouts, strict=True):
                if layout is not None:
                    found[value] = node, layout
        return found

    def stored(self, value: Value) -> Layout:
        """The layout in which a tensor's producer leaves it."""
        return self._layouts[value][1]


def transpositions(graph: Graph, assignment: Assignment, aliases: Names) -> Iterator[Transposition]:
    """The copies that an assignment needs, one Transpose each."""
    makers = {value: (node, i) for node in graph.nodes for i, value in enumerate(node.outputs)}
    needed: dict[tuple[Value, Layout], list[Node]] = {}
    for use in graph.uses():
        wanted = assignment[use.reader].layouts[use.port]
        if wanted is None:
            continue
        name = aliases.get(use.value)
        copy = (name.root, name.layout(wanted)) if name else (use.value, wanted)
        needed.setdefault(copy, []).append(use.reader)
    for (value, wanted), readers in needed.items():
        source, number = makers[value]
        stored = assignment[source].layouts[len(source.inputs) + number]
        if stored is not None and wanted != stored:
            yield Transposition(value, stored, wanted, source, tuple(readers))


def assign_layouts(
    graph: Graph, rules: Mapping[str, Rule], wishes: Wishes, prices: Prices = CPU
) -> Plan:
    """Choose how each node runs, at the least price; and find the bound beside it."""
    specs = {node: _spec_of(node, rules, wishes) for node in graph.nodes}
    atoms = find_atoms(graph, specs)
    frames = {node: frame_of(node, specs[node], atoms) for node in graph.nodes}
    choices = list_choices(graph, frames)
    problem = Problem(graph, frames, nets_of(graph, frames), choices)
    chosen, aliases = cheapest(problem, prices), aliases_of(graph, frames)
    paid = sum(1 for _ in transpositions(graph, chosen, aliases))
    # No transposes at all cannot be beaten: the second program is solved only where some remain.
    least = fewest(problem) if paid else chosen
    remaining = list(transpositions(graph, least, aliases))
    bound = Bound(len(remaining), sum(each.value.nbytes for each in remaining))
    return Plan(graph, atoms, frames, chosen, bound, problem, prices)


def _spec_of(node: Node, rules: Mapping[str, Rule], wishes: Wishes) -> Spec:
    if node.type == "Parameter":
        return terminal(node, wishes.input_orders(node))
    if node.type == "Result":
        return terminal(node, wishes.output_orders(node))
    return rules[node.type](node)
