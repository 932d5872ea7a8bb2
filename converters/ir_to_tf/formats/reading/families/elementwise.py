"""Operations that treat every element alike, and activations."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from itertools import permutations
from typing import Any

import keras
import numpy as np
from keras import layers, ops

from converters.ir_to_tf.formats.reading.constants import Array
from converters.ir_to_tf.formats.reading.node import ACTIVATIONS, Node
from converters.ir_to_tf.formats.reading.table import row

SAME_IN_KERAS: dict[str, Callable[..., Any]] = {
    "Abs": ops.abs,
    "Acos": ops.arccos,
    "Acosh": ops.arccosh,
    "Asin": ops.arcsin,
    "Asinh": ops.arcsinh,
    "Atan": ops.arctan,
    "Atanh": ops.arctanh,
    "Atan2": ops.arctan2,
    "BitwiseAnd": ops.bitwise_and,
    "BitwiseOr": ops.bitwise_or,
    "BitwiseXor": ops.bitwise_xor,
    "Ceil": ops.ceil,
    "Cos": ops.cos,
    "Cosh": ops.cosh,
    "Equal": ops.equal,
    "Erf": ops.erf,
    "Erfc": ops.erfc,
    "Exp": ops.exp,
    "Expm1": ops.expm1,
    "Floor": ops.floor,
    "FloorDiv": ops.floor_divide,
    "FloorMod": ops.mod,
    "Greater": ops.greater,
    "GreaterEqual": ops.greater_equal,
    "Invert": ops.bitwise_invert,
    "IsFinite": ops.isfinite,
    "IsInf": ops.isinf,
    "IsNan": ops.isnan,
    "LeftShift": ops.left_shift,
    "Less": ops.less,
    "LessEqual": ops.less_equal,
    "Log": ops.log,
    "Log1p": ops.log1p,
    "LogicalAnd": ops.logical_and,
    "LogicalNot": ops.logical_not,
    "LogicalOr": ops.logical_or,
    "LogSoftmax": ops.log_softmax,
    "Neg": ops.negative,
    "NotEqual": ops.not_equal,
    "Pow": ops.power,
    "RealDiv": ops.divide,
    "Reciprocal": ops.reciprocal,
    "RightShift": ops.right_shift,
    "Round": ops.round,
    "Rsqrt": ops.rsqrt,
    "SelectV2": ops.where,
    "Sign": ops.sign,
    "Sin": ops.sin,
    "Sinh": ops.sinh,
    "Sqrt": ops.sqrt,
    "Square": ops.square,
    "Tan": ops.tan,
}


def _register(kind: str, function: Callable[..., Any]) -> None:
    @row(kind)
    def same(node: Node, *inputs: Any) -> Any:
        return function(*(node.operand(port) for port in range(len(inputs))))


for _kind, _function in SAME_IN_KERAS.items():
    _register(_kind, _function)


def summed(x: Any, y: Any) -> Any:
    """Two tensors' sum.

    `ops.add` of Keras 3.15 takes any vector for a bias: [[0], [1]] it adds to the columns of a
    square. What is no bias is subtracted, negated: the same number.
    """
    shape, other = tuple(np.shape(x)), tuple(np.shape(y))
    is_bias = not _full(other) or (_full(other) == other[-1:] == shape[-1:])
    if shape == other or is_bias:
        return ops.add(x, y)
    return ops.subtract(x, np.negative(y) if isinstance(y, np.ndarray) else ops.negative(y))


def _full(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The sizes along which there is anything to repeat."""
    return tuple(size for size in shape if size != 1)


MERGING = {
    "AddV2": (layers.Add, summed),
    "Sub": (layers.Subtract, ops.subtract),
    "Mul": (layers.Multiply, ops.multiply),
    "Maximum": (layers.Maximum, ops.maximum),
    "Minimum": (layers.Minimum, ops.minimum),
}
"""Layers that merge two tensors of one shape, and functions for all others."""


@row(*MERGING)
def merged(node: Node, x: Any, y: Any) -> Any:
    """A layer where both are computed and alike, so that nothing is broadcast."""
    for recognised in RECOGNISED.get(node.op.type, ()):
        found = recognised(node)
        if found is not None:
            return found
    layer, function = MERGING[node.op.type]
    alike = _is_computed(x) and _is_computed(y) and tuple(x.shape) == tuple(y.shape)
    if alike and x is not y and len(x.shape) > 1:
        return node.layer(layer, x, y)
    return function(node.operand(0), node.operand(1))


def prelu(node: Node) -> Any:
    """relu(x) + c relu(-x), whose c is constant per channel: a PReLU layer."""
    for positive, negative in permutations(node.op.inputs):
        scaled = negative.op
        if positive.op.type != "Relu" or scaled.type != "Mul":
            continue
        for mirror, factor in permutations(scaled.inputs):
            x, slopes = positive.op.inputs[0], node.reading.constants.get(factor.name)
            if slopes is not None and _is_mirrored(mirror.op, x) and _is_per_channel(slopes, x):
                made = node.reading.tensor(x)
                alpha = np.broadcast_to(-slopes.ravel(), made.shape[-1:])
                ones = [1] * (len(made.shape) - 2)
                shared = list(range(1, len(ones) + 1))
                weights = [alpha.reshape(*ones, -1)]
                return node.layer(layers.PReLU, made, weights=weights, shared_axes=shared or None)
    return None


