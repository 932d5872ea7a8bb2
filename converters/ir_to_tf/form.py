"""Form: the TensorFlow axes of every port of a node, once its choice is made."""

from __future__ import annotations

from collections.abc import Sequence

from converters.ir_to_tf.layout.choices import Choice, flat
from converters.ir_to_tf.layout.frame import Frame
from converters.ir_to_tf.layout.spec import OUTER, Dims, Order, Place
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
    order = _whole(choice, frame)
    axes = natural_axes(order, frame, choice, shapes)
    return tuple(None if port is None else tuple(axes) for port in frame.ports)


def _whole(choice: Choice, frame: Frame) -> Order:
    if choice.arrangement is None:
        return choice.order
    dims = next(dims for dims in choice.arrangement.ports if dims is not None)
    return flat(dims)


def natural_axes(
    order: Order, frame: Frame, choice: Choice, shapes: Sequence[Shape | None]
) -> list[Order]:
    """Axes for the places of a frame in some order, alike for all ports: few Reshapes follow."""
    axes = _cut_as_stored(order, frame, choice, shapes)
    axes = [axis for axis in separated(axes, lambda place: _key(place, frame))]
    for label in frame.spec.alone:
        axes = merged(axes, lambda place, one=label: _is_touched(place, one, frame))  # type: ignore[misc]
        if not any(_is_touched(place, label, frame) for axis in axes for place in axis):
            axes.append(())
    return axes if len(axes) <= MOST_AXES else _compact(axes, frame)


def _compact(axes: Sequence[Order], frame: Frame) -> list[Order]:
    """The fewest axes that keep apart what must be: neighbours of one key become one axis."""
    last = axes[-1:] if not axes[-1] else []  # it stands for an axis of size 1 that is touched
    done: list[Order] = []
    for axis in filter(None, axes):
        if done and _key(done[-1][-1], frame) == _key(axis[0], frame):
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


def _key(place: Place, frame: Frame) -> tuple[object, ...]:
    """Places of different keys never share an axis: some port lacks one, or the op tells them."""
    spec = frame.spec
    has = tuple(place in port for port in frame.ports if port is not None)
    constant = tuple(
        place.label in labels
        for labels, port in zip(spec.ports, frame.ports, strict=True)
        if labels is not None and port is None
    )
    special = next((label for label in spec.alone if _is_touched(place, label, frame)), None)
    return has, constant, special, place.label in spec.apart


def _is_touched(place: Place, label: object, frame: Frame) -> bool:
    if place.label != label:
        return False
    parts = any(Place(label, OUTER) in port for port in frame.ports if port is not None)
    return place.step == OUTER or not parts
