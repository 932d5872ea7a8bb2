"""How a model's inputs and outputs are to be stored, and what each wish allows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from converters.ir_to_tf.errors import ConversionError
from converters.ir_to_tf.graph import Graph, Node
from converters.ir_to_tf.layout.spec import Arrangement, Groups, Spec

Wish = Literal["free", "channels_last", "as_written"]
"""`free`: for an input of rank 4 or 5, channels last; for an output of rank 4, the cheaper of
channels last and as written; else as written."""

PREFERENCE = 1.0
"""Price of the less welcome of two orders of an output, in bytes: it decides between equals."""


@dataclass(frozen=True)
class Wishes:
    """Per name of an input or output; who is not named is `free`."""

    inputs: Mapping[str, Wish] = field(default_factory=dict)
    outputs: Mapping[str, Wish] = field(default_factory=dict)
    from_channels_first: bool = True

    def checked(self, graph: Graph) -> Wishes:
        """The same, once every name is one of the graph's."""
        for kind, named, nodes in (
            ("input", self.inputs, graph.inputs),
            ("output", self.outputs, graph.outputs),
        ):
            names = [node.name for node in nodes]
            for name in named:
                if name not in names:
                    raise ConversionError(
                        f"the model has no {kind} of that name",
                        subject=f"{kind} {name!r}",
                        remedy=f"its {kind}s are {', '.join(map(repr, names))}",
                    )
        return self

    def input_orders(self, node: Node) -> list[tuple[int, ...]]:
        """The orders of axes that one input may have."""
        rank = node.outputs[0].rank
        wish = self.inputs.get(node.name, "free")
        if wish == "free":
            wish = "channels_last" if rank in (4, 5) else "as_written"
        return [order_of(wish, rank)]

    def output_orders(self, node: Node) -> list[tuple[int, ...]]:
        """The orders of axes that one output may have, the most welcome first."""
        rank = node.inputs[0].rank
        wish = self.outputs.get(node.name, "free")
        if wish != "free":
            return [order_of(wish, rank)]
        is_image = rank == 4 and self.from_channels_first
        return [order_of("channels_last", rank), order_of("as_written", rank)][not is_image :]


def order_of(wish: Wish, rank: int) -> tuple[int, ...]:
    """The order of axes that a wish stands for."""
    if wish == "as_written" or rank < 3:
        return tuple(range(rank))
    return (0, *range(2, rank), 1)


def terminal(node: Node, orders: list[tuple[int, ...]]) -> Spec:
    """The rule of a Parameter or Result that may be stored in some orders of its axes."""
    value = node.values[0]
    ports = tuple(tuple(range(v.rank)) for v in node.values)

    def arrange(groups: Groups) -> list[Arrangement]:
        return [
            Arrangement(
                tuple(tuple(groups[str(axis)] for axis in order) for _ in node.values),
                kernel=" ".join(map(str, order)),
                price=PREFERENCE * number,
                space=order,
            )
            for number, order in enumerate(orders)
        ]

    return Spec(
        ports,
        frozenset(range(value.rank)),
        groups={str(axis): (axis,) for axis in range(value.rank)},
        arrange=arrange,
        as_written=True,
    )
