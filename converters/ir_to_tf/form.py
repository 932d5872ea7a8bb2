"""Form: the TensorFlow axes of every port of a node, once its choice is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from converters.ir_to_tf.layout.choices import Choice, flat
from converters.ir_to_tf.layout.frame import Frame
from converters.ir_to_tf.layout.spec import OUTER, Dims, Label, Order, Place
from converters.ir_to_tf.views import axes_of, completed, default_axes, merged, separated

Shape = tuple[int, ...]

MOST_AXES = 4
"""Some kernels of TensorFlow Lite take no more than four or five axes."""


def axes_for(
    choice: Choice, frame: Frame, shapes: Sequence[Shape | None]
) -> tuple[Dims | None, ...]:
    """The axes of every port: those arranged, or natural ones that the inputs already have."""
    if choice.arrangement and frame.spec.rigid:
        return choice.arrangement.ports
    order = _whole(choice)
    axes = natural_axes(order, frame, choice, shapes)
    return tuple(None if port is None else tuple(axes) for port in frame.ports)


def _whole(choice: Choice) -> Order:
    if choice.arrangement is None:
        return choice.order
    dims = next(dims for dims in choice.arrangement.ports if dims is not None)
    return flat(dims)


def natural_axes(
    order: Order, frame: Frame, choice: Choice, shapes: Sequence[Shape | None]
) -> list[Order]:
    """Axes for the places of a frame in some order, alike for all ports: few Reshapes follow."""
    touched = {place: label for label in frame.spec.alone for place in _touched(label, order)}
    axes = _cut_as_stored(order, frame, choice, shapes)
    axes = separated(axes, lambda place: _key(place, frame, touched))
    for label in frame.spec.alone:
        mine = _touched(label, order)
        axes = merged(axes, lambda place, mine=mine: place in mine)  # type: ignore[misc]
        if not mine:
            axes.append(())
        elif choice.arrangement:  # the kernel works along the last axis: no axis of size 1 follows
            axes = axes[: next(i for i, axis in enumerate(axes) if mine[-1] in axis) + 1]
    return axes if len(axes) <= MOST_AXES else _compact(axes, frame, touched)


def _touched(label: Label, order: Order) -> Order:
    """The places that an op touches by position: of equal parts stored apart, their number only."""
    mine = tuple(place for place in order if place.label == label)
    outer = Place(label, OUTER)
    if outer not in mine or mine == (outer,):
        return mine
    start = order.index(outer)
    is_whole = order[start : start + len(mine)] == (outer, *sorted(set(mine) - {outer}))
    return mine if is_whole else (outer,)


def _compact(axes: Sequence[Order], frame: Frame, touched: Mapping[Place, Label]) -> list[Order]:
    """The fewest axes that keep apart what must be: neighbours of one key become one axis."""
    last = axes[-1:] if not axes[-1] else []  # it stands for an axis of size 1 that is touched
    done: list[Order] = []
    for axis in filter(None, axes):
        if done and _key(done[-1][-1], frame, touched) == _key(axis[0], frame, touched):
            done[-1] += axis
        else:
            done.append(axis)
    return [*done, *last]


def _cut_as_stored(
    order: Order, frame: Frame, choice: Choice, shapes: Sequence[Shape | None]
) -> list[Order]:
    """The axes of the fullest input that is stored in whole places, made complete."""
    by_fullness = sorted(
        (port for port, shape in enumerate(shapes) if shape is not None),
        key=lambda port: -len(frame.ports[port] or ()),
    )
    for port in by_fullness:
        layout, shape = choice.layouts[port], shapes[port]
        mine = frame.order(port, layout) if layout is not None else None
        axes = axes_of(shape or (), mine, frame.sizes[port]) if mine is not None else None
        if axes is not None:
            return completed(axes, order)
    return default_axes(order)


def _key(place: Place, frame: Frame, touched: Mapping[Place, Label]) -> tuple[object, ...]:
    """Places of different keys never share an axis: some port lacks one, or the op tells them."""
    spec = frame.spec
    if place in touched:
        return (touched[place],)
    has = tuple(place in port for port in frame.ports if port is not None)
    constant = tuple(
        place.label in labels
        for labels, port in zip(spec.ports, frame.ports, strict=True)
        if labels is not None and port is None
    )
    return has, constant, place.label in spec.apart
