"""Views: how a stored tensor is cut into TensorFlow axes for the next kernel.

A tensor between two ops is a flat order of places; its axes are what the last kernel left. These
functions find axes for the next kernel that need no Reshape, or as few as can be.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from math import prod

from converters.ir_to_tf.layout.spec import Order, Place

Sizes = Mapping[Place, int]


def axes_of(shape: Sequence[int], order: Order, sizes: Sizes) -> list[Order] | None:
    """Which places each axis of a stored tensor holds; None if an axis ends inside a place."""
    axes, rest = [], list(order)
    for length in shape:
        held: list[Place] = []
        while prod(sizes[place] for place in held) < length and rest:
            held.append(rest.pop(0))
        if prod(sizes[place] for place in held) != length:
            return None
        axes.append(tuple(held))
    return None if rest else axes


def completed(axes: Sequence[Order], order: Order) -> list[Order]:
    """The same axes, with the places of an order that the tensor lacks put where they belong."""
    done = [list(axis) for axis in axes]
    present = {place for axis in axes for place in axis}
    at, last = -1, None
    for place in order:
        if place in present:
            at = next(i for i, axis in enumerate(done) if place in axis)
        else:
            _insert(done, place, at, last)
            at = next(i for i, axis in enumerate(done) if place in axis)
        last = place
    return [tuple(axis) for axis in done]


def _insert(axes: list[list[Place]], place: Place, at: int, last: Place | None) -> None:
    """Put a place behind `last`, which axis `at` holds: in an empty axis there, or a new one."""
    if last is not None and axes[at][-1] != last:
        cut = axes[at].index(last) + 1
        axes[at : at + 1] = [axes[at][:cut], axes[at][cut:]]
    elif at + 1 < len(axes) and not axes[at + 1]:
        axes[at + 1] = [place]
        return
    axes.insert(at + 1, [place])


def separated(axes: Sequence[Order], key: Callable[[Place], Hashable]) -> list[Order]:
    """Cut axes where the key of their places changes."""
    done: list[Order] = []
    for axis in axes:
        start = 0
        for i in range(1, len(axis)):
            if key(axis[i]) != key(axis[i - 1]):
                done.append(axis[start:i])
                start = i
        done.append(axis[start:])
    return done


def merged(axes: Sequence[Order], belongs: Callable[[Place], bool]) -> list[Order]:
    """Join neighbouring axes that hold nothing but places which belong together."""
    done: list[Order] = []
    for axis in axes:
        both = bool(axis) and all(map(belongs, axis))
        if done and both and done[-1] and all(map(belongs, done[-1])):
            done[-1] += axis
        else:
            done.append(axis)
    return done


def default_axes(order: Order) -> list[Order]:
    """One axis per stretch of places of the same label."""
    return separated([order], lambda place: place.label)


def shape_of(axes: Sequence[Order], sizes: Sizes) -> tuple[int, ...]:
    """The lengths of axes in a tensor that may lack some of their places."""
    return tuple(prod(sizes.get(place, 1) for place in axis) for axis in axes)
