"""Everything that can go wrong in a conversion, said in terms of the model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from converters.errors import ZooError

if TYPE_CHECKING:
    from converters.ir_to_tf.graph import Graph, Node, Value


class ConversionError(ZooError):
    """The model cannot be converted."""

    @classmethod
    def at(cls, node: Node, cause: str, remedy: str = "") -> ConversionError:
        """The same, at one layer of the model."""
        return cls(cause, subject=f"{node.type} {node.name!r}", remedy=remedy)


TOLD = 5
"""Of how many layers of a type the place is told; of the others, the name alone."""


class UnsupportedError(ConversionError):
    """No op is registered for some layers; all of them are named at once."""

    @classmethod
    def among(cls, nodes: Sequence[Node], graph: Graph) -> UnsupportedError:
        """One line per op type, with the layers that have it and where they stand."""
        layers: dict[str, list[Node]] = {}
        for node in nodes:
            layers.setdefault(node.type, []).append(node)
        places = _Places(graph)
        lines = [f"{kind}: {', '.join(places.told(each))}" for kind, each in layers.items()]
        return cls(
            f"{len(nodes)} layers of {len(layers)} unsupported types\n  " + "\n  ".join(lines),
            remedy="end the model before them (ir.output of the recipe, or "
            "--layerids_of_the_terminating_output), say them in ops that are known (overrides: "
            "[{op: <name>, replace: {type: ...}}]), export the model without them, or add the op "
            "to converters/ir_to_tf/ops",
        )


class _Places:
    """Where layers stand: their number in the order of work, and their neighbours."""

    def __init__(self, graph: Graph) -> None:
        self.numbers = {node: number for number, node in enumerate(graph.nodes, 1)}
        self.made = {value: node for node in graph.nodes for value in node.outputs}
        self.readers: dict[Value, list[Node]] = {}
        for node in graph.nodes:
            for value in node.inputs:
                self.readers.setdefault(value, []).append(node)

    def told(self, nodes: Sequence[Node]) -> list[str]:
        """The names of layers, of the first ones with their places."""
        return [
            repr(node.name) + (f" ({self._place(node)})" if number < TOLD else "")
            for number, node in enumerate(nodes)
        ]

    def _place(self, node: Node) -> str:
        sources = [self.made[value] for value in node.inputs if value in self.made]
        readers = [reader for value in node.outputs for reader in self.readers.get(value, ())]
        words = [f"{self.numbers[node]} of {len(self.numbers)}"]
        words += [f"reads {_named(sources)}"] if sources else []
        words += [f"read by {_named(readers)}"] if readers else []
        return ", ".join(words)


def _named(nodes: Sequence[Node]) -> str:
    names = dict.fromkeys(f"{node.type} {node.name!r}" for node in nodes)
    return " and ".join(names)


class NotConstantError(ConversionError):
    """An op reads, at run time, what the converter must know beforehand."""


class DynamicShapeError(ConversionError):
    """A tensor's shape is not known before the model runs."""


class UnknownAttributeError(ConversionError):
    """The IR states an attribute that the op here does not know."""

    @classmethod
    def together(cls, errors: Sequence[ConversionError]) -> ConversionError:
        """All that were found, one per line."""
        if len(errors) == 1:
            return errors[0]
        lines = (f"{error.subject}: {error.cause}" for error in errors)
        cause = f"{len(errors)} layers have attributes that nobody reads\n  "
        return cls(cause + "\n  ".join(lines), remedy=errors[0].remedy)


class NotOptimalError(ConversionError):
    """The integer program ended without a proven optimum."""


class WrongShapeError(ConversionError):
    """An emitted tensor has not the shape that the IR and its layout promise."""
