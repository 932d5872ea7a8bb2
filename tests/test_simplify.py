"""simplify: fewer nodes, equal values, equal bytes; what onnxsim does not survive is an error."""

import json
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from variants import variant

from converters import simplify
from converters.errors import LimitError, ZooError
from converters.export import graph
from converters.recipes.recipe import Input

IMAGE = Input("x", (1, 2, 6, 6), "NCHW", preprocess=({"resize": [6, 6]}, {"scale": 255}))


def foldable(opset: int = 17, factor: float = 2.0) -> bytes:
    """A Conv with a BatchNormalization to fuse, and a resize whose sizes are computed."""
    value = helper.make_tensor_value_info
    numbers = np.random.default_rng(0)
    weights = {
        "w": numbers.normal(size=(4, 2, 3, 3)).astype(np.float32) * np.float32(factor),
        "scale": np.ones(4, np.float32) * 2,
        "bias": np.ones(4, np.float32),
        "mean": np.zeros(4, np.float32),
        "var": np.ones(4, np.float32),
        "two": np.array([2, 2], np.int64),
        "start": np.array([2]),
        "stop": np.array([4]),
        "none": np.zeros(0, np.float32),
    }
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], pads=[1, 1, 1, 1]),
        helper.make_node("BatchNormalization", ["c", "scale", "bias", "mean", "var"], ["b"]),
        helper.make_node("Shape", ["b"], ["s"]),
        helper.make_node("Slice", ["s", "start", "stop"], ["hw"]),
        helper.make_node("Mul", ["hw", "two"], ["hw2"]),
        helper.make_node("Slice", ["s", "zero", "start"], ["nc"]),
        helper.make_node("Concat", ["nc", "hw2"], ["sizes"], axis=0),
        helper.make_node("Resize", ["b", "none", "none", "sizes"], ["y"], mode="nearest"),
    ]
    weights["zero"] = np.array([0])
    made = helper.make_graph(
        nodes,
        "g",
        [value("x", TensorProto.FLOAT, IMAGE.shape)],
        [value("y", TensorProto.FLOAT, (1, 4, 12, 12))],
        [numpy_helper.from_array(array, name) for name, array in weights.items()],
    )
    model = helper.make_model(made, opset_imports=[helper.make_opsetid("", opset)], ir_version=8)
    return graph.serialised(onnx.shape_inference.infer_shapes(model))


# opset 11: onnxsim 0.8.1 fails on folded constants there unless ONNX Runtime is installed
@pytest.mark.parametrize("opset", [11, 13, 17])
def test_the_fixed_point_is_smaller_equal_and_the_same_in_every_run(opset):
    before = foldable(opset)
    after, rounds = simplify.simplified(before)
    assert graph.operators(onnx.load_from_string(after)) == {"Conv": 1, "Resize": 1}
    assert 2 <= rounds <= simplify.ROUNDS
    assert simplify.check_equal(before, after, [IMAGE], 3) < 1e-5


def test_two_runs_give_equal_bytes():
    after = simplify.simplified(foldable())
    assert simplify.simplified(foldable()) == after


def test_a_different_graph_is_refused_by_its_output():
    with pytest.raises(LimitError, match="output y: differs by") as caught:
        simplify.check_equal(foldable(), foldable(factor=2.01), [IMAGE], 1)
    assert "simplify.skip" in caught.value.remedy


def test_a_graph_that_does_not_run_says_so():
    with pytest.raises(ZooError, match="ONNX Runtime cannot run") as caught:
        simplify.check_equal(foldable(), foldable(), [Input("x", (1, 3, 6, 6))], 1)
    assert "inputs[].shape" in caught.value.remedy


def test_a_process_that_dies_becomes_an_error():
    with pytest.raises(ZooError, match=r"onnxsim: fails \(exit code") as caught:
        simplify.simplified(b"no model")
    assert "simplify.skip" in caught.value.remedy


def test_the_stage_writes_facts_of_both_graphs(tmp_path: Path, monkeypatch):
    (tmp_path / "source.onnx").write_bytes(foldable())
    chosen = variant({"framework": "onnx"}, [IMAGE], simplify={"check": 2})
    facts = run_stage(tmp_path, chosen, monkeypatch)
    assert facts["before"]["nodes"] == 8 and facts["after"]["nodes"] == 2
    assert facts["before"]["operators"]["BatchNormalization"] == 1
    assert facts["after"]["bytes"] == (tmp_path / "out.onnx").stat().st_size
    assert facts["checked"]["samples"] == 2
    assert set(facts["versions"]) == {"onnx", "onnxruntime", "onnxsim"}


def test_the_recipe_may_skip_it(tmp_path: Path, monkeypatch):
    (tmp_path / "source.onnx").write_bytes(foldable())
    chosen = variant({"framework": "onnx"}, [IMAGE], simplify={"skip": True})
    assert run_stage(tmp_path, chosen, monkeypatch)["skipped"] is True
    assert (tmp_path / "out.onnx").read_bytes() == foldable()


def run_stage(folder: Path, chosen, monkeypatch) -> dict:
    monkeypatch.setattr(simplify, "load_variant", lambda *_: chosen)
    monkeypatch.chdir(folder)
    options = ["--onnx", "source.onnx", "--out", "out.onnx", "--facts", "facts.json"]
    argv = ["tiny", "test", *options]
    done = simplify.stage.main("simplify", "", simplify.add_arguments, simplify.run, argv)
    assert done == 0
    return json.loads((folder / "facts.json").read_text())


RANGES = {
    "nothing said": ((), (-1, 1)),
    "picture": (({"resize": [2, 2]},), (0, 255)),
    "unit": (({"scale": 255},), (0, 1)),
    "own maximum": (({"scale": "image_max"},), (0, 1)),
    "centred": (({"scale": 127.5}, {"add": -1}), (-1, 1)),
    "normalised": (({"scale": 255}, {"mean": [0.5, 0.25]}, {"std": [0.5, 0.25]}), (-2, 3)),
    "turned": (({"multiply": -1},), (-255, 0)),
}


@pytest.mark.parametrize("case", RANGES)
def test_random_inputs_lie_where_the_preprocessing_puts_pictures(case):
    preprocess, expected = RANGES[case]
    assert simplify.value_range(Input("x", (1,), preprocess=preprocess)) == expected


def test_random_inputs_have_the_declared_types_and_are_the_same_in_every_run():
    inputs = [Input("a", (2, 3)), Input("b", (4,), dtype="int64"), Input("c", (4,), dtype="bool")]
    first, again = (list(simplify.random_feeds(inputs, 2)) for _ in range(2))
    assert [value.dtype.name for value in first[0].values()] == ["float32", "int64", "bool"]
    for one, other in zip(first, again, strict=True):
        assert all(np.array_equal(one[name], other[name]) for name in one)
    assert not np.array_equal(first[0]["a"], first[1]["a"])


DIFFERENCES = {
    "equal": ([1.0, np.nan, np.inf], [1.0, np.nan, np.inf], 0.0),
    "relative to the largest": ([100.0, 1.0], [100.0, 2.0], 0.01),
    "a new NaN": ([1.0, 1.0], [1.0, np.nan], np.inf),
    "another shape": ([1.0], [1.0, 1.0], np.inf),
    "integers": (np.array([1]), np.array([2]), np.inf),
}


@pytest.mark.parametrize("case", DIFFERENCES)
def test_differences_are_measured_against_the_largest_value(case):
    wanted, found, expected = DIFFERENCES[case]
    measured = simplify.normalised_difference(np.asarray(wanted), np.asarray(found))
    assert measured == pytest.approx(expected)
