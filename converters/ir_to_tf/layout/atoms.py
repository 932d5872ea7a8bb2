"""Atoms: the pieces of axes that a layout may move on their own.

An axis of 56 that some Reshape cuts into 8 x 7 is two atoms, in every tensor that shares the axis.
Axes of size 1 have none. With atoms, Reshape and Transpose only rename, and carry every layout.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from itertools import pairwise
from math import prod

from converters.ir_to_tf.graph import Graph, Node, Value
from converters.ir_to_tf.layout.spec import Label, Spec

Atom = tuple[int, int]
"""Axis of the IR, and the number of the piece within it, outermost first."""
Layout = tuple[Atom, ...]
"""The order in which a tensor is stored."""
Axis = tuple[Value, int]


class Atoms:
    """The sizes of the atoms of every axis of every tensor."""

    def __init__(self, cuts: Mapping[Axis, tuple[int, ...]]) -> None:
        self._cuts = cuts

    def sizes(self, value: Value, axis: int) -> tuple[int, ...]:
        """The sizes of one axis's atoms, outermost first; their product is the axis."""
        size = value.shape[axis]
        if size == 1:
            return ()
        strides = (size, *sorted(self._cuts.get((value, axis), ()), reverse=True), 1)
        return tuple(outer // inner for outer, inner in pairwise(strides))

    def size(self, value: Value, atom: Atom) -> int:
        """The length of one atom."""
        return self.sizes(value, atom[0])[atom[1]]

    def as_written(self, value: Value, axes: tuple[int, ...] | None = None) -> Layout:
        """The layout that stores the axes in this order, by default in the IR's own."""
        order = range(value.rank) if axes is None else axes
        return tuple((axis, k) for axis in order for k in range(len(self.sizes(value, axis))))


def find_atoms(graph: Graph, specs: Mapping[Node, Spec]) -> Atoms:
    """Cut every axis as finely as the Reshapes and equal parts of the graph ask for."""
    cuts = _Cuts()
    for node in graph.nodes:
        for first, *others in _shared_axes(node, specs[node]):
            for other in others:
                cuts.join(first, other)
    # Each pass takes cuts one op further; a chain of divisors per axis bounds their number.
    while True in [_cut_further(node, specs[node], cuts) for node in graph.nodes]:
        pass
    return Atoms(cuts.frozen(value for node in graph.nodes for value in node.values))


class _Cuts:
    """The inner strides at which axes are cut; axes joined by rules are cut alike."""

    def __init__(self) -> None:
        self._parents: dict[Axis, Axis] = {}
        self._cuts: dict[Axis, set[int]] = defaultdict(set)

    def root(self, axis: Axis) -> Axis:
        parents = self._parents
        while (parent := parents.setdefault(axis, axis)) != axis:
            parents[axis] = parents.get(parent, parent)
            axis = parents[axis]
        return axis

    def join(self, one: Axis, other: Axis) -> None:
        self._parents[self.root(other)] = self.root(one)

    def of(self, axis: Axis) -> set[int]:
        return self._cuts[self.root(axis)]

    def add(self, axis: Axis, stride: int) -> bool:
        """Cut an axis there, if the stride divides, or is divided by, all that cut it already."""
        value, number = axis
        size, cuts = value.shape[number], self.of(axis)
        fits = 1 < stride < size and size % stride == 0 and stride not in cuts
        if not fits or any(max(stride, cut) % min(stride, cut) for cut in cuts):
            return False
        cuts.add(stride)
        return True

    def frozen(self, values: Iterator[Value]) -> dict[Axis, tuple[int, ...]]:
        axes = [(value, axis) for value in values for axis in range(value.rank)]
        return {axis: tuple(cuts) for axis in axes if (cuts := self.of(axis))}


def _shared_axes(node: Node, spec: Spec) -> Iterator[list[Axis]]:
    """The axes of a node that are the same thing: equal label, equal size, not a unit."""
    same: dict[tuple[Label, int], list[Axis]] = defaultdict(list)
    for value, labels in zip(node.values, spec.ports, strict=True):
        if labels is None or value.is_constant:
            continue
        for axis, label in enumerate(labels):
            if value.shape[axis] > 1 and label not in spec.units:
                same[label, value.shape[axis]].append((value, axis))
    yield from same.values()


def _cut_further(node: Node, spec: Spec, cuts: _Cuts) -> bool:
    if spec.regroups and not node.inputs[0].is_constant:
        before, after = node.inputs[0], node.outputs[0]
        return _carry(before, after, cuts) | _carry(after, before, cuts)
    return True in [_cut_parts(node, spec, label, size, cuts) for label, size in spec.parts.items()]


def _carry(source: Value, target: Value, cuts: _Cuts) -> bool:
    """Cut one side of a Reshape where the other is cut."""
    strides: set[int] = set()
    for axis in range(source.rank):
        inner = prod(source.shape[axis + 1 :])
        strides |= {inner} | {inner * cut for cut in cuts.of((source, axis))}
    changed = False
    for axis in range(target.rank):
        inner = prod(target.shape[axis + 1 :])
        for stride in sorted(strides):
            if stride % inner == 0:
                changed |= cuts.add((target, axis), stride // inner)
    return changed


def _cut_parts(node: Node, spec: Spec, label: Label, size: int, cuts: _Cuts) -> bool:
    """Cut an axis into its equal parts, and all parts alike."""
    axes = [
        (value, labels.index(label))
        for value, labels in zip(node.values, spec.ports, strict=True)
        if labels is not None and not value.is_constant
    ]
    changed = True in [cuts.add(axis, size) for axis in axes]
    whole = [value.shape[axis] == size for value, axis in axes]
    if all(w or size in cuts.of(axis) for w, axis in zip(whole, axes, strict=True)):
        inner = {cut for axis in axes for cut in cuts.of(axis) if cut < size}
        changed |= True in [cuts.add(axis, cut) for axis in axes for cut in inner]
    return changed
