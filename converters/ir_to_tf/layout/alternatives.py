"""Alternatives: what each Transpose of a plan is cheaper than, by solving again without it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import NamedTuple

from converters.ir_to_tf.errors import NotOptimalError
from converters.ir_to_tf.graph import Node
from converters.ir_to_tf.layout.assign import cheapest
from converters.ir_to_tf.layout.choices import Choice
from converters.ir_to_tf.layout.plan import Plan, Transposition
from converters.ir_to_tf.layout.prices import UNUSUAL

NAMED = 3
"""How many changes an alternative is told by."""


class Alternative(NamedTuple):
    """The cheapest plan that leaves a tensor where it is: how much dearer, and what it changes."""

    dearer: float  # bytes
    changes: tuple[str, ...]

    def __str__(self) -> str:
        more = len(self.changes) - NAMED
        named = ", ".join(self.changes[:NAMED]) + (f" and {more} more" if more > 0 else "")
        return f"cheaper by {self.dearer:.0f} bytes than {named or 'an equal plan'}"


FORCED = "nothing else is possible"


def explanations(plan: Plan) -> Iterator[str]:
    """Every Transpose that remains, and what it is cheaper than."""
    known: dict[object, str] = {}
    for each in plan.transpositions:
        kind = _kind(each)
        if kind in known:  # the same move in another block of a network
            yield f"{each}; {known[kind]}"
            continue
        found = alternative(plan, each)
        known[kind] = f"as that of {each.source.name!r}" if found else FORCED
        yield f"{each}; {found or FORCED}"


def alternative(plan: Plan, without: Transposition) -> Alternative | None:
    """The cheapest plan that does not move this tensor; None if there is none."""
    assert plan.problem
    try:
        chosen = cheapest(plan.problem, plan.prices, without.value)
    except NotOptimalError:
        return None
    other = replace(plan, assignment=chosen)
    return Alternative(price_of(other) - price_of(plan), tuple(_changes(plan, other)))


def price_of(plan: Plan) -> float:
    """The bytes of all copies, and what the choices cost beyond."""
    copies = sum(each.value.nbytes + plan.prices.per_copy for each in plan.transpositions)
    return copies + sum(
        choice.price + plan.prices.of(choice.efforts) for choice in plan.assignment.values()
    )


def _kind(each: Transposition) -> object:
    readers = tuple(node.type for node in each.readers)
    return each.value.shape, each.stored, each.wanted, each.source.type, readers


def _changes(plan: Plan, other: Plan) -> Iterator[str]:
    """Kernels that cost more than before, then tensors that are moved instead."""
    for node, choice in other.assignment.items():
        before = plan.assignment[node]
        if _price(other, choice) > _price(plan, before):
            yield f"{node.type} {node.name!r} as {_work(node, choice)}"
    moved = {(each.value, each.wanted) for each in plan.transpositions}
    for each in other.transpositions:
        if (each.value, each.wanted) not in moved:
            shape = "x".join(map(str, each.value.shape))
            yield f"moving {shape} behind {each.source.type} {each.source.name!r}"


def _price(plan: Plan, choice: Choice) -> float:
    return choice.price + plan.prices.of(choice.efforts)


def _work(node: Node, choice: Choice) -> str:
    kinds = dict.fromkeys(effort.kind for effort in choice.efforts if effort.kind != UNUSUAL)
    return " with ".join(kinds) or choice.kernel or node.type
