"""What `target: edgetpu` says otherwise: the same numbers, and more operators predicted mapped."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import openvino as ov
import pytest
from openvino.runtime import opset10 as ops

from converters.edgetpu_mapping import Prediction
from converters.edgetpu_mapping.model import graphs
from converters.edgetpu_mapping.predict import of_graphs
from converters.ir_to_tf.convert import Converted, Options, convert, save_saved_model
from converters.ir_to_tf.edgetpu_forms import adapted
from converters.ir_to_tf.pins import apart
from converters.ir_to_tf.reader import graph_of
from converters.ir_to_tf.replacements import kept_apart
from converters.ir_to_tf.surgery import created

SHAPE = (1, 8, 16, 16)
RNG = np.random.default_rng(5)
WEIGHTS = RNG.normal(size=(8, 4, 2, 2)).astype(np.float32)
BIAS = RNG.normal(size=(1, 4, 1, 1)).astype(np.float32)


def resized(x, height: int, width: int):
    sizes, axes = ops.constant([height, width]), ops.constant([2, 3])
    words = {"mode": "linear_onnx", "shape_calculation_mode": "sizes", "nearest_mode": "floor"}
    words |= {"coordinate_transformation_mode": "half_pixel", "antialias": False}
    words |= {"pads_begin": [0] * 4, "pads_end": [0] * 4, "cube_coeff": -0.75}
    return created("Interpolate", [n.output(0) for n in (x, sizes, axes)], words)


def transposed(x, activation: Callable):
    pads = {"pads_begin": [0, 0], "pads_end": [0, 0]}
    return activation(ops.add(ops.convolution_backprop_data(x, WEIGHTS, [2, 2], **pads), BIAS))


def channels(x, count: int):
    filters = RNG.normal(size=(count, 8, 1, 1)).astype(np.float32)
    return ops.convolution(x, filters, [1, 1], [0, 0], [0, 0], [1, 1])


def pooled(x):
    return ops.max_pool(channels(x, 4), [2, 2], [1, 1], [1, 1], [1, 1], [3, 3]).output(0)


def halved(x):
    return ops.max_pool(channels(x, 4), [2, 2], [1, 1], [0, 0], [0, 0], [2, 2]).output(0)


def averaged(x):
    return ops.reduce_mean(x, ops.constant([2, 3]), True)


CASES: dict[str, tuple[Callable, float]] = {
    "hard swish in plain arithmetic": (ops.hswish, 1e-5),
    "GELU by a sigmoid": (lambda x: ops.gelu(x, "tanh"), 1e-5),
    "one pixel copied": (lambda x: ops.relu(resized(averaged(x), 16, 16)), 1e-6),
    "resize in parts": (lambda x: ops.relu(resized(channels(x, 160), 128, 128)), 1e-5),
    "activation apart from a transposed convolution": (lambda x: transposed(x, ops.relu), 1e-5),
    "depth to space by a transposed convolution": (
        lambda x: ops.tanh(ops.depth_to_space(channels(x, 12), "depth_first", 2)),
        1e-6,
    ),
    "activation before a max pool": (lambda x: ops.relu(halved(x)), 1e-6),
    "edge repeated before a max pool": (lambda x: ops.tanh(pooled(x)), 1e-6),
}
"""By form, a network and by how much its numbers may differ."""


def network(make: Callable) -> ov.Model:
    x = ops.parameter(SHAPE, np.float32)
    y = make(x)
    for node, name in ((x, "x"), (y, "y")):
        node.set_friendly_name(name)
        node.output(0).set_names({name})
    return ov.Model([ops.result(y.output(0))], [x])


def targeted(model: ov.Model, target: str) -> tuple[Converted, dict[str, list[str]]]:
    forms = adapted(model) if target == "edgetpu" else {}
    graph = apart(graph_of(model), kept_apart(forms))
    return convert(graph, Options(target=target)), forms


def quantised(converted: Converted) -> bytes:
    import tensorflow as tf

    with tempfile.TemporaryDirectory() as folder:
        save_saved_model(converted, Path(folder))
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: ([sample()] for _ in range(2))
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.int8
        return bytes(converter.convert())


def sample() -> np.ndarray:
    n, c, h, w = SHAPE
    return RNG.normal(size=(n, h, w, c)).astype(np.float32)


def answer(converted: Converted, x: np.ndarray) -> np.ndarray:
    import tensorflow as tf

    (made,) = tf.nest.flatten(converted.function(tf.constant(x)))
    return made.numpy()


def predicted(converted: Converted) -> Prediction:
    return of_graphs(graphs(quantised(converted), "a test"))


@pytest.mark.parametrize("form", CASES)
def test_form_keeps_the_numbers_and_maps_more(form):
    make, tolerance = CASES[form]
    model = network(make)
    (plain, _), (other, forms) = (targeted(model.clone(), t) for t in ("cpu", "edgetpu"))
    assert list(forms) == [form] and len(forms[form]) == 1
    x = sample()
    expected, made = (answer(each, x) for each in (plain, other))
    np.testing.assert_allclose(made, expected, rtol=tolerance, atol=tolerance)
    before, after = predicted(plain), predicted(other)
    assert after.refusal is None and after.share == 1 > before.share


def test_a_cut_at_six_is_kept_apart_too():
    model = network(lambda x: transposed(x, lambda y: ops.clamp(y, 0.0, 6.0)))
    (plain, _), (other, _) = (targeted(model.clone(), t) for t in ("cpu", "edgetpu"))
    x = sample()
    expected, made = (answer(each, x) for each in (plain, other))
    np.testing.assert_allclose(made, expected, rtol=1e-5, atol=1e-5)
    assert expected.max() == 6 and predicted(other).share == 1


def test_gelu_by_erf_differs_by_less_than_a_step_of_8_bits():
    model = network(lambda x: ops.gelu(x, "erf"))
    (plain, _), (other, _) = (targeted(model.clone(), t) for t in ("cpu", "edgetpu"))
    x = np.linspace(-8, 8, sample().size, dtype=np.float32).reshape(sample().shape)
    expected, made = (answer(each, x) for each in (plain, other))
    assert 1e-4 < np.abs(made - expected).max() < 4.8e-4 < 8 / 255 / 60


@pytest.mark.parametrize("mode", ["blocks_first", "depth_first"])
def test_every_channel_finds_its_place(mode):
    model = network(lambda x: ops.depth_to_space(x, mode, 2))
    (plain, _), (other, forms) = (targeted(model.clone(), t) for t in ("cpu", "edgetpu"))
    x = sample()
    np.testing.assert_array_equal(answer(other, x), answer(plain, x))
    assert len(forms) == 1


@pytest.mark.parametrize(
    "make",
    [
        lambda x: ops.relu(x),
        lambda x: resized(x, 32, 32),  # small enough
        lambda x: ops.max_pool(ops.relu(x), [2, 2], [1, 1], [1, 1], [1, 1], [3, 3]),  # zeros do
        lambda x: ops.max_pool(x, [1, 1], [1, 1], [1, 1], [1, 1], [3, 3]),  # SAME
        lambda x: transposed(x, lambda y: ops.clamp(y, -1.0, 1.0)),
    ],
    ids=["relu", "resize", "pool of what is positive", "pool of the same size", "clamp"],
)
def test_what_the_compiler_knows_is_left_as_it_is(make):
    assert adapted(network(make)) == {}
