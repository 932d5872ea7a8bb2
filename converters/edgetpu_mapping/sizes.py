"""What is too large for the Edge TPU, operator by operator.

The documentation only says that it "depends on the input/output size", so each limit here stands
between the largest size that a real compiler (14 to 16) was seen to map and the smallest that it
was seen to leave on the CPU. Both are given. Sizes are bytes with the channels rounded up to four,
as the accelerator stores them; shapes are read as rows, columns, channels.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from converters.edgetpu_mapping.model import Graph, Operator, Tensor
from converters.edgetpu_mapping.statuses import Status, limited

KIB = 1024

MOST_TRANSPOSED = 96 * KIB
"""Mapped: 24x24x144 to channels first, 82 944. Not: 20x20x256, 40x40x64, 80x80x16, all 102 400."""

MOST_IN_A_ROW = 192 * KIB
"""A tensor of one row cannot be shared out by rows. Mapped: 1917x91 of SSD 300, 176 364.
Not: 3087x85 of YOLOv5 at 224, 271 656; 4800x85, 80x8400, 144x1600."""

MOST_RESHAPED = 1024 * KIB
"""Mapped: 40x40x255 to 1600x3x85, 422 400. Not: 80x80x255 to 6400x3x85, 1 689 600."""

MOST_RESIZED = 2048 * KIB
"""Of the output. Mapped: 80x80x128 by nearest neighbour, 819 200; 128x128x32 bilinear, 524 288.
Not: 1024x1024x3 by nearest neighbour, 4 194 304; 512x512x32 bilinear, 8 388 608."""

MOST_ENLARGED = 8
"""Times, of the bilinear resize, for precision. Mapped: x1, x2, x4. Not: x15.5 and x33."""

MOST_AVERAGED = 16384
"""Elements per mean. Mapped: 64x128. Not: 256x128."""

MOST_IN_SOFTMAX = 16384
"""Channels. The table says 16,000; 16 384 were seen mapped, more were not seen."""

STORED_BY_FOUR = 4


def rows_columns_channels(shape: Sequence[int]) -> tuple[int, int, int]:
    """The three innermost dimensions; what lies outside them is 1 in whatever is mapped."""
    rows, columns, channels = [1, 1, 1, *shape][-3:]
    return rows, columns, channels


def stored_bytes(shape: Sequence[int]) -> int:
    """Bytes of an 8-bit tensor as the accelerator stores it."""
    *outer, channels = shape or (1,)
    return prod(outer) * -(-channels // STORED_BY_FOUR) * STORED_BY_FOUR


def _text(tensor: Tensor) -> str:
    return "x".join(map(str, tensor.shape)) or "scalar"


def too_long_a_row(graph: Graph, operator: Operator) -> Status | None:
    """A tensor with a single row is held in one piece."""
    for tensor in graph.activations(operator):
        rows = rows_columns_channels(tensor.shape)[0]
        if rows == 1 and stored_bytes(tensor.shape) > MOST_IN_A_ROW:
            return limited(f"{_text(tensor)} is one row of more than {MOST_IN_A_ROW} bytes")
    return None


def too_large_to_transpose(graph: Graph, operator: Operator) -> Status | None:
    """A transpose holds both sides whole."""
    largest = max(graph.activations(operator), key=lambda tensor: stored_bytes(tensor.shape))
    if stored_bytes(largest.shape) > MOST_TRANSPOSED:
        return limited(f"{_text(largest)} is more than {MOST_TRANSPOSED} bytes to transpose")
    return None


def too_large_to_reshape(graph: Graph, operator: Operator) -> Status | None:
    """Table: Certain reshapes might not be mapped for large tensor sizes."""
    largest = max(graph.activations(operator), key=lambda tensor: stored_bytes(tensor.shape))
    if stored_bytes(largest.shape) > MOST_RESHAPED:
        return limited(f"{_text(largest)} is more than {MOST_RESHAPED} bytes to reshape")
    return None


def too_large_to_resize(graph: Graph, operator: Operator) -> Status | None:
    """Table: Depending on input/output size, this operation might not be mapped."""
    (made,) = graph.made(operator)
    if stored_bytes(made.shape) > MOST_RESIZED:
        return limited(f"the output {_text(made)} is more than {MOST_RESIZED} bytes")
    return None


def too_far_to_interpolate(graph: Graph, operator: Operator) -> Status | None:
    """Table: to avoid loss in precision: a wide interpolation needs more than 8 bits."""
    read, made = graph.activations(operator)[0], graph.made(operator)[0]
    pairs = zip(rows_columns_channels(read.shape), rows_columns_channels(made.shape), strict=True)
    times = max(after / max(before, 1) for before, after in list(pairs)[:2])
    if times > MOST_ENLARGED:
        return limited(f"enlarges {times:.4g} times, more than {MOST_ENLARGED} is not precise")
    return None


def too_many_to_average(graph: Graph, operator: Operator) -> Status | None:
    """The sum of a mean has a limited width."""
    read, made = graph.activations(operator)[0], graph.made(operator)[0]
    count = read.size // max(made.size, 1)
    if count > MOST_AVERAGED:
        return limited(f"reduces {count} elements to one, more than {MOST_AVERAGED}")
    return None


def too_wide_a_softmax(graph: Graph, operator: Operator) -> Status | None:
    """Table: "a max of 16,000 elements", over which one softmax goes."""
    channels = rows_columns_channels(graph.made(operator)[0].shape)[-1]
    if channels > MOST_IN_SOFTMAX:
        return limited(f"a softmax over {channels} elements, more than {MOST_IN_SOFTMAX}")
    return None
