"""The prediction: what the compiler would say of each operator of a file, in file order."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any, NamedTuple

from converters.edgetpu_mapping import conditions, versions
from converters.edgetpu_mapping.model import Graph, Operator, Tensor, read
from converters.edgetpu_mapping.partition import subsets
from converters.edgetpu_mapping.statuses import (
    DATA_TYPE,
    DYNAMIC,
    MAPPED,
    NOT_PARSED,
    NOT_QUANTISED,
    NOT_SUPPORTED,
    RANK,
    SECOND_SUBGRAPH,
    Status,
)

RANK_MAPPED = 3
"""Dimensions, counted from the innermost, that may be larger than 1."""

STATE_TYPES = {"UNIDIRECTIONAL_SEQUENCE_LSTM", "LSTM"}
"""Operators whose cell state has 16 bits."""

SHAPED_BY = {
    "EXPAND_DIMS": (1,),
    "FILL": (0,),
    "MEAN": (1,),
    "PAD": (1,),
    "PADV2": (1,),
    "REDUCE_MAX": (1,),
    "REDUCE_MIN": (1,),
    "RESHAPE": (1,),
    "RESIZE_BILINEAR": (1,),
    "RESIZE_NEAREST_NEIGHBOR": (1,),
    "SLICE": (1, 2),
    "STRIDED_SLICE": (1, 2, 3),
    "SUM": (1,),
    "TILE": (1,),
    "TRANSPOSE_CONV": (0,),
    "TRANSPOSE": (1,),
}
"""Inputs that set the size of an output: computed ones make it known only at run time."""


class Verdict(NamedTuple):
    """Where one operator would run, and why."""

    type: str
    is_mapped: bool
    status: Status

    def record(self) -> dict[str, Any]:
        """As JSON data."""
        return {"type": self.type, "mapped": self.is_mapped, "reason": str(self.status)}


class Prediction(NamedTuple):
    """What the compiler would make of a file."""

    verdicts: tuple[Verdict, ...]
    refusal: Status | None  # the compiler would make no file at all

    @property
    def mapped(self) -> int:
        """How many operators would run on the Edge TPU."""
        return sum(verdict.is_mapped for verdict in self.verdicts)

    @property
    def share(self) -> float:
        """Share of operators on the Edge TPU, 0 to 1; an empty graph has none to map."""
        return self.mapped / len(self.verdicts) if self.verdicts else 0.0

    def first_unmapped(self) -> tuple[int, Verdict] | None:
        """The first operator, with its number, that stays on the CPU for a reason of its own."""
        left = [(i, verdict) for i, verdict in enumerate(self.verdicts) if not verdict.is_mapped]
        own = [pair for pair in left if pair[1].status.words != SECOND_SUBGRAPH]
        return next(iter(own or left), None)

    def record(self) -> dict[str, Any]:
        """As JSON data, compact: runs of operators, and why each kind is not mapped."""
        runs = [
            f"{len(list(run))} {'TPU' if is_mapped else 'CPU'}"
            for is_mapped, run in groupby(verdict.is_mapped for verdict in self.verdicts)
        ]
        left = Counter((v.type, str(v.status)) for v in self.verdicts if not v.is_mapped)
        return {
            "operators": len(self.verdicts),
            "mapped": self.mapped,
            "share": round(self.share, 4),
            "runs": ", ".join(runs),
            "refusal": str(self.refusal) if self.refusal else None,
            "unmapped": [
                {"operator": name, "count": count, "reason": reason}
                for (name, reason), count in left.items()
            ],
        }


def predicted(path: Path, *, all_subsets: bool = False) -> Prediction:
    """Predict for a file; `all_subsets` as the compiler's experimental option -a maps them.

    ZooError for what is no TFLite file or is cut off.
    """
    return of_graphs(read(path), all_subsets=all_subsets)


def of_graphs(graphs: Sequence[Graph], *, all_subsets: bool = False) -> Prediction:
    """Predict for the subgraphs of a file; only the main one is ever mapped."""
    operators = [operator for graph in graphs for operator in graph.operators]
    refusal = refused(graphs)
    if refusal is not None:
        return Prediction(tuple(Verdict(op.type, False, refusal) for op in operators), refusal)
    main, *others = graphs
    verdicts = of_graph(main, all_subsets=all_subsets)
    inner = Status(SECOND_SUBGRAPH, "inside a control-flow operator")
    called = [Verdict(op.type, False, inner) for graph in others for op in graph.operators]
    return Prediction((*verdicts, *called), None)


def of_graph(graph: Graph, *, all_subsets: bool = False) -> list[Verdict]:
    """Predict for one graph: the first subset of operators that qualify is mapped."""
    statuses = [status_of(graph, operator) for operator in graph.operators]
    found = subsets(graph.operators, [status is None for status in statuses])
    qualified = [set(subset.operators) for subset in found if subset.is_supported]
    mapped: set[int] = set().union(*(qualified if all_subsets else qualified[:1]))
    return [
        Verdict(
            operator.type,
            number in mapped,
            Status(MAPPED) if number in mapped else status or Status(SECOND_SUBGRAPH),
        )
        for number, (operator, status) in enumerate(zip(graph.operators, statuses, strict=True))
    ]


# One operator -------------------------------------------------------------------------------------


def status_of(graph: Graph, operator: Operator) -> Status | None:
    """Why an operator cannot be mapped; None if it can."""
    for check in (data_type, support, rank):
        status = check(graph, operator)
        if status is not None:
            return status
    return conditions.unmet(graph, operator)


def data_type(graph: Graph, operator: Operator) -> Status | None:
    """Everything that flows must have 8 bits; sums have 32, and so have sizes and axes."""
    for tensor in _flowing(graph, operator):
        if not tensor.is_byte:
            return Status(DATA_TYPE, f"{tensor.type} {tensor.name!r}")
    wide = [tensor for tensor in graph.given(operator) if tensor.type not in PARAMETER_TYPES]
    if wide and operator.type != "QUANTIZE" and not _is_state(operator, wide):
        return Status(DATA_TYPE, f"{wide[0].type} {wide[0].name!r}")
    return None


PARAMETER_TYPES = {"INT8", "UINT8", "INT32"}
"""64-bit paddings are misread by compiler 16; 16-bit and float weights are no Edge TPU's."""


