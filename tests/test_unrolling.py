"""Loops and branches become plain graphs, which compute what OpenVINO computes."""

from __future__ import annotations

import numpy as np
import openvino as ov
import pytest
import tensorflow as tf
from openvino.runtime import opset13 as ops

from converters.ir_to_tf.convert import convert
from converters.ir_to_tf.errors import ConversionError
from converters.ir_to_tf.reader import graph_of
from converters.ir_to_tf.signature import keywords

RNG = np.random.default_rng(5)


def parameter(*shape: int, dtype=np.float32):
    return ops.parameter(shape, dtype)


def outcome(model: ov.Model, *data: np.ndarray):
    """What OpenVINO and the converted model make of the same data."""
    hints = {"INFERENCE_PRECISION_HINT": "f32"}
    wanted = list(ov.Core().compile_model(model, "CPU", hints)(list(data)).values())
    converted = convert(graph_of(model))
    pairs = zip(keywords(converted.inputs), converted.inputs, data, strict=True)
    words = {word: tf.constant(d.transpose(port.order)) for word, port, d in pairs}
    made = converted.function(**words)
    for port, expected in zip(converted.outputs, wanted, strict=True):
        got = np.transpose(made[port.name].numpy(), np.argsort(port.order))
        np.testing.assert_allclose(got, expected, atol=1e-5)
    return converted


def running_sum(step: int, count: int = 3) -> ov.Model:
    """state' = state + 2 x[t]: x is read, and the states are written, in steps along time."""
    now, state = parameter(2, 1, 4), parameter(2, 1, 4)
    total = ops.add(state, ops.multiply(now, np.float32(2)))
    body = ov.Model([ops.result(total)], [now, state], "body")
    x, first = parameter(2, count, 4), parameter(2, 1, 4)
    loop = ops.tensor_iterator()
    loop.set_body(body)
    start, end = (0, -1) if step > 0 else (-1, 0)
    loop.set_sliced_input(now, x.output(0), start, step, 1, end, 1)
    loop.set_merged_input(state, first.output(0), total.output(0))
    last = loop.get_iter_value(total.output(0), -1)
    every = loop.get_concatenated_slices(total.output(0), start, step, 1, end, 1)
    return ov.Model([ops.result(last), ops.result(every)], [x, first])


@pytest.mark.parametrize("step", [1, -1])
def test_a_tensor_iterator_is_a_body_per_iteration(step):
    x, first = (RNG.normal(size=shape).astype(np.float32) for shape in ((2, 3, 4), (2, 1, 4)))
    converted = outcome(running_sum(step), x, first)
    kinds = [node.type for node in converted.plan.graph.nodes]
    assert kinds.count("Add") == 3 and "TensorIterator" not in kinds


def branching(condition, x) -> ov.runtime.Node:
    given, other = parameter(2, 3), parameter(2, 3)
    then = ov.Model([ops.result(ops.relu(given))], [given])
    otherwise = ov.Model([ops.result(ops.negative(other))], [other])
    branch = ops.if_op(condition)
    branch.set_then_body(then)
    branch.set_else_body(otherwise)
    branch.set_input(x.output(0), given, other)
    branch.set_output(then.results[0], otherwise.results[0])
    return branch


@pytest.mark.parametrize("value", [True, False])
def test_a_branch_is_chosen_by_its_condition(value):
    condition, x = parameter(dtype=bool), parameter(2, 3)
    model = ov.Model([ops.result(branching(condition.output(0), x).output(0))], [condition, x])
    outcome(model, np.array(value), RNG.normal(size=(2, 3)).astype(np.float32))


def test_a_known_branch_leaves_the_other_out():
    x = parameter(2, 3)
    branch = branching(ops.constant(np.array(True)).output(0), x)
    model = ov.Model([ops.result(branch.output(0))], [x])
    converted = outcome(model, RNG.normal(size=(2, 3)).astype(np.float32))
    assert [n.type for n in converted.plan.graph.nodes] == ["Parameter", "Relu", "Result"]


def counting() -> ov.Model:
    """state' = state + the number of the iteration."""
    turn, state = parameter(dtype=np.int64), parameter(1)
    total = ops.add(state, ops.convert(turn, "f32"))
    goes_on = ops.constant(np.array(True))
    body = ov.Model([ops.result(goes_on), ops.result(total)], [turn, state], "body")
    first = parameter(1)
    loop = ops.loop(ops.constant(np.array(4)), ops.constant(np.array(True)))
    loop.set_function(body)
    loop.set_special_body_ports([0, 0])
    loop.set_merged_input(state, first.output(0), total.output(0))
    return ov.Model([ops.result(loop.get_iter_value(total.output(0), -1))], [first])


def test_a_loop_knows_its_turn():
    outcome(counting(), np.float32([0.5]))


def endless() -> ov.Model:
    """A loop that goes on for as long as its state is small."""
    state = parameter(1)
    grown = ops.add(state, np.float32([1]))
    goes_on = ops.less(grown, np.float32([9]))
    body = ov.Model([ops.result(goes_on), ops.result(grown)], [state], "body")
    first = parameter(1)
    loop = ops.loop(ops.constant(np.array(5)), ops.constant(np.array(True)))
    loop.set_function(body)
    loop.set_special_body_ports([-1, 0])
    loop.set_merged_input(state, first.output(0), grown.output(0))
    return ov.Model([ops.result(loop.get_iter_value(grown.output(0), -1))], [first])


def test_a_loop_that_may_end_early_is_refused():
    with pytest.raises(ConversionError, match="computed in its body"):
        graph_of(endless())


def test_an_input_can_be_fixed():
    x, axes = parameter(2, 3), parameter(1, dtype=np.int64)
    axes.set_friendly_name("axes")
    model = ov.Model([ops.result(ops.reduce_sum(x, axes, False))], [x, axes])
    graph = graph_of(model, {"axes": [1]})
    assert [node.outputs[0].shape for node in graph.nodes[:2]] == [(2, 3), (2,)]
