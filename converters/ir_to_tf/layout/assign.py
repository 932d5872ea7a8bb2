"""The integer program: one choice per node, so that transposes and kernels cost the least.

Variables: a node *takes* a choice; a *copy* of a net exists in a layout. Whoever wants a layout
forces the copy, unless the producer already stores it so; readers share copies. Solved to a proven
optimum by HiGHS, or an error. Nodes that follow their input for nothing have no variables.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, linprog, milp
from scipy.sparse import csr_array

from converters.ir_to_tf.errors import NotOptimalError
from converters.ir_to_tf.graph import Array, Graph, Node, Use, Value
from converters.ir_to_tf.layout.atoms import Layout
from converters.ir_to_tf.layout.choices import Choice, Choices
from converters.ir_to_tf.layout.frame import Frame
from converters.ir_to_tf.layout.nets import Nets, choice_behind
from converters.ir_to_tf.layout.prices import PER_COPY

MOST_RUNS = 6
"""TensorFlow Lite's TRANSPOSE takes tensors of at most six axes."""

WHOLE = 1e-6
"""How far from 0 and 1 the solver may leave a variable that is meant to be one of them."""

Row = dict[int, float]
Copy = tuple[Value, Layout]
Assignment = Mapping[Node, Choice]


@dataclass(frozen=True)
class Problem:
    """What is to be assigned: a graph, its frames and nets, and the choices of each node."""

    graph: Graph
    frames: Mapping[Node, Frame]
    nets: Nets
    choices: Choices

    @cached_property
    def makers(self) -> Mapping[Value, tuple[Node, int]]:
        """The node and its output that make a tensor."""
        return {v: (node, i) for node in self.graph.nodes for i, v in enumerate(node.outputs)}

    def uses(self) -> Iterator[Use]:
        """Every tensor of a net that is read from outside it."""
        return (use for use in self.graph.uses() if use.reader not in self.nets.absorbed)


@dataclass(frozen=True)
class Objective:
    """What a copy and a choice cost."""

    of_copy: Callable[[Value], float]
    of_choice: Callable[[Choice], float]


@dataclass
class _Program:
    """The variables and rows of one integer program."""

    takes: dict[tuple[Node, int], int]
    copies: dict[Copy, int]
    rows: list[Row]
    limits: list[float]

    def add(self, row: Row, limit: float) -> None:
        self.rows.append(row)
        self.limits.append(limit)


def cheapest(problem: Problem) -> Assignment:
    """The assignment of least price: bytes of copies, and what choices cost beyond."""
    return _solve(
        problem, Objective(lambda value: value.nbytes + PER_COPY, lambda choice: choice.price)
    )


def fewest(problem: Problem) -> Assignment:
    """The assignment of fewest transposes, whatever kernels cost: the bound."""
    # All copies together, of which there are no more than readers, must weigh less than one.
    tie = 0.5 / max(1, sum(use.value.nbytes for use in problem.uses()))
    return _solve(problem, Objective(lambda value: 1 + tie * value.nbytes, lambda _: 0.0))


def _solve(problem: Problem, objective: Objective) -> Assignment:
    program = _program(problem)
    cost = np.zeros(len(program.takes) + len(program.copies))
    for (node, k), i in program.takes.items():
        cost[i] = objective.of_choice(problem.choices[node][k])
    for (value, _), i in program.copies.items():
        cost[i] = objective.of_copy(value)
    taken = _optimum(program, cost / max(1.0, cost.max(initial=0.0)) * 1000)
    return _followed(
        problem, {n: problem.choices[n][k] for (n, k), i in program.takes.items() if taken[i]}
    )


def _followed(problem: Problem, decided: dict[Node, Choice]) -> Assignment:
    """The decided choices, and those of the nodes that take their input as it is stored."""
    stored: dict[Value, Layout | None] = {}
    assignment: dict[Node, Choice] = {}
    for node in problem.graph.nodes:
        if node in decided:
            choice = decided[node]
        else:
            port = problem.nets.absorbed[node]
            layout = stored[node.inputs[port]]
            assert layout is not None
            choice = choice_behind(problem.frames[node], port, layout)
        assignment[node] = choice
        stored.update(zip(node.outputs, choice.layouts[len(node.inputs) :], strict=True))
    return assignment


