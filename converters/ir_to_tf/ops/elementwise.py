"""Ops that treat every element alike: any layout will do, if all tensors share it."""

from __future__ import annotations

from typing import Any

import numpy as np
import tensorflow as tf

from converters.ir_to_tf.carriers import recast
from converters.ir_to_tf.layout.rules import same_axes
from converters.ir_to_tf.registry import op
from converters.ir_to_tf.site import Site

LARGEST = float(np.finfo(np.float32).max)

SAME_IN_TENSORFLOW = {
    "Add": tf.add,
    "Ceiling": tf.math.ceil,
    "Cos": tf.cos,
    "Equal": tf.equal,
    "Exp": tf.exp,
    "Floor": tf.floor,
    "FloorMod": tf.math.floormod,
    "Greater": tf.greater,
    "GreaterEqual": tf.greater_equal,
    "IsNaN": tf.math.is_nan,
    "IsFinite": lambda x: tf.abs(x) <= LARGEST,
    "Less": tf.less,
    "LessEqual": tf.less_equal,
    "Log": tf.math.log,
    "LogicalAnd": tf.logical_and,
    "LogicalNot": tf.logical_not,
    "LogicalOr": tf.logical_or,
    "LogicalXor": tf.math.logical_xor,
    "Maximum": tf.maximum,
    "Minimum": tf.minimum,
    "Multiply": tf.multiply,
    "Negative": tf.negative,
    "NotEqual": tf.not_equal,
    "Relu": lambda x: tf.nn.relu(x) if x.dtype.is_floating else tf.maximum(x, 0),
    "Select": tf.where,
    "Sigmoid": tf.sigmoid,
    "Sin": tf.sin,
    # As TensorFlow Lite has it, Exp overflows; from 20 on, the result is x.
    "SoftPlus": lambda x: tf.maximum(x, tf.math.log(1.0 + tf.exp(tf.minimum(x, 20.0)))),
    "SoftSign": tf.nn.softsign,
    "Sqrt": tf.sqrt,
    "SquaredDifference": tf.math.squared_difference,
    "Subtract": tf.subtract,
    "Tanh": tf.tanh,
    "HSwish": lambda x: x * tf.nn.relu6(x + 3.0) * (1.0 / 6.0),
    "HSigmoid": lambda x: tf.nn.relu6(x + 3.0) * (1.0 / 6.0),
    "Mish": lambda x: x * tf.tanh(tf.nn.softplus(x)),
}


def _emitter(function: Any) -> Any:
    return lambda _, *inputs: function(*inputs)


for _ir_type, _function in SAME_IN_TENSORFLOW.items():
    op(_ir_type, layout=same_axes)(_emitter(_function))


@op("Abs", layout=same_axes)
def abs_(_: Site, x: Any) -> Any:
    """ABS, which knows no int64."""
    return tf.maximum(x, -x) if x.dtype == tf.int64 else tf.abs(x)


def sign_of(x: Any) -> Any:
    """-1, 0 or 1; SIGN knows no int64."""
    if x.dtype != tf.int64:
        return tf.sign(x)
    one = tf.constant(1, tf.int64)
    return tf.minimum(tf.maximum(x, -one), one)


@op("Sign", layout=same_axes)
def sign(_: Site, x: Any) -> Any:
    """-1, 0 or 1."""
    return sign_of(x)


@op("IsInf", layout=same_axes)
def is_inf(_: Site, x: Any, *, detect_negative: bool, detect_positive: bool) -> Any:
    """Beyond the largest number of either sign: TensorFlow Lite's EQUAL subtracts infinities."""
    if detect_negative and detect_positive:
        return tf.abs(x) > LARGEST
    if detect_positive:
        return x > LARGEST
    return x < -LARGEST if detect_negative else tf.zeros_like(x, tf.bool)


def _whole(*numbers: Any) -> bool:
    return all(tf.as_dtype(number.dtype).is_integer for number in numbers)


def _short(x: Any) -> Any:
    """int64 as int32, in which OpenVINO's CPU computes it."""
    return recast(x, "int32") if tf.as_dtype(x.dtype) == tf.int64 else x


@op(
    "Divide",
    layout=same_axes,
    excused={"m_pythondiv": "OpenVINO's CPU rounds towards 0 whatever it says, as ONNX asks"},
)
def divide(_: Site, x: Any, y: Any) -> Any:
    """DIV; whole numbers are rounded towards 0."""
    return tf.truncatediv(_short(x), _short(y)) if _whole(x, y) else tf.divide(x, y)


@op("Mod", layout=same_axes)
def mod(_: Site, x: Any, y: Any) -> Any:
    """The remainder with the sign of the dividend."""
    x, y = tf.convert_to_tensor(x), tf.convert_to_tensor(y)
    return sign_of(x) * tf.math.floormod(tf.maximum(x, -x), tf.maximum(y, -y))