def _is_mirrored(op: Any, x: Any) -> bool:
    """Whether an operation is relu(-x)."""
    if op.type != "Relu" or op.inputs[0].op.type != "Neg":
        return False
    return bool(op.inputs[0].op.inputs[0].name == x.name)


def _is_per_channel(values: Array, x: Any) -> bool:
    """Whether a constant has one number, or one for each step of the last axis."""
    known = x.shape.rank is not None and x.shape.rank > 1 and None not in x.shape[1:]
    return bool(known) and (
        values.size == 1 or values.shape[-1:] == (x.shape[-1],) == _full(values.shape)
    )


def silu(node: Node) -> Any:
    """A value times its own sigmoid."""
    for x, gate in permutations(node.op.inputs):
        if gate.op.type == "Sigmoid" and gate.op.inputs[0].name == x.name:
            return node.layer(layers.Activation, node.reading.tensor(x), activation="silu")
    return None


RECOGNISED = {"AddV2": (prelu,), "Mul": (silu,)}
"""Layers that are several operations in TensorFlow, by the last of them."""


@row("AddN")
def add_n(node: Node, *inputs: Any) -> Any:
    """A sum of several."""
    return reduce(ops.add, [node.operand(port) for port in range(len(inputs))])


@row("BiasAdd")
def bias_add(node: Node, *_: Any) -> Any:
    """A bias that no layer took in."""
    return summed(node.operand(0), node.operand(1))


@row("SquaredDifference")
def squared_difference(node: Node, *_: Any) -> Any:
    """(x - y) squared."""
    return ops.square(ops.subtract(node.operand(0), node.operand(1)))


@row("TruncateDiv")
def truncated_quotient(node: Node, *_: Any) -> Any:
    """Towards zero, where Keras goes to the lower."""
    x, y = node.operand(0), node.operand(1)
    if node.dtype.startswith("u"):
        return ops.floor_divide(x, y)
    sign = ops.multiply(ops.sign(x), ops.sign(y))
    return ops.multiply(sign, ops.floor_divide(ops.abs(x), ops.abs(y)))


@row("Bitcast")
def bitcast(node: Node, *_: Any) -> Any:
    """The same bits; the last axis is cut, or joined, where the new type is smaller or larger."""
    return ops.reshape(ops.view(node.tensor(0), node.dtype), node.target)


@row("Cast")
def cast(node: Node, *_: Any) -> Any:
    """Another type."""
    return ops.cast(node.operand(0), node.dtype)


@row("OnesLike")
def ones_like(_: Node, x: Any) -> Any:
    """Ones."""
    return ops.ones_like(x)


@row("ZerosLike")
def zeros_like(_: Node, x: Any) -> Any:
    """Zeros."""
    return ops.zeros_like(x)


RELUS: dict[str, dict[str, Any]] = {"Relu": {}, "Relu6": {"max_value": 6.0}}


@row(*RELUS)
def relu(node: Node, x: Any) -> Any:
    """A ReLU layer; whole numbers have a function."""
    if not node.dtype.startswith("float"):
        limits = {"Relu": ops.relu, "Relu6": ops.relu6}
        return limits[node.op.type](x)
    return node.layer(layers.ReLU, x, **RELUS[node.op.type])


@row(*(kind for kind in ACTIVATIONS if kind not in RELUS))
def activation(node: Node, x: Any) -> Any:
    """An Activation layer."""
    return node.layer(layers.Activation, x, activation=ACTIVATIONS[node.op.type])


@row("Selu")
def selu(node: Node, x: Any) -> Any:
    """An Activation layer."""
    return node.layer(layers.Activation, x, activation="selu")


@row("LeakyRelu")
def leaky_relu(node: Node, x: Any) -> Any:
    """A LeakyReLU layer."""
    slope = float(node.attribute("alpha"))
    return node.layer(layers.LeakyReLU, x, negative_slope=slope)


@row("Softmax")
def softmax(node: Node, x: Any) -> Any:
    """A Softmax layer over the last axis, as TensorFlow has it; of one number, it is 1."""
    if node.shape[-1] == 1:  # Keras warns of these
        return ops.ones_like(x)
    return node.layer(layers.Softmax, x, axis=-1)


@row("LRN")
def local_response_normalization(node: Node, x: Any) -> Any:
    """Keras has none: the squares of the channels around, summed."""
    radius = int(node.attribute("depth_radius"))
    power, channels = ops.square(x), node.shape[-1]
    around = ops.pad(power, [(0, 0)] * 3 + [(radius, radius)])
    shifted = [around[..., i : i + channels] for i in range(2 * radius + 1)]
    scale = ops.add(
        ops.multiply(reduce(ops.add, shifted), float(node.attribute("alpha"))),
        float(node.attribute("bias")),
    )
    return ops.divide(x, ops.power(scale, float(node.attribute("beta"))))


def _is_computed(x: Any) -> bool:
    return isinstance(x, keras.KerasTensor) and not isinstance(x, np.ndarray)
