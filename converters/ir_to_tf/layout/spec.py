"""What a layout rule says about one node: labels for axes, as in an einsum.

Equal labels name the same thing in several tensors. A *unit* is an axis that the op touches by
position: whatever it is made of stays together, in order. An op without `arrange` carries any order
of its labels; one with `arrange` lists the orders its kernel can work in.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

Label = Hashable
"""Names an axis in all tensors of a node."""


class Place(NamedTuple):
    """A part of an axis that moves as one: the k-th atom under a label, or the whole of a unit."""

    label: Label
    step: int


OUTER = -1
"""Step of the place that counts the equal parts of an axis."""

Order = tuple[Place, ...]
Dims = tuple[Order, ...]
"""What each axis of a TensorFlow tensor holds, outermost first; nothing, where its size is 1."""


class Effort(NamedTuple):
    """Work beyond copies: its kind, which has a price, and how many bytes or products of it."""

    kind: str
    amount: float
    piece: int = 0  # bytes that are copied at once


class Arrangement(NamedTuple):
    """One way for a kernel to work: how each port is stored, and what that takes beyond copies."""

    ports: tuple[Dims | None, ...]
    kernel: str = ""
    price: float = 0.0  # bytes, whatever the target
    space: tuple[int, ...] = ()  # the spatial axes, in the order they are stored in
    efforts: tuple[Effort, ...] = ()
    loose: bool = False  # the first axis may be cut in any way, alike in input and output


Groups = Mapping[str, Order]
Arrange = Callable[[Groups], Iterable[Arrangement]]
Weave = Callable[[Order, Mapping[str, Sequence[Order]]], Iterable[Arrangement]]
"""More arrangements, for an order of all places of some tensor, and the orders of each group."""


@dataclass(frozen=True)
class Spec:
    """The rule's answer for one node; `ports` are its inputs, then its outputs."""

    ports: tuple[tuple[Label, ...] | None, ...]
    units: frozenset[Label] = frozenset()
    parts: Mapping[Label, int] = field(default_factory=dict)  # label -> size of its equal parts
    alone: frozenset[Label] = frozenset()  # each wants a TensorFlow axis of its own
    apart: frozenset[Label] = frozenset()  # never in one TensorFlow axis with the others
    groups: Mapping[str, tuple[Label, ...]] = field(default_factory=dict)
    arrange: Arrange | None = None
    rigid: bool = True  # the emitter gets just the axes arranged; else any that keep the order
    as_written: bool = False  # groups stay in the IR's order
    regroups: bool = False  # a Reshape: its labels come from the atoms
    renames: bool = False  # in a carried order nothing is moved at all
    also: Arrange | None = None  # kernels beside the carried orders
    weave: Weave | None = None  # kernels for orders in which the groups are interleaved
    moves: Label | None = None  # axis along which the op copies piece by piece
