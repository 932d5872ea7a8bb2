"""Everything that can go wrong in a conversion, said in terms of the model."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from converters.errors import ZooError

if TYPE_CHECKING:
    from converters.ir_to_tf.graph import Node


class ConversionError(ZooError):
    """The model cannot be converted."""

    @classmethod
    def at(cls, node: Node, cause: str, remedy: str = "") -> ConversionError:
        """The same, at one layer of the model."""
        return cls(cause, subject=f"{node.type} {node.name!r}", remedy=remedy)


class UnsupportedError(ConversionError):
    """No op is registered for some layers; all of them are named at once."""

    @classmethod
    def among(cls, nodes: Sequence[Node]) -> UnsupportedError:
        """One line per op type, with the layers that have it."""
        layers: dict[str, list[str]] = {}
        for node in nodes:
            layers.setdefault(node.type, []).append(node.name)
        lines = [f"{kind}: {', '.join(map(repr, names))}" for kind, names in layers.items()]
        return cls(
            f"{len(nodes)} layers of {len(layers)} unsupported types\n  " + "\n  ".join(lines),
            remedy="cut the model before them (ir.output of the recipe), export it without them, "
            "or add the op to converters/ir_to_tf/ops",
        )


class NotConstantError(ConversionError):
    """An op reads, at run time, what the converter must know beforehand."""


class DynamicShapeError(ConversionError):
    """A tensor's shape is not known before the model runs."""


class UnknownAttributeError(ConversionError):
    """The IR states an attribute that the op here does not know."""


class NotOptimalError(ConversionError):
    """The integer program ended without a proven optimum."""


class WrongShapeError(ConversionError):
    """An emitted tensor has not the shape that the IR and its layout promise."""