@op("Power", layout=same_axes)
def power(_: Site, x: Any, exponent: Any) -> Any:
    """Squares and roots have kernels of their own."""
    if _whole(x, exponent):
        return _whole_power(tf.convert_to_tensor(_short(x)), _short(exponent))
    if isinstance(exponent, np.ndarray) and exponent.size == 1:
        known = {2.0: tf.square, 0.5: tf.sqrt, -0.5: tf.math.rsqrt, 1.0: tf.identity}
        function = known.get(float(exponent.item()))
        if function is not None:
            return function(x)
    return tf.pow(x, exponent)


def _whole_power(x: Any, exponent: Any) -> Any:
    """A negative power of a whole number is a fraction, cut to 0; but for 1 and -1."""
    if isinstance(exponent, np.ndarray) and (exponent >= 0).all():
        return tf.pow(x, exponent)
    is_fraction = tf.logical_and(exponent < 0, tf.abs(x) > 1)
    made = tf.pow(x, tf.abs(exponent))
    return tf.where(is_fraction, tf.zeros_like(made), made)


@op("Clamp", layout=same_axes)
def clamp(_: Site, x: Any, *, min: float, max: float) -> Any:
    """The ranges that TensorFlow Lite fuses into other kernels are said as it knows them."""
    if (min, max) == (0.0, 6.0):
        return tf.nn.relu6(x)
    info = np.finfo(np.float32) if x.dtype.is_floating else np.iinfo(x.dtype.as_numpy_dtype)
    low, high = np.clip([min, max], info.min, info.max).astype(x.dtype.as_numpy_dtype)
    if low == 0 and max >= info.max:
        return tf.nn.relu(x)
    x = tf.maximum(x, low) if min > info.min else tf.identity(x)
    return tf.minimum(x, high) if max < info.max else x


def cast_to(x: Any, dtype: Any) -> Any:
    """A CAST, which knows no uint64: its bits are those of an int64."""
    given, wanted = tf.as_dtype(x.dtype), tf.as_dtype(dtype)
    if given == tf.uint64 and wanted != tf.uint64:
        whole = recast(x, "int64")
        made = tf.cast(whole, wanted)
        if wanted.is_floating:
            made = tf.where(whole < 0, made + tf.constant(2.0**64, wanted), made)
        return made
    return recast(x, wanted.name) if wanted == tf.uint64 else tf.cast(x, wanted)


@op("Convert", layout=same_axes)
def convert(_: Site, x: Any, *, destination_type: str) -> Any:
    """Between numbers; anything but 0 is true."""
    from converters.ir_to_tf.reader import DTYPES

    return cast_to(x, DTYPES[destination_type])


@op("ConvertLike", layout=same_axes)
def convert_like(site: Site, x: Any, _like: Any) -> Any:
    """To the type of another tensor."""
    return cast_to(x, site.node.inputs[1].dtype)


@op("Elu", layout=same_axes)
def elu(_: Site, x: Any, *, alpha: float) -> Any:
    """TensorFlow's has alpha 1."""
    if alpha == 1.0:
        return tf.nn.elu(x)
    return tf.nn.relu(x) - alpha * tf.nn.relu(1.0 - tf.exp(tf.minimum(x, 0.0)))


@op("Selu", layout=same_axes)
def selu(_: Site, x: Any, alpha: Any, scale: Any) -> Any:
    """With constants of the model's own."""
    low = np.ravel(alpha)[0] * (tf.exp(tf.minimum(x, 0.0)) - 1.0)
    return np.ravel(scale)[0] * (tf.nn.relu(x) + low)


@op("HardSigmoid", layout=same_axes)
def hard_sigmoid(_: Site, x: Any, alpha: Any, beta: Any) -> Any:
    """A line, cut at 0 and 1."""
    line = x * np.ravel(alpha)[0] + np.ravel(beta)[0]
    return tf.minimum(tf.maximum(line, 0.0), 1.0)


@op("Swish", layout=same_axes)
def swish(_: Site, x: Any, beta: Any = 1.0) -> Any:
    """x sigmoid(beta x)."""
    return x * tf.sigmoid(x if np.all(np.equal(beta, 1)) else x * beta)


@op("Gelu", layout=same_axes)
def gelu(_: Site, x: Any, *, approximation_mode: str) -> Any:
    """By the error function, or approximated by tanh."""
    return tf.nn.gelu(x, approximate=approximation_mode == "tanh")


@op("Round", layout=same_axes)
def round_(_: Site, x: Any, *, mode: str) -> Any:
    """Halves to the even number, or away from zero."""
    if mode == "half_to_even":
        return tf.round(x)
    return tf.sign(x) * tf.floor(tf.abs(x) + 0.5)


@op(
    "FakeQuantize",
    layout=same_axes,
)
def fake_quantize(
    _: Site, x: Any, low: Any, high: Any, out_low: Any, out_high: Any, *, levels: int
) -> Any:
    """Round to some levels between two limits."""
    if isinstance(low, np.ndarray) and isinstance(high, np.ndarray):
        low, high = np.minimum(low, high), np.maximum(low, high)
    clipped = tf.minimum(tf.maximum(x, low), high)
    steps = tf.round((clipped - low) * ((levels - 1) / (high - low)))
    return steps * ((out_high - out_low) / (levels - 1)) + out_low
