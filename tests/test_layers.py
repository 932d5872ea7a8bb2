"""Layers: which tensor is whose twin, what is summed, what is drawn, what a refusal says."""

from __future__ import annotations

import io
import math

import numpy as np
import pytest
from PIL import Image

from converters.flatbuffer import Graph, Step, Tensor
from converters.verify import invariants, limits, lost
from converters.verify.curve import picture
from converters.verify.endings import Ending, endings
from converters.verify.layers import Sums, record, table
from converters.verify.pairing import layers_of, twins
from converters.verify.tapped import bounds_of, in_floats


def graph(tensors: str, *steps: tuple[str, str, str], dtype="float32") -> Graph:
    """Tensors `name` or `name:dtype`, in order; steps name them."""
    names = [word.partition(":") for word in tensors.split()]
    made = [Tensor(n, (1, 4), kind or dtype, (), (), 0, None) for n, _, kind in names]
    at = {n: i for i, (n, _, _) in enumerate(names)}
    return Graph(
        tuple(made),
        tuple(
            Step(op, tuple(at[n] for n in read.split()), tuple(at[n] for n in out.split()), None)
            for op, read, out in steps
        ),
    )


FLOAT = graph("x a b y", ("CONV_2D", "x", "a"), ("ADD", "a x", "b"), ("FULLY_CONNECTED", "b", "y"))


def pairs(quantised: Graph) -> dict[str, tuple[str, str]]:
    found = twins(quantised, FLOAT)
    return {
        quantised.tensors[n].name: (FLOAT.tensors[twin.tensor].name, twin.how)
        for n, twin in found.items()
    }


def test_names_crossings_and_places_make_pairs():
    quantised = graph(
        "x:float32 q a c z y:float32",
        ("QUANTIZE", "x", "q"),
        ("CONV_2D", "q", "a"),
        ("ADD", "a q", "c"),
        ("FULLY_CONNECTED", "c", "z"),
        ("DEQUANTIZE", "z", "y"),
        dtype="int8",
    )
    assert pairs(quantised) == {
        "x": ("x", "name"),
        "q": ("x", "crossing"),
        "a": ("a", "name"),
        "c": ("b", "place"),
        "z": ("y", "crossing"),
        "y": ("y", "name"),
    }


def test_what_has_no_like_stays_unpaired():
    quantised = graph(
        "x a odd y",
        ("CONV_2D", "x", "a"),
        ("MUL", "a x", "odd"),
        ("FULLY_CONNECTED", "odd", "y"),
        dtype="int8",
    )
    assert "odd" not in pairs(quantised)
    rows = table(quantised, {}, twins(quantised, FLOAT))
    assert "odd" in record("int8", rows)["unpaired"]


def test_indices_are_no_layers():
    counted = graph("x i:int32 y", ("ARG_MAX", "x", "i"), ("CAST", "i", "y"))
    assert [counted.tensors[each.tensor].name for each in layers_of(counted)] == ["x", "y"]


def test_a_loss_is_told_from_what_came_in_lossy():
    quantised = graph("x a y", ("CONV_2D", "x", "a"), ("RELU", "a", "y"), dtype="int8")
    sums = {0: Sums(1000, 1, 0.1, 0, 1, 0, 4), 1: Sums(100, 10, 1, 0, 1, 1, 4), 2: Sums(100, 10)}
    sums[2].count = 4
    rows = table(quantised, sums, dict(zip(sums, _named(), strict=True)))
    assert [row["sqnr_db"] for row in rows] == [30, 10, 10]
    assert [row["lost_db"] for row in rows] == [None, 20, 0]
    assert rows[1]["clipped"] == 0.25
    data = record("int8", rows)
    assert data["worst"][0]["name"] == "a" and data["losses"][0]["name"] == "a"
    assert data["paired"] == {"of": 3, "name": 3, "crossing": 0, "place": 0}


def _named():
    from converters.verify.pairing import Twin

    return (Twin(n, "name") for n in range(3))


def test_sums_count_what_is_clipped():
    sums = Sums()
    sums.add(np.array([0.9, 0.5]), np.array([1.5, 0.5], np.float32), (-1.0, 0.9))
    assert (sums.clipped, sums.count) == (1, 2) and sums.max_abs == pytest.approx(0.6)


