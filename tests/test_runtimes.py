"""Runtimes: what each knows, the same numbers in each, and what is said where a promise breaks."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

from converters import flatbuffer
from converters.aligned import packed
from converters.edgetpu_mapping.versions import HIGHEST
from converters.errors import RecipeError
from converters.plan import Plan
from converters.quantize import runtimes
from converters.quantize.kinds import KINDS
from converters.quantize.promises import PROMISED, RUNTIMES, promised
from converters.verify import runners
from converters.verify.runners import INTERPRETERS

FLOAT = KINDS["float32"]


def model(name: str, options: str = "", version: int = 1, weights: float = 0.5) -> bytes:
    """x[1,4] -> y[1,4] by one operator: an element-wise one, or FULLY_CONNECTED."""
    from ai_edge_litert import schema_py_generated as schema

    made, graph, code = schema.ModelT(), schema.SubGraphT(), schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = getattr(schema.BuiltinOperator, name)
    code.version = version
    data = np.full(16, weights, np.float32) + np.arange(16, dtype=np.float32)
    kept = schema.BufferT()
    kept.data = np.frombuffer(data.tobytes(), np.uint8)
    made.buffers = [schema.BufferT(), kept]
    graph.tensors = []
    for label, shape, buffer in (("x", [1, 4], 0), ("y", [1, 4], 0), ("w", [4, 4], 1)):
        tensor = schema.TensorT()
        tensor.name, tensor.shape, tensor.buffer = label, shape, buffer
        tensor.type = schema.TensorType.FLOAT32
        graph.tensors.append(tensor)
    operator = schema.OperatorT()
    is_dense = name == "FULLY_CONNECTED"
    operator.inputs, operator.outputs = [0, 2] if is_dense else [0], [1]
    if is_dense:
        operator.builtinOptionsType = schema.BuiltinOptions.FullyConnectedOptions
        operator.builtinOptions = schema.FullyConnectedOptionsT()
    graph.inputs, graph.outputs, graph.operators = [0], [1], [operator]
    made.version, made.subgraphs, made.operatorCodes = 3, [graph], [code]
    signature = schema.SignatureDefT()
    signature.signatureKey, signature.subgraphIndex = "serving_default", 0
    signature.inputs, signature.outputs = [_named(schema, "x", 0)], [_named(schema, "y", 1)]
    made.signatureDefs = [signature]
    return packed(made)


def _named(schema, name: str, number: int):
    entry = schema.TensorMapT()
    entry.name, entry.tensorIndex = name, number
    return entry


def written(tmp_path: Path, *arguments, **words) -> Path:
    path = tmp_path / "model.tflite"
    path.write_bytes(model(*arguments, **words))
    return path


@pytest.mark.apart
def test_the_table_is_what_the_runtimes_say():
    for runtime in ("tflite-runtime", "ai-edge-litert"):
        known = runtimes.known_versions(runtime)
        for name in ("ADD", "CONV_2D", "FULLY_CONNECTED", "SQRT", "TRANSPOSE_CONV", "DILATE"):
            assert runtimes._highest(INTERPRETERS[runtime](), name) == known.get(name, 0), name
    old, new = map(runtimes.known_versions, PROMISED)
    assert (old["SQRT"], new["SQRT"]) == (1, 2)
    assert old["FULLY_CONNECTED"] < 12 <= new["FULLY_CONNECTED"]
    assert runtimes.known_versions("edgetpu")["CONV_2D"] == HIGHEST["CONV_2D"]
    assert "GELU" not in runtimes.known_versions("edgetpu")


@pytest.mark.apart
def test_a_sound_file_is_the_same_everywhere(tmp_path):
    found = runtimes.compared(written(tmp_path, "FULLY_CONNECTED"), FLOAT, RUNTIMES)
    assert list(found) == list(PROMISED)  # the Edge TPU takes no floats
    assert all(each["ok"] and each["max_difference"] <= 1e-6 for each in found.values())
    assert found["tflite-runtime"]["version"] == "2.14.0"
    assert runtimes.broken(tmp_path / "model.tflite", FLOAT, found) is None


def test_what_a_runtime_lacks_is_named_with_its_version(tmp_path):
    path = written(tmp_path, "SQRT", version=2)
    found = runtimes.compared(path, FLOAT, PROMISED)
    assert [each["ok"] for each in found.values()] == [False, True]
    error = runtimes.broken(path, FLOAT, found)
    assert "tflite-runtime 2.14.0 refuses" in error.cause
    assert "'SQRT' version '2'" in error.cause and "`runtimes` in config.yaml" in error.remedy
    assert runtimes.broken(path, FLOAT, runtimes.compared(path, FLOAT, PROMISED[1:])) is None


def test_a_runtime_that_is_not_here_is_asked_by_its_table(tmp_path, monkeypatch):
    path = written(tmp_path, "SQRT", version=2)
    monkeypatch.setattr(runtimes, "versions", lambda name: {})
    found = runtimes.compared(path, FLOAT, PROMISED)
    assert [each["version"] for each in found.values()] == ["not installed"] * 2
    assert "knows no such" in found["tflite-runtime"]["refusal"] and found["ai-edge-litert"]["ok"]


def test_the_edge_tpu_is_asked_by_versions_alone(tmp_path):
    kind = KINDS["full_int8"]
    good = runtimes.compared(written(tmp_path, "EXP"), kind, ["edgetpu"])
    assert good == {"edgetpu": {"version": "16", "max_difference": None, "noise": None, "ok": True}}
    path = written(tmp_path, "EXP", version=2)
    error = runtimes.broken(path, kind, runtimes.compared(path, kind, ["edgetpu"]))
    assert "edgetpu 16 refuses the file" in error.cause and "'EXP' version '2'" in error.cause


@pytest.mark.apart
def test_other_numbers_are_an_error_that_names_the_operator(tmp_path, monkeypatch):
    """A runtime that misreads a file is played by one that is given another file."""
    path = written(tmp_path, "FULLY_CONNECTED")
    other = tmp_path / "other.tflite"
    other.write_bytes(model("FULLY_CONNECTED", weights=9.0))
    true = INTERPRETERS["tflite-runtime"]()

    class Misreading(true):
        def __init__(self, model_path=None, **words):
            instead = {"model_path": str(other)} if model_path else runners.tapping(true, other)
            super().__init__(**words | instead)

    Misreading.__module__ = true.__module__
    monkeypatch.setitem(INTERPRETERS, "tflite-runtime", lambda: Misreading)
    found = runtimes.compared(path, FLOAT, PROMISED)
    assert not any(each["ok"] for each in found.values())
    cause = runtimes.broken(path, FLOAT, found).cause
    assert "FULLY_CONNECTED version 1 is the first operator that differs" in cause
    assert "at most 0.0001 may be" in cause


def test_given_samples_are_what_is_compared(tmp_path):
    path = written(tmp_path, "FULLY_CONNECTED")
    x = np.arange(4, dtype=np.float32)[None]
    answer = runtimes.answered(path, "ai-edge-litert", [{"x": x}, {"x": 2 * x}])
    assert len(answer.outputs) == 2
    assert np.allclose(answer.outputs[1]["y"], 2 * answer.outputs[0]["y"])


@pytest.mark.parametrize(
    ("first", "second", "noise"),
    [([1, 2], [1, 2], 0), ([0, 0], [3, 4], 1), ([np.nan], [np.nan], 0), ([np.nan], [1], np.inf)],
)
def test_the_measure(first, second, noise):
    one, other = ([{"y": np.array(each, np.float64)}] for each in (first, second))
    assert runtimes._apart(one, other, runtimes._noise) == noise
    assert runtimes._apart(one, [{"y": np.zeros(7)}], runtimes._noise) == np.inf


def test_files_that_name_one_operator_are_read_back(tmp_path):
    path = tmp_path / "one.tflite"
    path.write_bytes(flatbuffer.naming("SQRT", 2))
    assert flatbuffer.versions(path) == {"SQRT": 2}


def test_the_configuration_names_runtimes_that_there_are(tmp_path):
    assert promised("edgetpu") == ["edgetpu"] and promised(None) == []
    with pytest.raises(RecipeError, match="no runtime tflite-runtme") as caught:
        Plan.load({"models": tmp_path, "runtimes": ["tflite-runtme"]})
    assert "did you mean tflite-runtime?" in str(caught.value)
    assert set(INTERPRETERS) < set(RUNTIMES)
    assert set(json.loads(runtimes.TABLE.read_text())) == set(INTERPRETERS)
