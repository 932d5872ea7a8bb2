"""The integer program: one choice per node, so that transposes and kernels cost the least.

Variables: a node *takes* a choice; a *copy* of a tensor exists in a layout. Whoever wants a layout
forces the copy, unless the producer already stores it so; readers share copies. Solved to a proven
optimum by HiGHS, or an error.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, OptimizeResult, milp
from scipy.sparse import csr_array

from converters.ir_to_tf.errors import NotOptimalError
from converters.ir_to_tf.graph import Array, Graph, Node, Use, Value
from converters.ir_to_tf.layout.atoms import Layout
from converters.ir_to_tf.layout.choices import Choice, Choices
from converters.ir_to_tf.layout.prices import PER_COPY

MOST_RUNS = 6
"""TensorFlow Lite's TRANSPOSE takes tensors of at most six axes."""

Row = dict[int, float]
Copy = tuple[Value, Layout]
Assignment = Mapping[Node, Choice]


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


def cheapest(graph: Graph, choices: Choices) -> Assignment:
    """The assignment of least price: bytes of copies, and what choices cost beyond."""
    return _solve(
        graph, choices, lambda value: value.nbytes + PER_COPY, lambda choice: choice.price
    )


def fewest(graph: Graph, choices: Choices) -> Assignment:
    """The assignment of fewest transposes, whatever kernels cost: the bound."""
    uses = {use.value for use in graph.uses()}
    tie = 0.25 / max(1, sum(value.nbytes for value in uses))
    return _solve(graph, choices, lambda value: 1 + tie * value.nbytes, lambda _: 0.0)


def _solve(graph: Graph, choices: Choices, of_copy: object, of_choice: object) -> Assignment:
    program = _program(graph, choices)
    cost = np.zeros(len(program.takes) + len(program.copies))
    for (node, k), i in program.takes.items():
        cost[i] = of_choice(choices[node][k])  # type: ignore[operator]
    for (value, _), i in program.copies.items():
        cost[i] = of_copy(value)  # type: ignore[operator]
    solution = _run(graph, choices, program, cost)
    return {n: choices[n][k] for (n, k), i in program.takes.items() if solution.x[i] > 0.5}


def _run(graph: Graph, choices: Choices, program: _Program, cost: Array) -> OptimizeResult:
    width = len(cost)
    each: list[Row] = [
        {program.takes[node, k]: 1.0 for k in range(len(choices[node]))} for node in graph.nodes
    ]
    constraints = [LinearConstraint(_matrix(each, width), 1, 1)]
    if program.rows:
        matrix = _matrix(program.rows, width)
        constraints.append(LinearConstraint(matrix, -np.inf, program.limits))
    solution = milp(
        cost / max(1.0, cost.max(initial=0.0)) * 1000,
        integrality=(np.arange(width) < len(program.takes)).astype(int),
        bounds=Bounds(0, 1),
        constraints=constraints,
        options={"mip_rel_gap": 0},
    )
    if solution.status != 0:
        raise NotOptimalError(
            f"the layout program ended without a proven optimum: {solution.message}",
            subject=f"{len(graph.nodes)} nodes, {width} variables",
            remedy="report this with the model; it is a limit of the converter, not of the model",
        )
    return solution


def _program(graph: Graph, choices: Choices) -> _Program:
    takes: dict[tuple[Node, int], int] = {}
    for node in graph.nodes:
        for k in range(len(choices[node])):
            takes[node, k] = len(takes)
    program = _Program(takes, {}, [], [])
    for use in graph.uses():
        _force_copies(program, use, choices)
    return program


def _force_copies(program: _Program, use: Use, choices: Choices) -> None:
    wanting: dict[Layout, Row] = defaultdict(dict)
    for k, choice in enumerate(choices[use.reader]):
        layout = choice.layouts[use.port]
        if layout is not None:
            wanting[layout][program.takes[use.reader, k]] = 1.0
    offering: dict[Layout, Row] = defaultdict(dict)
    port = len(use.source.inputs) + use.source_port
    for k, choice in enumerate(choices[use.source]):
        stored = choice.layouts[port]
        assert stored is not None
        offering[stored][program.takes[use.source, k]] = -1.0
    for layout, wants in wanting.items():
        offers = offering.get(layout, {})
        if len(offers) == len(choices[use.source]):
            continue
        index = len(program.takes) + len(program.copies)
        copy = program.copies.setdefault((use.value, layout), index)
        program.add({**wants, **offers, copy: -1.0}, 0.0)
    _forbid_far_moves(program, wanting, offering)


def _forbid_far_moves(
    program: _Program, wanting: Mapping[Layout, Row], offering: Mapping[Layout, Row]
) -> None:
    """Keep pairs of layouts apart that no single TRANSPOSE leads from one to the other."""
    if len(next(iter(wanting), ())) <= MOST_RUNS:
        return
    for stored, offers in offering.items():
        far = [row for layout, row in wanting.items() if len(runs(stored, layout)) > MOST_RUNS]
        if far:
            both = {i: 1.0 for row in (*far, offers) for i in row}
            program.add(both, 1.0)


def runs(stored: Layout, wanted: Layout) -> list[Layout]:
    """The stretches of a stored order that stay together in the wanted one."""
    if not stored:
        return []
    place = {atom: i for i, atom in enumerate(wanted)}
    ends = [i + 1 for i, (a, b) in enumerate(pairwise(stored)) if place[b] != place[a] + 1]
    return [stored[a:b] for a, b in pairwise([0, *ends, len(stored)])]


def _matrix(rows: Sequence[Row], width: int) -> csr_array:
    entries = [(r, c, weight) for r, row in enumerate(rows) for c, weight in row.items()]
    row, column, weights = zip(*entries, strict=True)
    return csr_array((weights, (row, column)), shape=(len(rows), width))
