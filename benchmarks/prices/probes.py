"""The probes: files of one op each, in groups whose members do the same work in different ways."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import tensorflow as tf

Shape = tuple[int, ...]
FLOAT = 4
"""Bytes of an element."""


@dataclass(frozen=True)
class Probe:
    """One way of doing something: what it computes, on inputs of which shapes."""

    group: str  # what is measured
    way: str  # how it is done
    place: str  # on what
    compute: Callable[..., Any]
    inputs: tuple[Shape, ...]
    products: int = 0  # multiplications

    @property
    def read(self) -> int:
        """The bytes of the first input: what a TRANSPOSE in its place would move."""
        return FLOAT * int(np.prod(self.inputs[0]))

    def flatbuffer(self) -> bytes:
        """The `.tflite` file."""
        given = [tf.TensorSpec(shape, tf.float32) for shape in self.inputs]
        function = tf.function(self.compute, input_signature=given, autograph=False)
        concrete = function.get_concrete_function()
        return bytes(tf.lite.TFLiteConverter.from_concrete_functions([concrete]).convert())


TOKENS: Sequence[tuple[int, int]] = ((49, 384), (197, 192), (784, 64), (1024, 256), (3136, 64))
"""Rows and channels, as attention and convolutional networks have them."""

PIECES = (4, 8, 16, 32, 64, 128, 256, 1024)
"""Bytes that a mover copies at once."""

MOVED = 256 * 1024
"""Bytes that a mover copies in all."""


def probes() -> Iterator[Probe]:
    """Everything that is measured."""
    yield Probe("call", "RELU", "16 bytes", tf.nn.relu, ((4,),))
    for channels in (3, 8, 16):
        for narrow in ((16384, channels), (channels, 16384)):
            place = f"{narrow[0]} x {narrow[1]}"
            yield Probe("transpose of few channels", "TRANSPOSE", place, tf.transpose, (narrow,))
    for number, size in enumerate(((4, 4), *TOKENS, (64, 3136))):
        yield from _moves(size, is_first=number == 0)
    for piece in PIECES:
        yield from _movers(piece)
    for rows, channels in TOKENS:
        yield from _dense(rows, channels)
        if rows < 1024:
            yield from _products(rows, channels)
        yield from _softmax(rows)


def _moves(size: tuple[int, int], is_first: bool) -> Iterator[Probe]:
    rows, channels = size
    place = f"{rows} x {channels}"
    yield Probe("transpose", "TRANSPOSE", place, tf.transpose, (size,))
    if not is_first:
        flat = lambda x: tf.reshape(x, [rows * channels])  # noqa: E731
        yield Probe("reshape", "RESHAPE", place, flat, (size,))
    if channels % 32 == 0:
        heads = (rows, channels // 32, 32)
        swap = lambda x: tf.transpose(x, [1, 0, 2])  # noqa: E731
        yield Probe("transpose of rows of 128 bytes", "TRANSPOSE", place, swap, (heads,))


def _movers(piece: int) -> Iterator[Probe]:
    rows, width = MOVED // (2 * piece), piece // FLOAT
    half, place = (rows, width), f"{piece} bytes"
    both = (rows, 2 * width)
    yield Probe("mover", "CONCATENATION", place, lambda *parts: tf.concat(parts, 1), (half, half))
    yield Probe("mover", "SPLIT", place, lambda x: tf.split(x, 2, 1), (both,))
    yield Probe("mover", "SLICE", place, lambda x: tf.slice(x, [0, 0], half), (both,))


def _dense(rows: int, channels: int) -> Iterator[Probe]:
    place = f"{rows} x {channels}"
    weights = _random(channels, channels)
    heads = weights.reshape(channels, -1, 32).swapaxes(0, 1).copy()
    side = next(s for s in range(int(rows**0.5), 0, -1) if rows % s == 0)
    image = (1, side, rows // side, channels)
    filters = weights[None, None]
    ways: dict[str, tuple[Callable[..., Any], Shape]] = {
        "FULLY_CONNECTED": (lambda x: tf.matmul(x, weights), (rows, channels)),
        "CONV_2D": (lambda x: tf.nn.conv2d(x, filters, 1, "VALID"), image),
        "W x": (lambda x: tf.matmul(weights[None], x), (1, channels, rows)),
        "W x^T": (lambda x: tf.matmul(weights[None], x, transpose_b=True), (1, rows, channels)),
        "heads": (lambda x: tf.matmul(x, heads), (1, rows, channels)),
    }
    for way, (compute, shape) in ways.items():
        yield Probe("dense", way, place, compute, (shape,), rows * channels * channels)


def _products(rows: int, channels: int) -> Iterator[Probe]:
    """Per head: the scores of queries and keys, what they weigh, and sums over the rows."""
    heads, depth = channels // 32, 32
    for m, k, n in ((rows, depth, rows), (rows, rows, depth), (depth, rows, depth)):
        place = f"{heads} of {m} x {k} x {n}"
        x, y = (heads, m, k), (heads, k, n)
        xt, yt = (heads, k, m), (heads, n, k)
        taken = {"x y": (x, y), "x^T y": (xt, y), "x y^T": (x, yt), "x^T y^T": (xt, yt)}
        for way, shapes in taken.items():
            left, right = (word.endswith("^T") for word in way.split())
            compute = _product(left, right)
            yield Probe("product", way, place, compute, shapes, heads * m * k * n)


def _product(left: bool, right: bool) -> Callable[..., Any]:
    return lambda x, y: tf.matmul(x, y, transpose_a=left, transpose_b=right)


def _softmax(rows: int) -> Iterator[Probe]:
    for length in (2, 16, 64):
        place = f"{rows} x {length}"
        yield Probe("softmax", "last axis", place, tf.nn.softmax, ((1, rows, length),))
        yield Probe("softmax", "exp / sum", place, _softmax_first, ((1, length, rows),))


def _softmax_first(x: Any) -> Any:
    raised = tf.exp(x - tf.reduce_max(x, 1, keepdims=True))
    return raised / tf.reduce_sum(raised, 1, keepdims=True)


def _random(*shape: int) -> Any:
    return np.random.default_rng(0).standard_normal(shape).astype(np.float32)