def _flowing(graph: Graph, operator: Operator) -> list[Tensor]:
    made = graph.made(operator)
    if operator.type == "QUANTIZE":  # a condition of its own speaks of its input
        return made
    read = [tensor for tensor in graph.activations(operator) if tensor.type != "INT32"]
    state = [tensor for tensor in read if not (tensor.is_variable and _is_state(operator, read))]
    return [*state, *made]


def _is_state(operator: Operator, tensors: Iterable[Tensor]) -> bool:
    return operator.type in STATE_TYPES and all(
        tensor.is_variable or tensor.type in {"INT8", "UINT8", "INT16"} for tensor in tensors
    )


def support(_: Graph, operator: Operator) -> Status | None:
    """The operator must be in the documented table."""
    if operator.is_custom:
        return Status(NOT_SUPPORTED, "a custom operator")
    is_known = operator.type in conditions.SUPPORTED
    return None if is_known else Status(NOT_SUPPORTED, "not in the documented table")


def rank(graph: Graph, operator: Operator) -> Status | None:
    """Table: Only the 3 innermost dimensions may have a size greater than 1: the batch is 1."""
    for tensor in graph.activations(operator):
        if any(size != 1 for size in tensor.shape[:-RANK_MAPPED]):
            return Status(RANK, f"shape {list(tensor.shape)}")
    return None


# The whole file -----------------------------------------------------------------------------------


def refused(graphs: Sequence[Graph]) -> Status | None:
    """Why the compiler would make no file at all; None if it would."""
    for graph in graphs:
        for operator in graph.operators:
            if not versions.is_readable(operator):
                return Status(NOT_PARSED, f"{operator.type} version {operator.version}")
    if not any(graph.is_quantised for graph in graphs):
        return Status(NOT_QUANTISED)
    return dynamic(graphs[0]) if graphs else None


def dynamic(graph: Graph) -> Status | None:
    """The first tensor whose size is known only at run time."""
    for operator in graph.operators:
        places = SHAPED_BY.get(operator.type, ())
        setting = [graph.input(operator, place) for place in places]
        if any(tensor is not None and not tensor.is_constant for tensor in setting):
            return Status(DYNAMIC, f"{operator.type} with a computed size")
    return None
