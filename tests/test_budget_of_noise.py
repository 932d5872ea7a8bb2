"""The search for the fewest operators in float, on made-up gains: small, exact, and the same."""

from __future__ import annotations

import math

import pytest

from converters.errors import RecipeError
from converters.quantize.budget import MOST_GROUPS, fewest, grouped
from converters.quantize.islands import matching

NAMES = [f"t{i:02}" for i in range(12)]


def additive(noise: dict[str, float]):
    """Every operator in int8 adds its noise; the SQNR of a signal of power 1."""

    def measure(kept: frozenset[str]) -> float:
        left = sum(power for name, power in noise.items() if name not in kept)
        return math.inf if left == 0 else -10 * math.log10(left)

    return measure


def test_the_noisiest_go_first():
    noise = dict.fromkeys(NAMES, 1e-6) | {"t03": 1e-2, "t07": 1e-1}
    found = fewest(additive(noise), NAMES, 40)
    assert found.kept == ("t03", "t07")
    assert found.before < 10 and found.after > 40
    assert fewest(additive(noise), NAMES, 15).kept == ("t07",)
    assert fewest(additive(noise), NAMES, 15) == fewest(additive(noise), NAMES, 15)


def test_nothing_is_kept_where_the_noise_is_low_enough():
    found = fewest(additive(dict.fromkeys(NAMES, 1e-6)), NAMES, 20)
    assert (found.kept, found.tried) == ((), 1)


def test_an_island_at_the_end_is_found_though_no_operator_gains_alone():
    """What comes behind an int8 tensor cannot win back what it lost."""

    def measure(kept: frozenset[str]) -> float:
        tail = 0
        while tail < len(NAMES) and NAMES[-1 - tail] in kept:
            tail += 1
        return 10.0 + (30 if tail >= 4 else 0)

    assert fewest(measure, NAMES, 35).kept == tuple(NAMES[-4:])


def test_no_operator_of_the_answer_can_be_spared():
    chance = [((i * 7919) % 13 + 1) * 1e-4 for i in range(12)]
    noise = dict(zip(NAMES, chance, strict=True))
    measure = additive(noise)
    for wanted in (22, 24, 27, 30):
        kept = frozenset(fewest(measure, NAMES, wanted).kept)
        assert measure(kept) >= wanted
        assert all(measure(kept - {name}) < wanted for name in kept)


def test_too_many_operators_are_measured_in_groups():
    many = [f"t{i}" for i in range(500)]
    assert len(grouped(many)) <= MOST_GROUPS and sum(map(len, grouped(many))) == 500
    noise = dict.fromkeys(many, 1e-9) | {"t250": 1e-2}
    found = fewest(additive(noise), many, 40)
    assert found.kept == ("t250",) and found.tried < 100


KNOWN = [("CONV_2D", "relu;a/add;a/conv"), ("SOFTMAX", "head/prob"), ("CONV_2D", "b")]


@pytest.mark.parametrize(
    ("patterns", "tensors"),
    [
        (["SOFTMAX"], ["head/prob"]),
        (["CONV_*"], ["relu;a/add;a/conv", "b"]),
        (["a/conv"], ["relu;a/add;a/conv"]),
        (["b", "head/*"], ["head/prob", "b"]),
        (["relu;a/add;a/conv"], ["relu;a/add;a/conv"]),
    ],
)
def test_patterns(patterns, tensors):
    assert matching(KNOWN, patterns) == tensors


def test_a_pattern_without_a_match_is_an_error():
    with pytest.raises(RecipeError, match="'SOFTMAXX' fits no operator") as caught:
        matching(KNOWN, ["b", "SOFTMAXX"])
    assert caught.value.remedy == "did you mean SOFTMAX?"
