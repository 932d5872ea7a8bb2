"""Operations that treat every element alike, and activations."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce
from typing import Any

import keras
import numpy as np
from keras import layers, ops

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


MERGING = {
    "AddV2": (layers.Add, ops.add),
    "Sub": (layers.Subtract, ops.subtract),
    "Mul": (layers.Multiply, ops.multiply),
    "Maximum": (layers.Maximum, ops.maximum),
    "Minimum": (layers.Minimum, ops.minimum),
}
"""Layers that merge two tensors of one shape, and functions for all others."""


@row(*MERGING)
def merged(node: Node, x: Any, y: Any) -> Any:
    """A layer where both are computed and alike, so that nothing is broadcast."""
    layer, function = MERGING[node.op.type]
    alike = _is_computed(x) and _is_computed(y) and tuple(x.shape) == tuple(y.shape)
    if alike and x is not y and len(x.shape) > 1:
        return node.layer(layer, x, y)
    return function(node.operand(0), node.operand(1))


@row("AddN")
def add_n(node: Node, *inputs: Any) -> Any:
    """A sum of several."""
    return reduce(ops.add, [node.operand(port) for port in range(len(inputs))])


@row("BiasAdd")
def bias_add(node: Node, *_: Any) -> Any:
    """A bias that no layer took in."""
    return ops.add(node.operand(0), node.operand(1))


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