def _optimum(program: _Program, cost: Array) -> Array:
    """Which variables are 1. The linear program mostly has whole solutions, and is far quicker."""
    width, count = len(cost), len(program.takes)
    each: dict[Node, Row] = defaultdict(dict)
    for (node, _), i in program.takes.items():
        each[node][i] = 1.0
    one = _matrix(list(each.values()), width)
    others = _matrix(program.rows, width)
    limits = np.array(program.limits)
    ones = np.ones(len(each))
    relaxed = linprog(cost, others, limits, one, ones, bounds=(0, 1), method="highs-ds")
    if relaxed.status == 0 and np.all(np.minimum(relaxed.x, 1 - relaxed.x)[:count] < WHOLE):
        return np.asarray(relaxed.x > 0.5)
    solution = milp(
        cost,
        integrality=(np.arange(width) < count).astype(int),
        bounds=Bounds(0, 1),
        constraints=[LinearConstraint(one, 1, 1), LinearConstraint(others, -np.inf, limits)],
        options={"mip_rel_gap": 0},
    )
    if solution.status != 0:
        raise NotOptimalError(
            f"the layout program ended without a proven optimum: {solution.message}",
            subject=f"{len(each)} nodes, {width} variables",
            remedy="report this with the model; it is a limit of the converter, not of the model",
        )
    return np.asarray(solution.x > 0.5)


def _program(problem: Problem) -> _Program:
    takes: dict[tuple[Node, int], int] = {}
    for node in problem.graph.nodes:
        for k in range(len(problem.choices[node]) if node not in problem.nets.absorbed else 0):
            takes[node, k] = len(takes)
    program = _Program(takes, {}, [], [])
    for use in problem.uses():
        _force_copies(program, problem, use)
    return program


def _force_copies(program: _Program, problem: Problem, use: Use) -> None:
    nets, root = problem.nets, problem.nets.root(use.value)
    source, number = problem.makers[root]
    wanting: dict[Layout, Row] = defaultdict(dict)
    for k, choice in enumerate(problem.choices[use.reader]):
        layout = choice.layouts[use.port]
        if layout is not None:
            wanting[nets.layout(use.value, layout)][program.takes[use.reader, k]] = 1.0
    offering: dict[Layout, Row] = defaultdict(dict)
    for k, choice in enumerate(problem.choices[source]):
        stored = choice.layouts[len(source.inputs) + number]
        assert stored is not None
        offering[stored][program.takes[source, k]] = -1.0
    for layout, wants in wanting.items():
        offers = offering.get(layout, {})
        if len(offers) == len(problem.choices[source]):
            continue
        index = len(program.takes) + len(program.copies)
        copy = program.copies.setdefault((root, layout), index)
        program.add({**wants, **offers, copy: -1.0}, 0.0)
    for row in _far_apart(offering, wanting):
        program.add(row, 1.0)


def _far_apart(offering: Mapping[Layout, Row], wanting: Mapping[Layout, Row]) -> Iterator[Row]:
    """Pairs of layouts between which no single TRANSPOSE leads, in as large blocks as there are."""
    if len(next(iter(wanting), ())) <= MOST_RUNS:
        return
    pairs = {layout: set(pairwise(layout)) for layout in (*offering, *wanting)}
    far = {
        s: frozenset(w for w in wanting if len(s) - len(pairs[s] & pairs[w]) > MOST_RUNS)
        for s in offering
    }
    back = {w: frozenset(s for s in offering if w in far[s]) for w in wanting}
    blocks = {(frozenset(s for s in far if far[s] >= to), to) for to in far.values() if to}
    blocks |= {(of, frozenset(w for w in back if back[w] >= of)) for of in back.values() if of}
    for offers, wants in sorted(blocks, key=lambda block: [sorted(side) for side in block]):
        rows = [*(offering[s] for s in offers), *(wanting[w] for w in wants)]
        yield {i: 1.0 for row in rows for i in row}


def runs(stored: Layout, wanted: Layout) -> list[Layout]:
    """The stretches of a stored order that stay together in the wanted one."""
    if not stored:
        return []
    place = {atom: i for i, atom in enumerate(wanted)}
    ends = [i + 1 for i, (a, b) in enumerate(pairwise(stored)) if place[b] != place[a] + 1]
    return [stored[a:b] for a, b in pairwise([0, *ends, len(stored)])]


def _matrix(rows: Sequence[Row], width: int) -> csr_array:
    entries = [(r, c, weight) for r, row in enumerate(rows) for c, weight in row.items()]
    row, column, weights = zip(*entries, strict=True) if entries else ((), (), ())
    return csr_array((weights, (row, column)), shape=(len(rows), width))
