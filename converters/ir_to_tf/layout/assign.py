"""The integer program: one choice per node, so that transposes and kernels cost the least.

Variables: a node *takes* a choice; a *copy* of a net exists in a layout. Whoever wants a layout
forces the copy, unless the producer already stores it so; readers share copies. Solved to a proven
optimum by HiGHS, or an error. Nodes that follow their input for nothing have no variables.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from itertools import pairwise

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, OptimizeResult, linprog, milp
from scipy.sparse import csr_array

from converters.ir_to_tf.errors import NotOptimalError
from converters.ir_to_tf.graph import Array, Graph, Node, Use, Value
from converters.ir_to_tf.layout.atoms import Layout
from converters.ir_to_tf.layout.choices import Choice, Choices
from converters.ir_to_tf.layout.frame import Frame
from converters.ir_to_tf.layout.nets import Nets, choice_behind
from converters.ir_to_tf.layout.prices import Prices

MOST_RUNS = 6
"""TensorFlow Lite's TRANSPOSE takes tensors of at most six axes."""

WHOLE = 1e-6
"""How far from 0 and 1 the solver may leave a variable that is meant to be one of them."""

FIRST_SLACK = 0.02
"""By what part a whole optimum is first supposed to exceed that of the relaxation."""

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
    is_bound: bool = False


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

    def forbid(self, rows: Iterable[Row]) -> None:
        """At most one variable of each row may be 1."""
        for row in rows:
            self.add(row, 1.0)


def cheapest(problem: Problem, prices: Prices, still: Value | None = None) -> Assignment:
    """The assignment of least price: bytes of copies, and what choices cost beyond.

    With a tensor that stays `still`: the cheapest of those that never move it.
    """
    allowed = {
        node: [choice for choice in choices if prices.allows(choice.efforts)]
        for node, choices in problem.choices.items()
    }
    objective = Objective(
        lambda value: value.nbytes + prices.per_copy,
        lambda choice: choice.price + prices.of(choice.efforts),
    )
    root = None if still is None else problem.nets.root(still)
    return _solve(replace(problem, choices=allowed), objective, root)


def fewest(problem: Problem) -> Assignment:
    """The assignment of fewest transposes, whatever kernels cost: the bound.

    It may move what no single TRANSPOSE can: still a bound, and it is not there to be emitted.
    """
    # All copies together, of which there are no more than readers, must weigh less than one.
    tie = 0.5 / max(1, sum(use.value.nbytes for use in problem.uses()))
    objective = Objective(lambda value: 1 + tie * value.nbytes, lambda _: 0.0, is_bound=True)
    return _solve(problem, objective)


def _solve(problem: Problem, objective: Objective, still: Value | None = None) -> Assignment:
    program = _program(problem)
    cost = np.zeros(len(program.takes) + len(program.copies))
    for (node, k), i in program.takes.items():
        cost[i] = objective.of_choice(problem.choices[node][k])
    most = np.ones(len(cost))
    for (value, _), i in program.copies.items():
        cost[i] = objective.of_copy(value)
        most[i] = value is not still
    cost *= 1000 / max(1.0, cost.max(initial=0.0))
    while True:
        taken = _optimum(program, cost, most)
        decided = {n: problem.choices[n][k] for (n, k), i in program.takes.items() if taken[i]}
        # Few moves are too far: rows that forbid all of them would be most of the program. But
        # what goes too far in one block of a network will in the next.
        far = {_kind(use) for use in problem.uses() if _is_far(problem, use, decided)}
        if not far or objective.is_bound:
            return _followed(problem, decided)
        for use in problem.uses():
            if _kind(use) in far:
                program.forbid(_far_apart(*_sides(program, problem, use)))


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


@dataclass(frozen=True)
class _Relaxed:
    """The linear program, and what it knows of its solution."""

    cost: Array
    most: Array  # of each variable
    ones: csr_array  # a row per node: it takes one of its choices
    others: csr_array
    limits: Array
    count: int  # the variables that must be whole come first

    def solve(self) -> OptimizeResult:
        """The optimum of the relaxation."""
        ones = np.ones(self.ones.shape[0])
        system = self.others, self.limits, self.ones, ones
        bounds = np.stack([np.zeros_like(self.most), self.most], 1)
        return linprog(self.cost, *system, bounds=bounds, method="highs-ds")

    def solve_whole(self, allowed: Array) -> OptimizeResult:
        """The optimum in whole numbers, of the variables that are allowed to be more than 0."""
        return milp(
            self.cost,
            integrality=(np.arange(len(self.cost)) < self.count).astype(int),
            bounds=Bounds(0, allowed * self.most),
            constraints=[
                LinearConstraint(self.ones, 1, 1),
                LinearConstraint(self.others, -np.inf, self.limits),
            ],
            options={"mip_rel_gap": 0},
        )


