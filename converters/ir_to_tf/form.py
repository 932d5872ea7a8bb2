"""Form: the TensorFlow axes of every port of a node, once its choice is made."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from converters.ir_to_tf.layout.choices import Choice, flat
from converters.ir_to_tf.layout.frame import Frame
from converters.ir_to_tf.layout.spec import OUTER, Dims, Label, Order, Place
from converters.ir_to_tf.views import axes_of, completed, default_axes, merged, separated, shape_of

Shape = tuple[int, ...]

MOST_AXES = 4
"""Some kernels of TensorFlow Lite take no more."""

FIVE_AXES = {
    *("Add", "Divide", "Maximum", "Minimum", "Multiply", "Subtract"),
    *("Clamp", "HSigmoid", "HSwish", "Relu", "Sigmoid", "Swish", "Tanh"),
    *("Concat", "Split", "VariadicSplit"),
}
"""Types whose kernels take five, and broadcast them."""


def axes_for(
    kind: str, choice: Choice, frame: Frame, shapes: Sequence[Shape | None]
) -> tuple[Dims | None, ...]:
    """The axes of every port: those arranged, or natural ones that the inputs already have."""
    if choice.arrangement and frame.spec.rigid:
        loosened = _loosened(choice, frame, shapes) if choice.arrangement.loose else None
        return loosened or choice.arrangement.ports
    order, most = _whole(choice), MOST_AXES + (kind in FIVE_AXES)
    axes = natural_axes(order, frame, choice, (shapes, most))
    return tuple(None if port is None else tuple(axes) for port in frame.ports)


def _loosened(
    choice: Choice, frame: Frame, shapes: Sequence[Shape | None]
) -> tuple[Dims | None, ...] | None:
    """The ports of a dense layer, its rows cut as the input has them: no Reshape around it."""
    assert choice.arrangement
    ports = choice.arrangement.ports
    taken, given = (port for port, dims in enumerate(ports) if dims is not None)
    rows, summed = ports[taken] or ((), ())
    shape, sizes = shapes[taken], frame.sizes[taken]
    axes = axes_of(shape or (), rows + summed, sizes)
    axes = separated(axes, lambda place: place in summed) if axes is not None else []
    lead = [axis for axis in axes if axis and axis[0] not in summed]
    if not 0 < len(lead) < MOST_AXES:
        return None
    made = (ports[given] or ((),))[-1]
    wanted = {taken: (*lead, summed), given: (*lead, made)}
    return tuple(wanted.get(port) for port in range(len(ports)))


def _whole(choice: Choice) -> Order:
    if choice.arrangement is None:
        return choice.order
    dims = next(dims for dims in choice.arrangement.ports if dims is not None)
    return flat(dims)


def natural_axes(
    order: Order, frame: Frame, choice: Choice, stored: tuple[Sequence[Shape | None], int]
) -> list[Order]:
    """Axes for the places of a frame in some order, alike for all ports: few Reshapes follow."""
    shapes, most = stored
    axes = _told_apart(_cut_as_stored(order, frame, choice, shapes), order, frame, choice)
    if len(axes) <= most and _fit_some(axes, frame, shapes):
        return axes
    # All inputs need a Reshape: then to what the model itself would say.
    plain = _told_apart(_as_in_the_model(order, frame), order, frame, choice)
    if len(_longest(frame)) <= MOST_AXES and len(plain) <= most:
        return plain
    touched = {place: label for label in frame.spec.alone for place in _touched(label, order)}
    return axes if len(axes) <= most else _compact(axes, frame, touched)


def _told_apart(axes: Sequence[Order], order: Order, frame: Frame, choice: Choice) -> list[Order]:
    """Axes cut where some port lacks places, and those joined that the op touches."""
    touched = {place: label for label in frame.spec.alone for place in _touched(label, order)}
    axes = separated(axes, lambda place: _key(place, frame, touched))
    for label in frame.spec.alone:
        mine = _touched(label, order)
        axes = merged(axes, lambda place, mine=mine: place in mine)  # type: ignore[misc]
        if not mine:
            axes.append(())
        elif choice.arrangement:  # the kernel works along the last axis: no axis of size 1 follows
            axes = axes[: next(i for i, axis in enumerate(axes) if mine[-1] in axis) + 1]
    return axes


def _fit_some(axes: Sequence[Order], frame: Frame, shapes: Sequence[Shape | None]) -> bool:
    """Whether some input is stored in just these axes."""
    return any(
        shape is not None and shape == shape_of(axes, frame.sizes[port])
        for port, shape in enumerate(shapes)
    )


def _as_in_the_model(order: Order, frame: Frame) -> list[Order]:
    """An axis per label, behind those of size 1 that lead in the model."""
    held = {place.label for place in order}
    leading = next((i for i, label in enumerate(_longest(frame)) if label in held), 0)
    return [()] * leading + default_axes(order)


def _longest(frame: Frame) -> tuple[Label, ...]:
    """The labels of the tensor that has most."""
    return max((labels for labels in frame.spec.ports if labels is not None), key=len)


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