def test_stored_numbers_as_floats():
    one = Tensor("t", (2,), "int8", (0.5,), (-1,), 0, None)
    assert in_floats(np.array([1, -1], np.int8), one).tolist() == [1.0, 0.0]
    assert bounds_of(one) == (-63.5, 64.0)
    several = Tensor("w", (2, 2), "int8", (0.5, 2.0), (0, 0), 0, None)
    assert in_floats(np.array([[1, 2], [1, 2]], np.int8), several).tolist() == [[0.5, 1], [2, 4]]


def rows_for_a_picture(count=40):
    wave = [30 - 20 * math.exp(-((i - 25) ** 2) / 4) for i in range(count)]
    return [
        {"number": i, "operator": "CONV_2D", "name": f"n{i}", "pair": "name"}
        | ({"sqnr_db": value, "lost_db": max(0.0, 30 - value)} if i != 7 else {"pair": None})
        for i, value in enumerate(wave)
    ]


def test_equal_tables_give_equal_pictures():
    first, again = picture(rows_for_a_picture(), "a"), picture(rows_for_a_picture(), "a")
    assert first == again != picture(rows_for_a_picture()[:-1], "a")
    with Image.open(io.BytesIO(first)) as image:
        assert image.width >= 600 and image.height >= 400


def test_a_picture_of_nothing_is_drawn_too():
    assert picture([{"number": 0, "operator": "INPUT", "name": "x", "pair": None}], "a")


# What a refusal says ------------------------------------------------------------------------------


def test_advice_names_the_worst_layer_and_what_to_try():
    row = {"number": 1, "operator": "CONV_2D", "name": "a", "sqnr_db": 3.0, "lost_db": 20.0}
    layers = {"worst": [row], "losses": [row], "layers": [{}, {**row, "clipped": 0.2}]}
    warning = {"rule": "unbalanced_channels", "name": "b", "remedy": "equalise"}
    words = lost.advice(layers, {"warnings": [warning]})
    assert "the worst layer is 1 CONV_2D a with 3.0 dB" in words
    assert "equalise: true" in words and "unbalanced channels in b" in words
    assert "more calibration samples (20.0% of its values were clipped)" in words
    assert 'quantize: {keep_float: {names: ["a"]}}' in words
    assert lost.advice(None, None) == ""


# Invariants ---------------------------------------------------------------------------------------

SOURCE = np.array([[[0.7, 0.2, 0.1]], [[0.1, 0.1, 0.8]]])
STEP = 1 / 256


@pytest.mark.parametrize(
    ("own", "ending", "semantics", "broken"),
    [
        (SOURCE + STEP / 2, "SOFTMAX", "", set()),
        (SOURCE * 0.9, "SOFTMAX", "", {"sum_error"}),
        (SOURCE * 0.9, "", "probabilities", {"sum_error"}),
        (SOURCE * 0.9, "CONV_2D", "scores", set()),
        (SOURCE + np.array([0.4, 0, -0.4]), "LOGISTIC", "", {"outside_unit"}),
        (SOURCE * 0.5, "LOGISTIC", "", set()),
    ],
)
def test_probabilities_stay_probabilities(own, ending, semantics, broken):
    told = (Ending(ending, STEP), semantics)
    checks = invariants.checks("y", (own, SOURCE), told, {})
    assert {check.measure for check in checks if not check.is_held} == broken
    if broken:
        assert limits.refusal("int8", checks).remedy


def test_a_recipe_may_set_the_bound():
    told = (Ending("SOFTMAX", STEP), "")
    checks = invariants.checks("y", (SOURCE * 0.9, SOURCE), told, {"sum_error": 0.2})
    assert all(check.is_held for check in checks) and checks[0].bound == 0.2


def test_what_the_source_does_not_obey_is_not_asked():
    told = (Ending("SOFTMAX", STEP), "")
    assert invariants.checks("y", (SOURCE, SOURCE * 3), told, {}) == []


def test_an_output_ends_in_the_operator_behind_what_passes_on():
    quantised = graph(
        "x s r y:float32", ("SOFTMAX", "x", "s"), ("RESHAPE", "s", "r"), ("DEQUANTIZE", "r", "y")
    )
    tensors = [t._replace(scales=(STEP,)) if t.name in "sr" else t for t in quantised.tensors]
    found = endings(Graph(tuple(tensors), quantised.steps), {"y": 3})
    assert found == {"y": Ending("SOFTMAX", STEP)}
