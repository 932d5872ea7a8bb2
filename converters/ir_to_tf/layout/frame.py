"""Frames: what the labels of a node's rule mean in the atoms of its tensors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate
from math import prod
from operator import mul

from converters.ir_to_tf.graph import Node, Value
from converters.ir_to_tf.layout.atoms import Atom, Atoms, Layout
from converters.ir_to_tf.layout.spec import OUTER, Label, Order, Place, Spec

Port = Mapping[Place, tuple[Atom, ...]]
"""For each place that a tensor has, the atoms that it is made of."""


@dataclass(frozen=True)
class Frame:
    """The places of every port of one node, inputs first; None where a port has no say."""

    spec: Spec
    ports: tuple[Port | None, ...]
    sizes: tuple[Mapping[Place, int], ...]

    @property
    def places(self) -> Order:
        """Every place of the node, in the order of its fullest tensor."""
        ports = sorted((p for p in self.ports if p is not None), key=len, reverse=True)
        return tuple(dict.fromkeys(place for port in ports for place in port))

    @cached_property
    def _starts(self) -> tuple[Mapping[Atom, tuple[Place, tuple[Atom, ...]]], ...]:
        """For each port, the places by the first atom of each."""
        return tuple(
            {run[0]: (place, run) for place, run in (atoms or {}).items()} for atoms in self.ports
        )

    def layout(self, port: int, order: Sequence[Place]) -> Layout | None:
        """How a port is stored when its places come in this order."""
        atoms = self.ports[port]
        if atoms is None:
            return None
        layout: Layout = ()
        for place in order:
            layout += atoms.get(place, ())
        return layout

    def order(self, port: int, layout: Layout) -> Order | None:
        """The order of places behind a layout; None if it tears a place apart."""
        atoms = self.ports[port]
        if atoms is None:
            return None
        starts = self._starts[port]
        order, i = [], 0
        while i < len(layout):
            place, run = starts.get(layout[i], (None, ()))
            if place is None or layout[i : i + len(run)] != run:
                return None
            order.append(place)
            i += len(run)
        return tuple(order)


def frame_of(node: Node, spec: Spec, atoms: Atoms) -> Frame:
    """Find the places of a node."""
    ports = _regrouped(node, atoms) if spec.regroups else _labelled(node, spec, atoms)
    sizes = tuple(
        {p: prod(atoms.size(value, atom) for atom in run) for p, run in (port or {}).items()}
        for value, port in zip(node.values, ports, strict=True)
    )
    return Frame(spec, ports, sizes)


def _labelled(node: Node, spec: Spec, atoms: Atoms) -> tuple[Port | None, ...]:
    inner = _parts_alike(node, spec, atoms)
    return tuple(
        None
        if labels is None or value.is_constant
        else dict(_places(value, labels, spec, inner, atoms))
        for value, labels in zip(node.values, spec.ports, strict=True)
    )


def _places(
    value: Value, labels: Sequence[Label], spec: Spec, inner: Mapping[Label, int], atoms: Atoms
) -> Iterator[tuple[Place, tuple[Atom, ...]]]:
    for axis, label in enumerate(labels):
        run = tuple((axis, k) for k in range(len(atoms.sizes(value, axis))))
        if label in inner:
            cut = len(run) - inner[label]
            if cut:
                yield Place(label, OUTER), run[:cut]
            yield from ((Place(label, k), (atom,)) for k, atom in enumerate(run[cut:]))
        elif label in spec.units:
            if run:
                yield Place(label, 0), run
        else:
            yield from ((Place(label, k), (atom,)) for k, atom in enumerate(run))


def _parts_alike(node: Node, spec: Spec, atoms: Atoms) -> dict[Label, int]:
    """The labels whose equal parts hold the same atoms everywhere, and how many."""
    alike = {}
    for label, size in spec.parts.items():
        within = {
            _atoms_within(atoms.sizes(value, labels.index(label)), size)
            for value, labels in zip(node.values, spec.ports, strict=True)
            if labels is not None and not value.is_constant
        }
        if len(within) == 1 and (inner := within.pop()) is not None:
            alike[label] = len(inner)
    return alike


def _atoms_within(sizes: tuple[int, ...], part: int) -> tuple[int, ...] | None:
    """The inner atoms that make up one part; None if the axis is not cut there."""
    for count in range(len(sizes) + 1):
        if prod(sizes[len(sizes) - count :]) == part:
            return sizes[len(sizes) - count :]
    return None


def _regrouped(node: Node, atoms: Atoms) -> tuple[Port | None, ...]:
    """The runs of atoms on which both sides of a Reshape agree: mostly single atoms."""
    before, after = node.inputs[0], node.outputs[0]
    written = atoms.as_written(before), atoms.as_written(after)
    ends = [
        list(accumulate((atoms.size(value, atom) for atom in layout), mul))
        for value, layout in zip((before, after), written, strict=True)
    ]
    ports: tuple[dict[Place, tuple[Atom, ...]], ...] = ({}, {})
    start = 0
    for number, cut in enumerate(sorted(set(ends[0]) & set(ends[1]))):
        for port, layout, stops in zip(ports, written, ends, strict=True):
            run = (a for a, stop in zip(layout, stops, strict=True) if start < stop <= cut)
            port[Place("run", number)] = tuple(run)
        start = cut
    first = None if before.is_constant else ports[0]
    return (first, *[None] * (len(node.inputs) - 1), ports[1])
