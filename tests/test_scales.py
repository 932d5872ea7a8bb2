"""Factors per channel behind a convolution: in its filters, where that is the same function."""

from __future__ import annotations

from collections import Counter

import numpy as np
import openvino as ov
import pytest
import tensorflow as tf
from openvino.runtime import opset13 as ops

from converters.ir_to_tf.convert import convert
from converters.ir_to_tf.reader import graph_of
from converters.ir_to_tf.simplify import simplified

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")

CHANNELS = 6
HALF = np.full((1, CHANNELS, 1, 1), 0.5, np.float32)
RISING = np.linspace(0.2, 3, CHANNELS, dtype=np.float32).reshape(1, -1, 1, 1)
TURNING = RISING - 1


def dense(x, chance):
    filters = chance.normal(size=(CHANNELS, 3, 3, 3)).astype(np.float32)
    return ops.convolution(x, ops.constant(filters), [1, 1], [1, 1], [1, 1], [1, 1])


def depthwise(x, chance):
    filters = chance.normal(size=(3, CHANNELS // 3, 1, 3, 3)).astype(np.float32)
    return ops.group_convolution(x, ops.constant(filters), [1, 1], [1, 1], [1, 1], [1, 1])


def slopes(x):
    return ops.prelu(x, ops.constant(np.linspace(-1, 1, CHANNELS, dtype=np.float32)))


def pooled(x):
    return ops.max_pool(ops.relu(x), [2, 2], [1, 1], [0, 0], [0, 0], [2, 2]).output(0)


def relu6(x):
    return ops.clamp(x, 0.0, 6.0)


def same(x):
    return x


def network(act, factors, kind=dense, tapped=False) -> ov.Model:
    """A batch norm behind an activation, as it stands in the IR."""
    chance = np.random.default_rng(3)
    x = ops.parameter([1, 3, 8, 8], np.float32, name="x")
    x.output(0).get_tensor().set_names({"x"})
    bias = chance.normal(size=(1, CHANNELS, 1, 1)).astype(np.float32)
    first = act(ops.add(kind(x, chance), ops.constant(bias)))
    made = ops.add(ops.multiply(first, ops.constant(factors)), ops.constant(bias[:, ::-1].copy()))
    made.output(0).get_tensor().set_names({"y"})
    return ov.Model([made, *([first] if tapped else [])], [x])


def counted(model: ov.Model) -> Counter[str]:
    return Counter(node.type for node in simplified(graph_of(model)).nodes)


def differs(model: ov.Model) -> float:
    """The largest difference from OpenVINO, of the largest value."""
    data = np.random.default_rng(4).normal(size=(1, 3, 8, 8)).astype(np.float32)
    hints = {"INFERENCE_PRECISION_HINT": "f32"}
    wanted = next(iter(ov.Core().compile_model(model, "CPU", hints)([data]).values()))
    made = convert(graph_of(model)).function(x=tf.constant(np.moveaxis(data, 1, -1)))
    found = np.moveaxis(made["y"].numpy(), -1, 1)
    return float(np.abs(found - wanted).max() / np.abs(wanted).max())


@pytest.mark.parametrize("kind", [dense, depthwise])
@pytest.mark.parametrize(
    ("act", "factors"),
    [(ops.relu, RISING), (slopes, RISING), (pooled, HALF), (same, TURNING), (same, HALF)],
)
def test_factors_go_into_filters(act, factors, kind):
    model = network(act, factors, kind)
    assert counted(model)["Multiply"] == 0
    assert differs(model) < 1e-6


@pytest.mark.parametrize(
    ("act", "factors", "tapped"),
    [
        (ops.relu, TURNING, False),  # what was cut off would be let through
        (relu6, RISING, False),
        (ops.relu, RISING, True),  # somebody else reads what is before the product
        (ops.relu, np.linspace(1, 2, 8, dtype=np.float32).reshape(1, 1, 1, 8), False),
    ],
    ids=["negative", "clamped", "read twice", "along another axis"],
)
def test_factors_stay_where_the_function_would_be_another(act, factors, tapped):
    model = network(act, factors, tapped=tapped)
    assert counted(model)["Multiply"] == 1
    assert differs(model) < 1e-6


def test_the_op_that_is_left_has_the_name_of_the_product():
    before = graph_of(network(ops.relu, RISING))
    (product,) = (node for node in before.nodes if node.type == "Multiply")
    after = simplified(before)
    (relu,) = (node for node in after.nodes if node.type == "Relu")
    assert relu.name == product.name and relu.outputs == product.outputs
    (convolution,) = (node for node in after.nodes if node.type == "Convolution")
    assert convolution.name.endswith("/scaled")
    kept = {value.name for node in before.nodes for value in node.outputs}
    other = [value.name for node in after.nodes for value in node.outputs if value.name not in kept]
    assert other == [convolution.outputs[0].name, f"{_summed(before)}/scaled"], (
        "nobody compares them"
    )


def _summed(graph):
    """The name of what the ReLU reads."""
    return next(node.inputs[0].name for node in graph.nodes if node.type == "Relu")
