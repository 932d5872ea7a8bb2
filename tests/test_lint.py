"""The lint: each rule on a graph made by hand that has what it warns of, and on one without."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from converters.flatbuffer import Graph, Step, Tensor
from converters.lint.__main__ import lines, overlaps
from converters.lint.ranges import Range
from converters.lint.rules import RELU6, RULES, site

CHANCE = np.random.default_rng(3)


def network(*steps, shapes=None, ranges=None):
    """A site of operators `(type, inputs, output)`: tensors by name, constants given as arrays."""
    tensors: dict[str, Tensor] = {}
    made = []

    def number(each) -> int:
        values = None if isinstance(each, str) else np.asarray(each, np.float32)
        name = each if isinstance(each, str) else f"constant{len(tensors)}"
        shape = (shapes or {}).get(name, (1, 4, 4, 8)) if values is None else values.shape
        tensors.setdefault(name, Tensor(name, shape, "float32", (), (), 0, values))
        return list(tensors).index(name)

    for operator, inputs, output, *fused in steps:
        options = SimpleNamespace(fusedActivationFunction=fused[0] if fused else 0)
        made.append(Step(operator, tuple(map(number, inputs)), (number(output),), options))
    found = {list(tensors).index(name): flow(*values) for name, values in (ranges or {}).items()}
    return site(Graph(tuple(tensors.values()), tuple(made)), found)


def flow(*values) -> Range:
    found = Range()
    found.add(np.array(values, np.float32))
    return found


def convolution(*scales):
    """Weights of which each output channel has its own size."""
    weights = CHANCE.uniform(0.5, 1, (len(scales), 3, 3, 4))
    return weights * np.array(scales).reshape(-1, 1, 1, 1)


BALANCED = convolution(1, 2, 1, 3)
CASES = [
    (
        "padding_before_pool",
        network(("PADV2", ["x", [0], -3e38], "p"), ("MAX_POOL_2D", ["p"], "y")),
        network(("PADV2", ["x", [0], 0.0], "p"), ("MAX_POOL_2D", ["p"], "y")),
    ),
    (
        "curved_activation",
        network(
            ("LOGISTIC", ["x"], "s"), ("MUL", ["x", "s"], "silu"), ranges={"silu": (-0.2, 40.0)}
        ),
        network(("LOGISTIC", ["x"], "s"), ("MUL", ["z", "s"], "y"), ranges={"y": (-0.2, 4.0)}),
    ),
    (
        "curved_activation",
        network(
            ("ADD", ["x", 3.0], "a", RELU6),
            ("MUL", ["a", 1 / 6], "g"),
            ("MUL", ["g", "x"], "swish"),
            ranges={"swish": (-0.3, 5.0)},
        ),
        network(("ADD", ["x", 3.0], "a"), ("MUL", ["a", "x"], "y"), ranges={"y": (-0.3, 5.0)}),
    ),
    (
        "large_range",
        network(("ADD", ["x", "z"], "y"), ranges={"y": (*[0.01] * 999, 100.0)}),
        network(("ADD", ["x", "z"], "y"), ranges={"y": CHANCE.normal(size=999)}),
    ),
    (
        "wide_softmax",
        network(("SOFTMAX", ["x"], "y"), shapes={"x": (1, 1000)}),
        network(("SOFTMAX", ["x"], "y"), shapes={"x": (1, 10)}),
    ),
    (
        "uneven_concat",
        network(("CONCATENATION", ["a", "b"], "y"), ranges={"a": (0.0, 1.0), "b": (-5.0, 50.0)}),
        network(("CONCATENATION", ["a", "b"], "y"), ranges={"a": (0.0, 1.0), "b": (-1.0, 4.0)}),
    ),
    (
        "unbalanced_channels",
        network(("CONV_2D", ["x", convolution(1, 90, 60, 1)], "y")),
        network(("CONV_2D", ["x", BALANCED], "y")),
    ),
    (
        "dead_weights",
        network(("CONV_2D", ["x", convolution(1, 0, 1, 1)], "y")),
        network(("CONV_2D", ["x", BALANCED], "y")),
    ),
    (
        "infinite_weights",
        network(("CONV_2D", ["x", convolution(1, np.inf, 1, 1)], "y")),
        network(("PADV2", ["x", [0], -np.inf], "y")),
    ),
]


def found_in(at) -> list[str]:
    return [each.rule for rule in RULES for each in rule(at)]


@pytest.mark.parametrize(
    ("rule", "bad", "good"), CASES, ids=[f"{c[0]}-{i}" for i, c in enumerate(CASES)]
)
def test_a_rule_warns_of_what_it_is_for_and_of_nothing_else(rule, bad, good):
    assert found_in(bad) == [rule]
    assert found_in(good) == []


def test_every_rule_has_a_case():
    assert {case[0] for case in CASES} == {rule.__name__ for rule in RULES}


def test_a_warning_names_the_operator_with_numbers_and_a_remedy():
    at = CASES[0][1]
    (found,) = (each for rule in RULES for each in rule(at))
    assert (found.operator, found.name) == ("PADV2", "p")
    assert "-3e+38" in found.words and found.remedy


def test_a_depthwise_convolution_has_its_channels_last():
    weights = np.ones((1, 3, 3, 4), np.float32) * [1, 1, 1000, 1000]
    assert found_in(network(("DEPTHWISE_CONV_2D", ["x", weights], "y"))) == ["unbalanced_channels"]


def test_the_best_that_8_bits_allow():
    wave = Range()
    wave.add(np.linspace(-1, 1, 100001, dtype=np.float32))
    assert wave.best_sqnr == pytest.approx(20 * np.log10(255 / 2) + 10 * np.log10(3), abs=0.01)
    assert flow(0.0, 0.0).best_sqnr == np.inf


def test_samples_that_calibrate_and_measure_are_counted():
    counts, found = overlaps({"a", "b"}, {"verification": iter("xy"), "evaluation": iter("abz")})
    assert counts == {"verification": 0, "evaluation": 2}
    (warning,) = found
    assert (warning.rule, warning.name) == ("calibration_overlap", "evaluation")
    (line, last) = lines({"warnings": [warning._asdict()], "ran_on": 4})
    assert line.startswith("warning: calibration_overlap: evaluation: 2 of its samples")
    assert last == "1 warnings, from 4 calibration samples"
