"""Functions that TensorFlow Lite has no kernel for, said in those it has, exact to float32.

Where a sum would lose the small numbers, the loss is measured by undoing it, and made good.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import tensorflow as tf

from converters.ir_to_tf.layout.rules import same_axes
from converters.ir_to_tf.registry import op

LARGE = 1e9
"""From here on, 1 is nothing beside a square."""


def log_of_one_more(x: Any) -> Any:
    """log(1 + x), for small x too."""
    whole = x + 1.0
    lost = whole - 1.0
    is_lost = tf.equal(lost, 0.0)
    near = tf.math.log(whole) * x / tf.where(is_lost, tf.ones_like(x), lost)
    far = tf.math.log(whole)
    return tf.where(x < LARGE, tf.where(is_lost, x, near), far)


def exp_less_one(x: Any) -> Any:
    """exp(x) - 1, for x of at most some dozens, small ones included."""
    whole = tf.exp(x)
    lost = tf.math.log(whole)
    is_lost = tf.equal(lost, 0.0)
    return tf.where(is_lost, x, (whole - 1.0) * x / tf.where(is_lost, tf.ones_like(x), lost))


def _cathetus(x: Any) -> Any:
    return tf.sqrt((1.0 - x) * (1.0 + x))


def acos(x: Any) -> Any:
    """The angle of a point on the unit circle."""
    return tf.atan2(_cathetus(x), x)


def asin(x: Any) -> Any:
    """The angle beside that one."""
    return tf.atan2(x, _cathetus(x))


def atan(x: Any) -> Any:
    """ATAN2, of a slope."""
    return tf.atan2(x, tf.ones_like(x))


def asinh(x: Any) -> Any:
    """log(x + sqrt(x x + 1)), of either sign."""
    size = tf.abs(x)
    small = tf.minimum(size, LARGE)
    square = small * small
    near = log_of_one_more(small + square / (1.0 + tf.sqrt(1.0 + square)))
    far = tf.math.log(tf.maximum(size, 1.0)) + np.float32(np.log(2))
    return tf.sign(x) * tf.where(size < LARGE, near, far)


def acosh(x: Any) -> Any:
    """log(x + sqrt(x x - 1))."""
    more = tf.minimum(x, LARGE) - 1.0
    near = log_of_one_more(more + tf.sqrt(more * (more + 2.0)))
    far = tf.math.log(tf.maximum(x, 1.0)) + np.float32(np.log(2))
    return tf.where(x < LARGE, near, far)


def atanh(x: Any) -> Any:
    """Half of log((1 + x) / (1 - x)), of either sign."""
    size = tf.abs(x)
    return tf.sign(x) * 0.5 * log_of_one_more(2.0 * size / (1.0 - size))


def sinh(x: Any) -> Any:
    """Half of exp(x) - exp(-x)."""
    size = tf.abs(x)
    small = exp_less_one(tf.minimum(size, 1.0))
    near = tf.sign(x) * 0.5 * (small + small / (small + 1.0))
    return tf.where(size < 1.0, near, 0.5 * tf.exp(x) - 0.5 * tf.exp(-x))


def cosh(x: Any) -> Any:
    """Half of exp(x) + exp(-x)."""
    return 0.5 * tf.exp(x) + 0.5 * tf.exp(-x)


def tan(x: Any) -> Any:
    """The quotient of sine and cosine."""
    return tf.sin(x) / tf.cos(x)


# erf(x) / x as a quotient of polynomials in x x, fitted here: 2e-8 off up to the limit.
# fmt: off
ERF_ABOVE = (
    2.0502509984500807e-06, 0.00028486956296188326, 0.003764899666770327,
    0.05274649306146208, 0.19038932037247083, 1.1283791463565966,
)
ERF_BELOW = (
    3.809274107160829e-05, 0.0011623678021791643, 0.014967767967870376,
    0.11410206013489572, 0.5020608858210787, 1.0,
)
# fmt: on
ERF_LIMIT = 3.92
"""Beyond it, float32 knows no difference from 1."""


def _polynomial(x: Any, factors: tuple[float, ...]) -> Any:
    made = x * factors[0] + factors[1]
    for factor in factors[2:]:
        made = made * x + factor
    return made


def erf(x: Any) -> Any:
    """The error function."""
    inner = tf.minimum(tf.maximum(x, -ERF_LIMIT), ERF_LIMIT)
    square = inner * inner
    return inner * _polynomial(square, ERF_ABOVE) / _polynomial(square, ERF_BELOW)


TRANSCENDENTAL: dict[str, Callable[[Any], Any]] = {
    "Acos": acos,
    "Acosh": acosh,
    "Asin": asin,
    "Asinh": asinh,
    "Atan": atan,
    "Atanh": atanh,
    "Cosh": cosh,
    "Erf": erf,
    "Sinh": sinh,
    "Tan": tan,
}


def _emitter(function: Callable[[Any], Any]) -> Any:
    return lambda _, x: function(x)


for _ir_type, _function in TRANSCENDENTAL.items():
    op(_ir_type, layout=same_axes)(_emitter(_function))
