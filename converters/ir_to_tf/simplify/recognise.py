"""Recognition: formulas of many ops that are one op of the IR, and what came of looking for them.

The table is below; a row holds the formulas, and what to put in their place. What nearly fits is
noted with the reason why it does not, for `--explain`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from converters.ir_to_tf.graph import Graph, Node, Value
from converters.ir_to_tf.simplify.fold import without_dead
from converters.ir_to_tf.simplify.pattern import Bindings, Formula, Search, formula
from converters.ir_to_tf.simplify.terms import Terms

MOST_SWEEPS = 4
"""What one rule finds may be part of what another looks for."""

NEAR = 3
"""So many ops of a formula must be there before it is worth a word that the rest is not."""


class Made(NamedTuple):
    """The op that stands for a formula: its type, its inputs, its attributes."""

    type: str
    inputs: tuple[Value, ...]
    attributes: Mapping[str, Any] = {}


Build = Callable[[Bindings, Value], "Made | str"]
"""From what a formula's names stand for, and its result, to an op; or why there is none."""


class Rule(NamedTuple):
    """What a formula is called, the ways to write it, and the op that it is."""

    name: str
    formulas: tuple[Formula, ...]
    build: Build


RULES: dict[str, list[Rule]] = defaultdict(list)
"""By the type of node at which a formula ends."""


def rule(name: str, *texts: str) -> Callable[[Build], Build]:
    """Register what to build where one of some formulas is found."""

    def register(build: Build) -> Build:
        formulas = tuple(map(formula, texts))
        for kind in sorted({kind for each in formulas for kind in each.roots}):
            ending = tuple(each for each in formulas if kind in each.roots)
            RULES[kind].append(Rule(name, ending, build))
        return build

    return register


def recognised(graph: Graph) -> tuple[Graph, tuple[str, ...]]:
    """The graph in which every formula that is an op has become it; and notes."""
    notes: dict[str, None] = {}
    for _ in range(MOST_SWEEPS):
        made, found = _swept(graph, notes)
        if not found:
            break
        graph = without_dead(made)
    return graph, tuple(notes)


def _swept(graph: Graph, notes: dict[str, None]) -> tuple[Graph, bool]:
    terms, nodes, found = Terms(graph), [], False
    for node in graph.nodes:
        made = next(_applied(node, terms, notes), None)
        if made is not None:
            terms.replace(made)
        nodes.append(made or node)
        found |= made is not None
    return Graph(tuple(nodes)), found


def _applied(node: Node, terms: Terms, notes: dict[str, None]) -> Iterator[Node]:
    if not all(value.is_static for value in node.values):
        return
    for each in RULES.get(node.type, ()):
        made = _tried(each, node, terms)
        if isinstance(made, str):
            notes[f"not {each.name}: {node.type} {node.name!r}: {made}"] = None
        elif made is not None:
            notes[f"{each.name}: {node.type} {node.name!r}"] = None
            yield Node(node.name, made.type, made.inputs, node.outputs, dict(made.attributes))


def _tried(each: Rule, node: Node, terms: Terms) -> Made | str | None:
    """The op, or why not, if the formula was nearly there."""
    (result,) = node.outputs
    if result.dtype.kind != "f":
        return None
    reasons = []
    for wanted in each.formulas:
        search = Search(terms)
        for bindings in wanted.find(search, result, {}, 0):
            made = each.build(bindings, result)
            if not isinstance(made, str):
                return made
            reasons.append((NEAR, made))
        reasons.append(search.best)
    depth, text = max(reasons)
    return text if depth >= NEAR else None
