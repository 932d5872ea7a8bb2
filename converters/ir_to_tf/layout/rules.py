"""Layout rules: labels for the axes of an op's tensors, and the orders its kernel can work in.

A rule is a function of the node. `same_axes` and its kin carry any order; `image`, `last_axis` and
the rest arrange groups of labels. `as_written` is the safe answer for an op nobody has studied.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import cast

import numpy as np

from converters.ir_to_tf.graph import Node, Value
from converters.ir_to_tf.layout.spec import Arrangement, Dims, Groups, Label, Order, Spec

Rule = Callable[[Node], Spec]
Labels = tuple[Label, ...]


# Rules that carry any order ---------------------------------------------------------------------


def same_axes(node: Node) -> Spec:
    """Every tensor has the same axes, aligned at the right as numpy broadcasts them."""
    rank = node.outputs[0].rank
    return Spec(tuple(_aligned(value, rank) for value in node.values))


def first_input(node: Node) -> Spec:
    """Input 0 and the outputs share their axes; the other inputs are parameters."""
    rank = node.inputs[0].rank
    return Spec(_with_parameters(node, tuple(range(rank)), tuple(range(rank))))


def no_layout(node: Node) -> Spec:
    """No tensor has a say: the op runs on values known before."""
    return Spec(tuple(None for _ in node.values))


def reduced(node: Node) -> Spec:
    """The axes that input 1 lists vanish, or stay with size 1."""
    data, result = node.inputs[0], node.outputs[0]
    gone = set(node.axes(1))
    labels = tuple(range(data.rank))
    if result.rank < data.rank:
        kept: Labels = tuple(axis for axis in labels if axis not in gone)
    else:
        kept = tuple(("gone", axis) if axis in gone else axis for axis in labels)
    return Spec((labels, None, kept), apart=frozenset(gone))


def normalised(node: Node) -> Spec:
    """The elements along the axes of input 1 are taken together, in whatever order."""
    spec = first_input(node)
    return Spec(spec.ports, apart=frozenset(node.axes(1)))


def along(axis: Callable[[Node], int], mover: bool = False) -> Rule:
    """The op touches one axis by position; the others may be in any order."""

    def rule(node: Node) -> Spec:
        rank = node.outputs[0].rank
        touched = axis(node) % rank
        labels = tuple(range(rank))
        ports = tuple(labels if value.rank == rank else None for value in node.values)
        units = frozenset({touched})
        return Spec(ports, units, alone=units, moves=touched if mover else None)

    return rule


def concatenated(node: Node) -> Spec:
    """Concat: if all parts are equal, what lies within a part may be in any order."""
    spec = along(lambda n: int(n["axis"]), mover=True)(node)
    axis = int(node["axis"]) % node.outputs[0].rank
    sizes = {value.shape[axis] for value in node.inputs}
    if len(sizes) > 1 or any(value.is_constant for value in node.inputs):
        return spec
    return Spec(spec.ports, spec.units, {axis: sizes.pop()}, alone=spec.alone, moves=axis)


def split(node: Node) -> Spec:
    """Split and VariadicSplit along the axis that input 1 names."""
    (axis,) = node.axes(1)
    labels = tuple(range(node.inputs[0].rank))
    sizes = {value.shape[axis] for value in node.outputs}
    parts: dict[Label, int] = {axis: sizes.pop()} if len(sizes) == 1 else {}
    units: frozenset[Label] = frozenset({axis})
    return Spec(_with_parameters(node, labels, labels), units, parts, alone=units, moves=axis)


Touched = Callable[[Node], Mapping[int, int | None]]
"""The axes an op touches by position, with the size of equal parts where they are such."""


def touched_axes(touched: Touched, mover: bool = False) -> Rule:
    """Input 0 is touched along some axes; the others may be in any order."""

    def rule(node: Node) -> Spec:
        found = touched(node)
        labels = tuple(range(node.inputs[0].rank))
        parts: dict[Label, int] = {axis: part for axis, part in found.items() if part}
        units: frozenset[Label] = frozenset(found)
        moves = next(iter(found), None) if mover else None
        ports = _with_parameters(node, labels, labels)
        return Spec(ports, units, parts, alone=units, moves=moves)

    return rule


def renamed_axes(node: Node) -> Spec:
    """A Transpose gives axes new names; the bytes may stay where they are."""
    order = permutation_of(node)
    rank = len(order)
    read = tuple(order.index(axis) for axis in range(rank))
    return Spec((read, None, tuple(range(rank))), renames=True)


def permutation_of(node: Node) -> list[int]:
    """The order of a Transpose; an empty one reverses the axes."""
    rank = node.inputs[0].rank
    given = [int(axis) for axis in np.ravel(node.known(1))]
    return given or list(reversed(range(rank)))


def regrouped_axes(node: Node) -> Spec:
    """A Reshape merges and splits axes: it renames atoms, and carries every layout."""
    return Spec(tuple(None for _ in node.values), regroups=True, renames=True)


def _aligned(value: Value, rank: int) -> Labels | None:
    """An axis along which a constant is repeated is none of its own."""
    if value.rank > rank:
        return None
    labels = range(rank - value.rank, rank)
    return tuple(
        ("one", label) if value.is_constant and size == 1 else label
        for label, size in zip(labels, value.shape, strict=True)
    )


def _with_parameters(node: Node, data: Labels, result: Labels) -> tuple[Labels | None, ...]:
    others = len(node.inputs) - 1
    return (data, *[None] * others, *[result] * len(node.outputs))


# Rules that arrange groups ----------------------------------------------------------------------


def as_written(node: Node) -> Spec:
    """Needs the IR's own order in every tensor. Correct for any op, only dearer."""
    ports = tuple(
        None if value.is_constant else tuple((port, axis) for axis in range(value.rank))
        for port, value in enumerate(node.values)
    )
    labels = tuple(label for port in ports for label in port or ())
    return Spec(
        cast("tuple[Labels | None, ...]", ports),
        frozenset(labels),
        groups={str(label): (label,) for label in labels},
        arrange=lambda groups: [Arrangement(tuple(_written(port, groups) for port in ports))],
        as_written=True,
    )


