"""Detection tails: what finds as many results as there are, and what is done with them."""

from __future__ import annotations

import numpy as np
import openvino as ov
import pytest
import tensorflow as tf
from ai_edge_litert.interpreter import Interpreter
from openvino.runtime import opset9
from openvino.runtime import opset13 as ops

from converters.ir_to_tf.convert import convert, to_tflite
from converters.ir_to_tf.dynamic import is_dynamic
from converters.ir_to_tf.ops.selecting import distinct, distinct_of
from converters.ir_to_tf.reader import graph_of
from converters.ir_to_tf.signature import keywords
from converters.ir_to_tf.simplify import simplified

RNG = np.random.default_rng(11)


def suppressed(boxes, scores, most: int = 4, **words):
    limits = (np.int64(most), np.float32(0.4), np.float32(0.3))
    return opset9.non_max_suppression(boxes, scores, *map(ops.constant, limits), **words)


def places(found, column: int):
    """One column of what a suppression finds, as a row."""
    return ops.squeeze(ops.gather(found, np.int64([column]), np.int64(1)), np.int64([1]))


def one_stage() -> ov.Model:
    """A convolution for boxes, one for scores; of the boxes found, the corners and the class."""
    image = ops.parameter([1, 3, 6, 6], np.float32)
    sizes = RNG.normal(size=(4, 3, 1, 1)).astype(np.float32)
    votes = RNG.normal(size=(3, 3, 3, 3)).astype(np.float32)
    words = ([1, 1], [0, 0], [0, 0], [1, 1])
    far = ops.convolution(image, ops.constant(sizes), *words)
    near = ops.convolution(image, ops.constant(votes), [1, 1], [1, 1], [1, 1], [1, 1])
    boxes = ops.reshape(ops.transpose(far, np.int64([0, 2, 3, 1])), np.int64([1, 36, 4]), False)
    scores = ops.sigmoid(ops.reshape(near, np.int64([1, 3, 36]), False))
    found = suppressed(boxes, scores)
    chosen = ops.gather(ops.squeeze(boxes, np.int64([0])), places(found.output(0), 2), np.int64(0))
    classes = places(found.output(0), 1)
    results = [ops.result(each) for each in (ops.multiply(chosen, np.float32(6)), classes)]
    return ov.Model(results, [image])


def two_stages() -> ov.Model:
    """The boxes found are cut out of a map of features, and a head looks at each."""
    features = ops.parameter([1, 4, 8, 8], np.float32)
    boxes, scores = ops.parameter([1, 9, 4], np.float32), ops.parameter([1, 1, 9], np.float32)
    found = suppressed(boxes, scores)
    chosen = ops.gather(ops.squeeze(boxes, np.int64([0])), places(found.output(0), 2), np.int64(0))
    batch = ops.convert(places(found.output(0), 0), "i32")
    cut = opset9.roi_align(features, chosen, batch, 3, 3, 2, 8.0, "avg", "asymmetric")
    filters = RNG.normal(size=(5, 4, 3, 3)).astype(np.float32)
    head = ops.relu(ops.convolution(cut, ops.constant(filters), [1, 1], [1, 1], [1, 1], [1, 1]))
    mean = ops.reduce_mean(head, np.int64([2, 3]), False)
    weights = RNG.normal(size=(5, 2)).astype(np.float32)
    votes = ops.softmax(ops.matmul(mean, ops.constant(weights), False, False), 1)
    return ov.Model([ops.result(votes), ops.result(head)], [features, boxes, scores])


def many_classes() -> ov.Model:
    """More classes than suppressions stand side by side: a loop finds the boxes of each."""
    boxes, scores = ops.parameter([1, 9, 4], np.float32), ops.parameter([1, 20, 9], np.float32)
    found = suppressed(boxes, scores)
    return ov.Model([ops.result(places(found.output(0), 1))], [boxes, scores])


def filled(classes: int = 1, most: int = 4, by_score: bool = False) -> ov.Model:
    """As many rows as can be found: fillers behind those that there are."""
    boxes, scores = ops.parameter([1, 9, 4], np.float32), ops.parameter([1, classes, 9], np.float32)
    found = suppressed(boxes, scores, most, sort_result_descending=by_score).output(0)
    length = classes * min(most, 9)
    rows = ops.concat([found, ops.constant(np.int64([[1, 0, 7]] * length))], 0)
    bounds = (np.int64([number]) for number in (0, length, 1, 0))
    kept = ops.slice(rows, *map(ops.constant, bounds))
    return ov.Model([ops.result(places(kept.output(0), n)) for n in range(3)], [boxes, scores])


def filled_of_many() -> ov.Model:
    """Those of every class come first, and all fillers behind the last."""
    return filled(classes=5)


