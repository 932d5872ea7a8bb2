"""Formats: what stock TensorFlow and Keras load of them, its numbers, its names, its bytes."""

from __future__ import annotations

import json
import subprocess
import sys
import zipfile
from collections import Counter
from pathlib import Path

import keras
import numpy as np
import openvino as ov
import pytest
import tensorflow as tf
from openvino.runtime import opset13 as ops

from converters import flatbuffer, formats
from converters.datasets.interface import Interface
from converters.errors import ZooError
from converters.ir_to_tf.convert import Options, convert
from converters.ir_to_tf.errors import ConversionError, UnsupportedError
from converters.ir_to_tf.formats import FORMATS, path_of, write
from converters.ir_to_tf.formats.frozen import frozen
from converters.ir_to_tf.formats.loaded import load
from converters.ir_to_tf.formats.reading.model import keras_model, needs, read
from converters.ir_to_tf.formats.reading.table import ABSENT, ROWS
from converters.ir_to_tf.reader import graph_of
from converters.jobs import FORMATS as BUILT
from converters.quantize.check import checked
from converters.quantize.promises import PROMISED
from converters.quantize.weights import in_int8
from converters.verify.outside import Outside, opened_outside
from converters.verify.stock import KINDS
from tests.test_ops import CASES, model_of

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]
RNG = np.random.default_rng(5)
CLOSE = 2e-6


def weights(*shape: int) -> np.ndarray:
    return (RNG.normal(size=shape) / np.sqrt(np.prod(shape[1:]))).astype(np.float32)


def named(node, name: str):
    node.set_friendly_name(name)
    node.output(0).set_names({name})
    return node


