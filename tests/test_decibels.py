"""The ratio of signal and noise, also where one of both is next to nothing."""

import math

import pytest

from converters.verify.measures import decibels


@pytest.mark.parametrize(
    ("signal", "noise", "expected"),
    [
        (100.0, 1.0, 20.0),
        (1.0, 0.0, math.inf),
        (0.0, 1.0, -math.inf),
        (1e-300, 1e300, -6000.0),  # their quotient is 0
    ],
)
def test_decibels(signal, noise, expected):
    assert decibels(signal, noise) == pytest.approx(expected)