def filled_by_score() -> ov.Model:
    """The best of all classes come first."""
    return filled(classes=5, by_score=True)


def filled_in_a_loop() -> ov.Model:
    """More classes than suppressions stand side by side; more room than there are boxes."""
    return filled(classes=12, most=20)


FILLED = [filled, filled_of_many, filled_by_score, filled_in_a_loop]


@pytest.mark.parametrize("make", FILLED)
def test_rows_that_are_filled_up_leave_no_size_unknown(make):
    """What has one is refused whole by the delegates of TensorFlow Lite."""
    graph = simplified(graph_of(make()))
    assert "FilledNonMaxSuppression" in [node.type for node in graph.nodes]
    assert not any(is_dynamic(node) for node in graph.nodes) and not graph.notes
    interpreter = Interpreter(model_content=to_tflite(convert(graph_of(make()))))
    interpreter.allocate_tensors()
    signatures = [each["shape_signature"] for each in interpreter.get_tensor_details()]
    assert not any((shape < 0).any() for shape in signatures)


def test_a_size_that_is_not_known_is_told_of():
    (note,) = simplified(graph_of(one_stage())).notes
    assert "behind NonMaxSuppression" in note and "no delegate" in note


@pytest.mark.parametrize("make", [one_stage, two_stages, many_classes, *FILLED])
def test_a_detector_finds_what_openvino_finds(make):
    model = make()
    shapes = [tuple(port.shape) for port in model.inputs]
    data = [RNG.uniform(0, 1, shape).astype(np.float32) for shape in shapes]
    hints = {"INFERENCE_PRECISION_HINT": "f32"}
    wanted = list(ov.Core().compile_model(model, "CPU", hints)(data).values())
    assert all(len(each) for each in wanted)
    converted = convert(graph_of(model))
    words = keywords(converted.inputs)
    given = {
        word: np.ascontiguousarray(each.transpose(port.order))
        for word, port, each in zip(words, converted.inputs, data, strict=True)
    }
    made = converted.function(**{word: tf.constant(each) for word, each in given.items()})
    interpreter = Interpreter(model_content=to_tflite(converted))
    small = interpreter.get_signature_runner()(**given)
    for port, expected in zip(converted.outputs, wanted, strict=True):
        assert (port.shape[0] == -1) is (make not in FILLED)
        np.testing.assert_allclose(made[port.name], expected, rtol=1e-4, atol=1e-5)
        np.testing.assert_allclose(small[port.name], expected, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("pads", [(1, 1), (0, 1)])
def test_a_strided_convolution_pads_an_image_whose_sizes_are_told(pads):
    """OpenVINO's CPU has no kernel for it: it computes the same with sizes that are known."""
    filters = RNG.normal(size=(5, 4, 3, 3)).astype(np.float32)
    x, sizes = RNG.normal(size=(1, 4, 63)).astype(np.float32), np.int64([7, 9])

    def model(told):
        inputs = [ops.parameter([1, 4, 63], np.float32), ops.parameter([2], np.int64)]
        size = inputs[1] if told else ops.constant(sizes)
        image = ops.reshape(inputs[0], ops.concat([np.int64([1, 4]), size], 0), False)
        window = ([2, 2], *([pad, pad] for pad in pads), [1, 1])
        made = ops.convolution(image, ops.constant(filters), *window)
        return ov.Model([ops.result(made)], inputs if told else inputs[:1])

    hints = {"INFERENCE_PRECISION_HINT": "f32"}
    (wanted,) = ov.Core().compile_model(model(told=False), "CPU", hints)([x]).values()
    converted = convert(graph_of(model(told=True)))
    (port,) = converted.outputs
    given = dict(zip(keywords(converted.inputs), (x, sizes), strict=True))
    made = converted.function(**{word: tf.constant(each) for word, each in given.items()})
    small = Interpreter(model_content=to_tflite(converted)).get_signature_runner()(**given)
    for found in (made[port.name], small[port.name]):
        np.testing.assert_allclose(found, wanted.transpose(port.order), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("width", [1, 2, 5])
def test_distinct_rows_are_numpys(width):
    rows = RNG.integers(0, 3 if width == 1 else 2, (12, width)).astype(np.int32)
    words = {"return_index": True, "return_inverse": True, "return_counts": True}
    _, *wanted = np.unique(rows, axis=0, **words)
    for find in (distinct, distinct_of)[: 2 if width == 1 else 1]:
        for got, expected in zip(find(tf.constant(rows), True), wanted, strict=True):
            np.testing.assert_array_equal(got, expected.ravel())
        first, inverse, _ = find(tf.constant(rows), False)
        assert list(first) == sorted(wanted[0])
        np.testing.assert_array_equal(rows[first.numpy()[inverse.numpy()]], rows)