def conv(x, made: int, size: int = 3, stride: int = 1, rate: int = 1):
    pad = [(size // 2) * rate] * 2
    filters = weights(made, x.get_output_shape(0)[1], size, size)
    y = ops.convolution(x, filters, [stride] * 2, pad, pad, [rate] * 2)
    return ops.add(y, weights(1, made, 1, 1))


def resized(x, height: int, width: int, mode: str, coordinates: str):
    return ops.interpolate(
        x,
        np.array([height, width]),
        mode=mode,
        shape_calculation_mode="sizes",
        coordinate_transformation_mode=coordinates,
        axes=np.array([2, 3]),
    )


def network() -> ov.Model:
    """Two inputs, four outputs, names that formats cannot all have; many kinds of layers."""
    x = named(ops.parameter([1, 3, 16, 12], np.float32), "images:0")
    z = named(ops.parameter([1, 8, 8, 6], np.float32), "a/b")
    y = ops.relu(conv(x, 8))
    y = ops.add(y, ops.sigmoid(conv(y, 8, rate=2)))
    y = ops.prelu(conv(y, 8, stride=2), weights(8))
    y = ops.group_convolution(y, weights(8, 1, 1, 3, 3), [1, 1], [1, 1], [1, 1], [1, 1])
    y = ops.concat([y, ops.swish(z), ops.constant(weights(1, 8, 8, 6))], 1)
    up = resized(y, 16, 12, "linear_onnx", "half_pixel")
    odd = resized(y, 11, 7, "linear_onnx", "align_corners")
    odd = ops.max_pool(odd, [2, 2], [1, 1], [0, 0], [0, 0], [2, 2])
    tall = ops.convolution_backprop_data(
        y, ops.constant(weights(24, 4, 4, 4)), [2, 2], pads_begin=[1, 1], pads_end=[1, 1]
    )
    flat = ops.reshape(ops.reduce_mean(odd.output(0), np.array([2, 3])), np.array([1, 24]), False)
    dense = ops.matmul(flat, ops.constant(weights(24, 5)), False, False)
    outputs = {
        "F.sigmoid(d0)": ops.sigmoid(ops.multiply(up, weights(1, 24, 16, 12))),
        "scores": ops.softmax(ops.add(dense, weights(1, 5)), 1),
        "halves": ops.split(tall, 1, 2).output(1),
        "b/tall": ops.concat([tall, tall], 0),
    }
    ports = {
        name: made if isinstance(made, ov.runtime.Output) else made.output(0)
        for name, made in outputs.items()
    }
    for name, port in ports.items():
        port.set_names({name})
    results = [named(ops.result(port), name) for name, port in ports.items()]
    return ov.Model(results, [x, z])


@pytest.fixture(scope="module")
def converted():
    return convert(graph_of(network()), Options())


@pytest.fixture(scope="module")
def expected(converted):
    given = [RNG.uniform(-1, 1, port.shape).astype(port.dtype) for port in converted.inputs]
    found = converted.function(*map(tf.constant, given))
    return given, [found[port.name].numpy() for port in converted.outputs]


@pytest.fixture
def outside(converted, tmp_path):
    opened = []

    def open_format(kind: str) -> Outside:
        path = tmp_path / kind / formats.FILES[kind]
        write(converted, kind, path)
        opened.append(Outside(kind, tmp_path / kind))
        return opened[-1]

    yield open_format
    for each in opened:
        each.close()


@pytest.mark.slow
@pytest.mark.parametrize("kind", BUILT)
def test_stock_loaders_find_the_same_numbers_and_names(kind, outside, expected, converted):
    given, wanted = expected
    loaded = outside(kind)
    found = loaded(given)
    for made, values in zip(found, wanted, strict=True):
        np.testing.assert_allclose(made, values, atol=CLOSE * np.abs(values).max(), rtol=0)
    plain = kind == "frozen_pb"
    assert loaded.facts["inputs"] == (["images_0", "a/b"] if plain else ["images:0", "a_b"])
    outputs = ["F_sigmoid_d0_", "scores", "halves", "b/tall"]
    layers = ["F.sigmoid(d0)", "scores", "halves", "b_tall"]
    assert loaded.facts["outputs"] == (outputs if plain else layers)
    assert [port.name for port in converted.outputs] == [*layers[:3], "b/tall"]


def test_nothing_of_ours_is_where_files_are_loaded():
    code = "import importlib.util as u, sys; print(u.find_spec('converters'), u.find_spec('keras'))"
    found = subprocess.run([sys.executable, "-I", "-c", code], capture_output=True, text=True)
    ours, theirs = found.stdout.split(" ", 1)
    assert ours == "None" and "keras" in theirs


def test_layers_are_the_standard_ones(converted):
    model = keras_model(converted)
    found = Counter(type(each).__name__ for each in model.operations)
    assert found["Conv2D"] == 3 and found["PReLU"] == 1 and found["DepthwiseConv2D"] == 1
    assert found["Dense"] == found["Conv2DTranspose"] == found["UpSampling2D"] == 1
    by_name = {layer.name: layer for layer in model.layers}
    activations = Counter(
        layer.activation.__name__ for layer in by_name.values() if hasattr(layer, "activation")
    )
    assert activations["relu"] == 1  # in the convolution, as its bias
    assert all(layer.use_bias for layer in model.layers if type(layer).__name__ == "Conv2D")
    assert found["ReLU"] == 0
    assert all(each.__module__.startswith("keras.") for each in map(type, model.operations))


def test_large_constants_are_weights(converted):
    model = keras_model(converted)
    assert len(model.to_json()) < 60_000
    sizes = {weight.shape[-1] for weight in model.weights if "embeddings" in weight.path}
    assert {8 * 8 * 6, 24 * 16 * 12} <= sizes


@pytest.mark.parametrize("kind", [*BUILT, "float32", "float16", "weight_only", "dynamic"])
def test_equal_models_are_equal_bytes(kind, converted, tmp_path):
    keras.layers.Dense(3, name="dense")(keras.Input((2,)))  # names that Keras draws go on
    write(converted, kind, path_of(kind, tmp_path / "one"))
    keras.ops.add(keras.Input((2,)), 1)
    write(converted, kind, path_of(kind, tmp_path / "two"))
    assert content(tmp_path / "one") == content(tmp_path / "two")


def content(folder: Path) -> dict[str, bytes]:
    files = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def test_a_keras_archive_has_no_date(converted, tmp_path):
    write(converted, "keras", tmp_path / "model.keras")
    with zipfile.ZipFile(tmp_path / "model.keras") as archive:
        assert {info.date_time for info in archive.infolist()} == {(1980, 1, 1, 0, 0, 0)}
        assert "1980" in json.loads(archive.read("metadata.json"))["date_saved"]


@pytest.mark.parametrize("kind", FORMATS)
def test_a_file_may_have_any_name(kind, converted, tmp_path):
    write(converted, kind, tmp_path / "other.name")
    assert (tmp_path / "other.name").exists()


def test_an_unknown_format_is_named(converted, tmp_path):
    with pytest.raises(ZooError, match=r"no format 'kerass'\s+remedy: did you mean keras"):
        write(converted, "kerass", tmp_path / "x")


# The stage ----------------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_stage_writes_formats_of_a_saved_model(converted, expected, tmp_path):
    write(converted, "saved_model", tmp_path / "saved_model")
    (tmp_path / "interface.json").write_text(json.dumps(converted.interface()))
    interface = Interface.read(tmp_path / "interface.json")
    emitted = load(tmp_path / "saved_model", interface)
    assert frozen(emitted).inputs == frozen(converted).inputs
    names = {node.name for node in frozen(emitted).graph.node}
    assert not any("PartitionedCall" in name for name in names)
    FORMATS["keras"].write(emitted, tmp_path / "model.keras")
    model = keras.models.load_model(tmp_path / "model.keras")
    given, wanted = expected
    for made, values in zip(model(given), wanted, strict=True):
        np.testing.assert_allclose(made, values, atol=CLOSE * np.abs(values).max(), rtol=0)


def test_every_built_format_is_known_everywhere():
    assert set(BUILT) == set(formats.FILES) == set(KINDS)
    assert set(BUILT) <= set(FORMATS)


def test_what_stock_keras_cannot_load_is_said(tmp_path):
    (tmp_path / "model.keras").write_bytes(b"nonsense")
    with pytest.raises(ZooError, match="stock TensorFlow or Keras cannot load"):
        Outside("keras", tmp_path)


def test_swapped_names_are_said(converted, tmp_path):
    write(converted, "frozen_pb", tmp_path / "frozen_pb" / "model.pb")
    record = converted.interface()
    record["outputs"].reverse()
    (tmp_path / "interface.json").write_text(json.dumps(record))
    with pytest.raises(ZooError, match="names or their order were lost"):
        opened_outside(
            "frozen_pb", tmp_path / "frozen_pb", Interface.read(tmp_path / "interface.json")
        )


# Weights alone ------------------------------------------------------------------------------------


def test_weights_alone_are_int8(tmp_path):
    x = named(ops.parameter([1, 16, 8, 8], np.float32), "x")
    y = ops.relu(conv(x, 32))
    y = ops.group_convolution(y, weights(32, 1, 1, 7, 7), [1, 1], [3, 3], [3, 3], [1, 1])
    y = ops.reshape(ops.reduce_mean(y, np.array([2, 3])), np.array([1, 32]), False)
    y = named(ops.matmul(y, ops.constant(weights(32, 40)), False, False), "y")
    converted = convert(graph_of(ov.Model([ops.result(y)], [x])), Options())
    files = {kind: path_of(kind, tmp_path) for kind in ("float32", "weight_only", "dynamic")}
    for kind, path in files.items():
        write(converted, kind, path)
    small, large = (files[kind].stat().st_size for kind in ("weight_only", "float32"))
    assert small < 0.4 * large
    kinds = flatbuffer.operators(files["weight_only"])
    assert kinds.pop("DEQUANTIZE") == 3 and kinds == flatbuffer.operators(files["float32"])
    (tmp_path / "interface.json").write_text(json.dumps(converted.interface()))
    answer = checked(files["weight_only"], tmp_path / "interface.json", "weight_only", PROMISED)
    assert answer["package"] == "tflite-runtime"
    data = RNG.uniform(-1, 1, (1, 8, 8, 16)).astype(np.float32)
    exact, rounded, coarse = (
        ran(files[kind], data) for kind in ("float32", "weight_only", "dynamic")
    )
    error, beside = (np.abs(each - exact).max() / np.abs(exact).max() for each in (rounded, coarse))
    assert 0 < error < 0.02 and error < 1.5 * beside


def ran(path: Path, data: np.ndarray) -> np.ndarray:
    from ai_edge_litert.interpreter import Interpreter

    call = Interpreter(model_path=str(path), num_threads=1).get_signature_runner()
    return call(x=data)["y"]


def test_small_weights_stay_in_float(converted, tmp_path):
    x = named(ops.parameter([1, 2, 8, 8], np.float32), "x")
    y = named(conv(x, 2), "y")
    tiny = convert(graph_of(ov.Model([ops.result(y)], [x])), Options())
    write(tiny, "float32", tmp_path / "tiny.tflite")
    made = in_int8((tmp_path / "tiny.tflite").read_bytes())
    (tmp_path / "made.tflite").write_bytes(made)
    assert "DEQUANTIZE" not in flatbuffer.operators(tmp_path / "made.tflite")


# Every operation ----------------------------------------------------------------------------------

KNOWN_REASONS = (
    "is computed",
    "are computed",
    "are open",
    "is open",
    "are empty",
    *ABSENT.values(),
)
"""How a refusal ends: what was constant is not, what was static is not, or there is no row."""


@pytest.fixture(scope="module")
def emissions():
    """Every row of the tables, converted as a whole, and frozen."""
    made = []
    for case in CASES:
        if any(getattr(each, "loose", False) for each in case.inputs):
            continue  # of sizes known only at run time: files of Keras have fixed ones
        model, given = model_of(case)
        try:
            converted = convert(graph_of(model), Options())
        except UnsupportedError:
            continue
        made.append((case, converted, frozen(converted), given))
    return made


@pytest.mark.slow
def test_every_operation_has_a_row_or_a_reason(emissions):
    lacking = {}
    for case, _, graph, _ in emissions:
        for kind in needs(graph) - set(ROWS) - set(ABSENT):
            lacking.setdefault(kind, str(case))
    assert lacking == {}


def test_a_sum_repeats_what_it_should():
    shapes = [(2, 1), (1, 2), (2, 2), (1,), (2,)]
    x = named(ops.parameter([2, 2], np.float32), "x")
    y = x
    for number, shape in enumerate(shapes):
        y = ops.add(y, ops.constant(np.float32(RNG.uniform(1, 9, shape))))
        y = ops.add(ops.relu(y), ops.reduce_max(y, np.array([number % 2]), keep_dims=True))
    model = ov.Model([ops.result(named(y, "y"))], [x])
    converted = convert(graph_of(model), Options())
    given = [RNG.uniform(0, 1, (2, 2)).astype(np.float32)]
    compare("sums", converted, keras_model(converted), given)


def test_no_operation_has_both_a_row_and_a_reason():
    assert not set(ROWS) & set(ABSENT)


@pytest.mark.slow
def test_every_row_means_the_same(emissions):
    refused = []
    for case, converted, graph, given in emissions:
        try:
            model = read(graph)
        except ConversionError as error:
            refused.append((str(case), error.cause))
            continue
        again = keras.models.model_from_json(model.to_json())
        again.set_weights(model.get_weights())
        compare(case, converted, again, given)
    for case, cause in refused:
        lines = cause.split("\n  ")[1:] or [cause]
        assert all(line.endswith(KNOWN_REASONS) for line in lines), (case, cause)
    assert len(refused) < 0.15 * len(emissions)


def compare(case, converted, model, given):
    fed = [
        tf.constant(np.ascontiguousarray(data.transpose(port.order)) if data.ndim else data)
        for data, port in zip(given, converted.inputs, strict=True)
    ]
    wanted = converted.function(*fed)
    found = model(fed if len(fed) > 1 else fed[0])
    found = found if isinstance(found, (list, tuple)) else [found]
    for port, made in zip(converted.outputs, found, strict=True):
        values, made = wanted[port.name].numpy(), np.asarray(made)
        assert made.dtype == values.dtype and made.shape == values.shape, case
        if values.dtype.kind != "f":
            assert (made == values).all(), case
            continue
        finite = np.abs(values[np.isfinite(values)])
        scale = max(finite.max(initial=0), 1e-9)
        np.testing.assert_allclose(made, values, rtol=0, atol=CLOSE * scale, err_msg=str(case))


def test_everything_in_the_way_is_named_at_once():
    rows = {str(case): case for case in CASES}
    loop = next(case for name, case in rows.items() if name.startswith("LSTMSequence((2, 40"))
    model, _ = model_of(loop)
    with pytest.raises(ConversionError) as caught:
        keras_model(convert(graph_of(model), Options()))
    told = str(caught.value)
    assert told.startswith("this model cannot be written as Keras: ")
    assert "Enter 'scan/" in told and "TensorListStack 'scan/" in told and "a loop" in told
    assert "saved_model, frozen_pb or TFLite" in told


def test_a_row_that_does_not_apply_says_why():
    x = named(ops.parameter([1, 6, 7, 8], np.float32), "x")
    filters = named(ops.parameter([6, 5, 3, 3], np.float32), "filters")
    outputs = []
    for name in ("first", "second"):
        made = ops.convolution_backprop_data(x, filters, [2, 2])
        outputs.append(ops.result(named(made, name)))
    with pytest.raises(ConversionError) as caught:
        keras_model(convert(graph_of(ov.Model(outputs, [x, filters])), Options()))
    told = caught.value.cause
    assert told.count("its filters are computed") == 2
    assert "Conv2DBackpropInput 'conv2d_transpose_1'" in told
