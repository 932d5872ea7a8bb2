"""Explanations: what a plan leaves to transpose, why, and how far that is from the bound."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from converters.ir_to_tf.layout.alternatives import explanations
from converters.ir_to_tf.layout.plan import Plan


def explained(plan: Plan) -> str:
    """A plan in words, for `--explain`."""
    return "\n".join(_lines(plan))


def _lines(plan: Plan) -> Iterator[str]:
    yield (
        f"{plan.count} transposes remain, {plan.bytes} bytes, the cheapest by the prices of "
        f"{plan.prices.name}; no choice of kernels needs fewer than {plan.bound.count} "
        f"({plan.bound.bytes} bytes), proven over the orders listed"
    )
    yield from (f"  {each}" for each in explanations(plan))
    for node in (*plan.graph.inputs, *plan.graph.outputs):
        order, shape = plan.order(node), node.values[0].shape
        stored = "x".join(str(shape[axis]) for axis in order)
        yield f"  {node.type} {node.name!r}: {stored}, axes {' '.join(map(str, order))} of the IR"
    kinds = Counter(node.type for node in plan.graph.nodes)
    yield "  " + ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
    yield from (f"  {note}" for note in plan.graph.notes)