def _written(port: Labels | None, groups: Groups) -> Dims | None:
    return None if port is None else tuple(groups[str(label)] for label in port)


def image(node: Node) -> Spec:
    """Channels last, space in any order, one order of channels for input and output."""
    return image_spec(node, "c", "c", units=())


def image_spec(node: Node, read: str, made: str, units: Sequence[str]) -> Spec:
    """Batch, space, channels: `read` and `made` name the channels of input 0 and the outputs."""
    depth = node.inputs[0].rank - 2
    space = tuple(("s", k) for k in range(depth))
    groups: dict[str, Labels] = {"n": ("n",), "s": space, read: (read,), made: (made,)}
    none = [None] * (len(node.inputs) - 1)
    outputs = len(node.outputs)

    def arrange(orders: Groups) -> Iterator[Arrangement]:
        stored = spatial_order(orders["s"], depth)
        spaces = [tuple(p for p in orders["s"] if p.label == ("s", k)) for k in stored]
        taken = (orders["n"], *spaces, orders[read])
        given = (orders["n"], *spaces, orders[made])
        yield Arrangement((taken, *none, *[given] * outputs), space=stored)

    return Spec(
        _with_parameters(node, ("n", read, *space), ("n", made, *space)),
        frozenset({*space, *units}),
        groups=groups,
        arrange=arrange,
    )


def image_axes(node: Node, touched: tuple[int, ...]) -> Spec:
    """Like `image`, with any axes for the spatial ones: one axis before, the others behind."""
    rank = node.inputs[0].rank
    others = tuple(axis for axis in range(rank) if axis not in touched)
    none = [None] * (len(node.inputs) - 1)

    def arrange(orders: Groups) -> Iterator[Arrangement]:
        places = {axis: k for k, axis in enumerate(touched)}
        order = tuple(p._replace(label=("s", places[cast("int", p.label)])) for p in orders["s"])
        stored = spatial_order(order, len(touched))
        spaces = [tuple(p for p in orders["s"] if p.label == touched[k]) for k in stored]
        dims = (orders["n"], *spaces, orders["c"])
        yield Arrangement((dims, *none, *[dims] * len(node.outputs)), space=stored)

    labels = tuple(range(rank))
    return Spec(
        _with_parameters(node, labels, labels),
        frozenset(touched),
        groups={"n": others[:1], "s": touched, "c": others[1:]},
        arrange=arrange,
    )


def spatial_order(order: Order, depth: int) -> tuple[int, ...]:
    """The spatial axes as stored; those of size 1 everywhere stay where they were written."""
    stored = [cast("tuple[str, int]", place.label)[1] for place in order]
    for axis in range(depth):
        if axis not in stored:
            stored.insert(axis, axis)
    return tuple(stored)


def last_axis(axis: Callable[[Node], int], unit: bool = False) -> Rule:
    """The kernel works along the last axis only; `unit` if it counts positions there."""

    def rule(node: Node) -> Spec:
        rank = node.inputs[0].rank
        touched = axis(node) % rank
        labels = tuple(range(rank))
        none = [None] * (len(node.inputs) - 1)

        def arrange(orders: Groups) -> Iterator[Arrangement]:
            stored = (orders["rest"], orders["axis"])
            yield Arrangement((stored, *none, *[stored] * len(node.outputs)))

        return Spec(
            _with_parameters(node, labels, labels),
            frozenset({touched} if unit else ()),
            alone=frozenset({touched}),
            groups={"rest": tuple(a for a in labels if a != touched), "axis": (touched,)},
            arrange=arrange,
            rigid=False,
        )

    return rule
