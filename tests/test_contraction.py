"""Products over named axes, against numpy: OpenVINO's CPU has no diagonals and few ellipses."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from converters.ir_to_tf.ops.contraction import contracted

SIZES = dict(zip("abcde", (2, 3, 4, 1, 5), strict=True))


@some.composite
def equations(draw) -> str:
    """One to three terms of letters, some of them twice; an output of some of their letters."""
    terms = draw(some.lists(some.text("abcde", max_size=4), min_size=1, max_size=3))
    letters = sorted({letter for term in terms for letter in term})
    target = draw(some.permutations(letters))[: draw(some.integers(0, len(letters)))]
    return f"{','.join(terms)}->{''.join(target)}"


def check(equation: str, *shapes: tuple[int, ...]) -> None:
    rng = np.random.default_rng(3)
    tensors = [rng.integers(-3, 4, shape).astype(np.float32) for shape in shapes]
    made = contracted(equation, tensors).numpy()
    np.testing.assert_allclose(made, np.einsum(equation, *tensors), rtol=1e-5)


@settings(max_examples=60, deadline=None)
@given(equations())
def test_any_equation_is_what_numpy_computes(equation):
    terms = equation.partition("->")[0].split(",")
    check(equation, *(tuple(SIZES[letter] for letter in term) for term in terms))


@pytest.mark.parametrize(
    ("equation", "shapes"),
    [
        ("a...b,b...->...a", [(2, 3, 4), (4, 3)]),
        ("b...k,bk...->...b", [(2, 3, 4), (2, 4, 3)]),
        ("...ij,...jk->...ik", [(2, 1, 3, 4), (5, 4, 2)]),
        ("...ii->...i", [(2, 3, 3)]),
    ],
)
def test_axes_behind_dots_are_repeated_as_numpy_does(equation, shapes):
    check(equation, *shapes)


def test_whole_numbers_are_exact():
    x = np.arange(6, dtype=np.int32).reshape(2, 3) + 2**24
    made = contracted("ij,kj->ik", [x, np.ones((1, 3), np.int32)]).numpy()
    np.testing.assert_array_equal(made, x.sum(1, keepdims=True))