def _optimum(program: _Program, cost: Array, most: Array) -> Array:
    """Which variables are 1, proven.

    The relaxation mostly has a whole solution, and is far quicker. Else its reduced costs tell by
    how much each variable would raise the optimum at least: whole numbers are sought among those
    that raise it little, and that is the optimum once none of the others could be in it.
    """
    each: dict[Node, Row] = defaultdict(dict)
    for (node, _), i in program.takes.items():
        each[node][i] = 1.0
    ones, others = (_matrix(rows, len(cost)) for rows in (list(each.values()), program.rows))
    problem = _Relaxed(cost, most, ones, others, np.array(program.limits), len(program.takes))
    relaxed = problem.solve()
    if relaxed.status != 0:
        raise _not_proven(relaxed.message, problem)
    x = relaxed.x[: problem.count]
    if np.all(np.minimum(x, 1 - x) < WHOLE):
        return np.asarray(relaxed.x > 0.5)
    raises, slack = relaxed.lower.marginals, FIRST_SLACK * relaxed.fun + WHOLE
    while True:
        allowed = raises <= slack
        solution = problem.solve_whole(allowed)
        if solution.status == 0 and (solution.fun - relaxed.fun <= slack or allowed.all()):
            return np.asarray(solution.x > 0.5)
        if solution.status != 0 and allowed.all():
            raise _not_proven(solution.message, problem)
        slack = 4 * slack if solution.status else solution.fun - relaxed.fun + WHOLE


def _not_proven(message: str, problem: _Relaxed) -> NotOptimalError:
    return NotOptimalError(
        f"the layout program ended without a proven optimum: {message}",
        subject=f"{problem.ones.shape[0]} nodes, {len(problem.cost)} variables",
        remedy="report this with the model; it is a limit of the converter, not of the model",
    )


def _program(problem: Problem) -> _Program:
    takes: dict[tuple[Node, int], int] = {}
    for node in problem.graph.nodes:
        for k in range(len(problem.choices[node]) if node not in problem.nets.absorbed else 0):
            takes[node, k] = len(takes)
    program = _Program(takes, {}, [], [])
    for use in problem.uses():
        _force_copies(program, problem, use)
    return program


def _sides(
    program: _Program, problem: Problem, use: Use
) -> tuple[dict[Layout, Row], dict[Layout, Row]]:
    """Per layout of a net: the choices that store it, and those of a reader that want it."""
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
    return offering, wanting


def _force_copies(program: _Program, problem: Problem, use: Use) -> None:
    offering, wanting = _sides(program, problem, use)
    root = problem.nets.root(use.value)
    source, _ = problem.makers[root]
    for layout, wants in wanting.items():
        offers = offering.get(layout, {})
        if len(offers) == len(problem.choices[source]):
            continue
        index = len(program.takes) + len(program.copies)
        copy = program.copies.setdefault((root, layout), index)
        program.add({**wants, **offers, copy: -1.0}, 0.0)


def _kind(use: Use) -> tuple[object, ...]:
    return use.reader.type, use.port, use.value.shape


def _is_far(problem: Problem, use: Use, decided: Mapping[Node, Choice]) -> bool:
    """Whether no single TRANSPOSE leads from what is stored to what a reader wants."""
    source, number = problem.makers[problem.nets.root(use.value)]
    wanted = decided[use.reader].layouts[use.port]
    stored = decided[source].layouts[len(source.inputs) + number]
    if wanted is None or stored is None or len(stored) <= MOST_RUNS:
        return False
    wanted = problem.nets.layout(use.value, wanted)
    return stored != wanted and len(runs(stored, wanted)) > MOST_RUNS


def _far_apart(offering: Mapping[Layout, Row], wanting: Mapping[Layout, Row]) -> Iterator[Row]:
    """Pairs of layouts between which no single TRANSPOSE leads, in as large blocks as there are."""
    pairs = {layout: set(pairwise(layout)) for layout in (*offering, *wanting)}
    far = {
        s: frozenset(w for w in wanting if len(s) - len(pairs[s] & pairs[w]) > MOST_RUNS)
        for s in offering
    }
    back = {w: frozenset(s for s in offering if w in far[s]) for w in wanting}
    blocks = {(frozenset(s for s in far if far[s] >= to), to) for to in far.values() if to}
    blocks |= {(of, frozenset(w for w in back if back[w] >= of)) for of in back.values() if of}
    rows = (
        {i for s in offers for i in offering[s]} | {i for w in wants for i in wanting[w]}
        for offers, wants in blocks
    )
    yield from (dict.fromkeys(row, 1.0) for row in sorted(map(sorted, rows)))


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
