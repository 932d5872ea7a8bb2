"""Functions said in others are as exact as float32: a few units in the last place, everywhere."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.special
import tensorflow as tf

from converters.ir_to_tf.ops.transcendental import TRANSCENDENTAL

EXACT = {
    "Acos": np.arccos,
    "Acosh": np.arccosh,
    "Asin": np.arcsin,
    "Asinh": np.arcsinh,
    "Atan": np.arctan,
    "Atanh": np.arctanh,
    "Cosh": np.cosh,
    "Erf": scipy.special.erf,
    "Sinh": np.sinh,
    "Tan": np.tan,
}
SIZES = np.logspace(-30, 18, 4001)
REACH = {
    "Acos": np.linspace(0, 1, 4001),
    "Acosh": 1 + np.logspace(-6, 18, 4001),
    "Asin": np.logspace(-30, 0, 4001),
    "Atanh": np.logspace(-30, -1e-6, 4001),
    "Cosh": np.linspace(0, 87, 4001),
    "Sinh": np.concatenate([np.logspace(-30, 0, 2000), np.linspace(1, 87, 2001)]),
    "Tan": np.linspace(0, 1.5, 4001),
}


@pytest.mark.parametrize("name", sorted(TRANSCENDENTAL))
def test_said_in_other_functions_it_is_as_exact(name):
    x = REACH.get(name, SIZES).astype(np.float32)
    x = x if name == "Acosh" else np.concatenate([-x[::-1], x])
    exact = EXACT[name](x.astype(np.float64))
    made = TRANSCENDENTAL[name](tf.constant(x)).numpy().astype(np.float64)
    # exp of large numbers multiplies the error of rounding them.
    units = 60 if name in ("Sinh", "Cosh") else 6
    spacing = np.spacing(np.maximum(np.abs(exact), 1e-30).astype(np.float32)).astype(np.float64)
    assert np.max(np.abs(made - exact) / spacing) <= units


@pytest.mark.parametrize("name", sorted(TRANSCENDENTAL))
def test_outside_of_its_domain_it_is_what_tensorflow_says(name):
    x = tf.constant([np.nan, 0.0, -0.0, 1.0, -1.0, np.inf, -np.inf, -2.0], tf.float32)
    plain = getattr(tf.math, name.lower())(x).numpy()
    made = TRANSCENDENTAL[name](x).numpy()
    np.testing.assert_allclose(made, plain, rtol=1e-5)
