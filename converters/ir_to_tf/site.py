"""Sites: what an emitter may ask about the place where it emits."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np

from converters.ir_to_tf.errors import ConversionError
from converters.ir_to_tf.graph import Array, Node
from converters.ir_to_tf.layout.atoms import Atoms
from converters.ir_to_tf.layout.choices import Choice
from converters.ir_to_tf.layout.frame import Frame
from converters.ir_to_tf.layout.spec import OUTER, Dims, Label, Place
from converters.ir_to_tf.views import shape_of

T = TypeVar("T")


@dataclass(frozen=True)
class WrittenSite:
    """The place of a node that computes as the IR writes it: axes are where they are written."""

    node: Node

    def axis(self, axis: int) -> int:
        """An axis of the first input."""
        return axis % self.node.inputs[0].rank

    def axes(self, axes: Iterable[int]) -> list[int]:
        """Axes of the first input."""
        return [self.axis(axis) for axis in axes]

    def axis_of_output(self, axis: int) -> int:
        """An axis of the output."""
        return axis % self.node.outputs[0].rank

    def refuse(self, cause: str, remedy: str = "") -> ConversionError:
        """An error about this layer, to raise."""
        return ConversionError.at(self.node, cause, remedy)


@dataclass(frozen=True)
class Site:
    """One node, the choice made for it, and the TensorFlow axes of each of its ports."""

    node: Node
    frame: Frame
    choice: Choice
    atoms: Atoms
    ports: tuple[Dims | None, ...]

    @property
    def kernel(self) -> str:
        """The name of the arrangement chosen, for ops that have several."""
        return self.choice.kernel

    def axis(self, axis: int) -> int:
        """The TensorFlow axis that holds an axis which the op touches by position."""
        return self._alone(self.axes([axis]), self._first())

    def axis_of_output(self, axis: int) -> int:
        """The same, for ops whose inputs may lack the axis or be constants."""
        port = len(self.node.inputs)
        return self._alone(self._holding({axis % self.node.outputs[0].rank}, port), port)

    def axes(self, axes: Iterable[int]) -> list[int]:
        """The TensorFlow axes that hold axes of the first input; none, for axes of size 1."""
        port = self._first()
        return self._holding({axis % self.node.values[port].rank for axis in axes}, port)

    def _first(self) -> int:
        return next(port for port, dims in enumerate(self.ports) if dims is not None)

    def _alone(self, found: list[int], port: int) -> int:
        """An axis of size 1 has no places: the form gave it an empty axis behind all others."""
        return found[0] if found else len(self.ports[port] or ()) - 1

    def _holding(self, wanted: set[int], port: int) -> list[int]:
        dims = self.ports[port] or ()
        return [i for i, dim in enumerate(dims) if any(self._touches(p, wanted) for p in dim)]

    def _touches(self, place: Place, wanted: set[int]) -> bool:
        return place.label in wanted and (place.step == OUTER or not self._in_parts(place.label))

    def _in_parts(self, label: Label) -> bool:
        """Whether the op sees an axis as a number of equal parts."""
        return any(Place(label, OUTER) in port for port in self.frame.ports if port is not None)

    def part(self, axis: int) -> int:
        """How many steps of an axis are one step of its TensorFlow axis."""
        label = axis % self.node.inputs[0].rank
        counted = (Place(label, OUTER),)  # alone: what lies within the parts is stored elsewhere
        dims = next(dims for dims in self.ports if dims is not None)
        return self.frame.spec.parts[label] if counted in dims else 1

    def spatial(self, per_axis: Sequence[T]) -> list[T]:
        """One item per spatial axis, in the order in which they are stored."""
        assert self.choice.arrangement
        return [per_axis[axis] for axis in self.choice.arrangement.space]

    def filters(self, weights: Array, first: int) -> Array:
        """Weights with their spatial axes, which begin at `first`, in stored order and in front."""
        assert self.choice.arrangement
        space = [first + axis for axis in self.choice.arrangement.space]
        return weights.transpose(*space, *range(first))

    def steps(self, port: int, axis: int) -> Array:
        """The positions along an axis, in the order in which its atoms are stored."""
        value = self.node.values[port]
        sizes = self.atoms.sizes(value, axis)
        order = [k for a, k in self.choice.layouts[port] or () if a == axis]
        positions = np.arange(value.shape[axis])
        return positions.reshape(sizes).transpose(order).ravel() if sizes else positions

    def shape(self, port: int) -> list[int]:
        """The TensorFlow shape that a port has here."""
        dims = self.ports[port]
        assert dims is not None
        return list(shape_of(dims, self.frame.sizes[port]))

    def output_shape(self, number: int = 0) -> list[int]:
        """The TensorFlow shape that an output must have."""
        return self.shape(len(self.node.inputs) + number)

    def space(self, port: int) -> list[int]:
        """The sizes of a port's spatial axes, as stored."""
        return self.spatial(self.node.values[port].shape[2:])

    def refuse(self, cause: str, remedy: str = "") -> ConversionError:
        """An error about this layer, to raise."""
        return ConversionError.at(self.node, cause, remedy)
