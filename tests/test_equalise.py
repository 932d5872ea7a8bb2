"""Cross-layer equalisation: the function stays to the bit, 8 bits lose less."""

from __future__ import annotations

import numpy as np
import openvino as ov
import pytest
from openvino.runtime import opset13 as ops

from converters.ir_to_tf.convert import Options, convert, save_saved_model
from converters.ir_to_tf.equalise import equalised
from converters.ir_to_tf.reader import graph_of
from converters.ir_to_tf.simplify import simplified
from converters.quantize.conversion import Conversion
from converters.quantize.kinds import kind_named

pytestmark = [
    # TensorFlow announces that tf.lite will move; nothing here can be done about it
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning:tensorflow"),
]

CHANNELS = 8
UNBALANCED = 4.0 ** np.arange(-3, CHANNELS - 3).reshape(-1, 1, 1, 1)
CHANCE = np.random.default_rng(7)


def network(act=ops.relu, tapped=False) -> ov.Model:
    """A convolution, a depthwise one and a third, whose channels differ by a factor of 16384."""
    chance = np.random.default_rng(1)
    x = ops.parameter([1, 3, 8, 8], np.float32, name="x")
    x.output(0).get_tensor().set_names({"x"})

    def layer(image, weights, kind=ops.convolution, pad=1):
        made = kind(
            image, ops.constant(weights.astype(np.float32)), [1, 1], [pad] * 2, [pad] * 2, [1, 1]
        )
        bias = chance.normal(0, 0.2, (1, made.output(0).shape[1], 1, 1)) * np.abs(weights).max()
        return ops.add(made, ops.constant(bias.astype(np.float32)))

    first = act(layer(x, chance.normal(0, 0.3, (CHANNELS, 3, 3, 3)) * UNBALANCED))
    depthwise = chance.normal(0, 0.3, (CHANNELS, 1, 1, 3, 3)) / UNBALANCED[..., None]
    second = act(layer(first, depthwise, ops.group_convolution))
    last = layer(second, chance.normal(0, 0.3, (4, CHANNELS, 1, 1)), pad=0)
    last.output(0).get_tensor().set_names({"y"})
    results = [last, *([first] if tapped else [])]
    return ov.Model(results, [x])


def relu6(x):
    return ops.clamp(x, 0.0, 6.0)


def samples(count):
    for _ in range(count):
        yield {"x": CHANCE.uniform(-1, 1, (1, 8, 8, 3)).astype(np.float32)}


def weights_of(graph):
    return [node.inputs[1].constant for node in graph.nodes if node.type.endswith("Convolution")]


def test_ranges_are_alike_and_scales_are_powers_of_two():
    before = simplified(graph_of(network()))
    after, notes = equalised(before)
    assert len(notes) == 2 and "now by" in notes[0]
    first, depthwise, _ = weights_of(after)
    ranges = np.abs(first).max(axis=(1, 2, 3))
    assert ranges.max() / ranges.min() < 8
    ranges = np.abs(depthwise).max(axis=(2, 3, 4))
    assert ranges.max() / ranges.min() < 8
    factors = first / weights_of(before)[0]
    assert np.array_equal(np.log2(factors) % 1, np.zeros_like(factors))


@pytest.mark.parametrize("source", [network(relu6), network(tapped=True)], ids=["ReLU6", "tapped"])
def test_a_chain_that_cannot_be_scaled_is_left_alone(source):
    before = simplified(graph_of(source))
    after, notes = equalised(before)
    kept = weights_of(before)[0]
    assert np.array_equal(weights_of(after)[0], kept)
    assert all("first" not in note.split(" and ")[0] for note in notes)
    assert len(notes) < 2


def test_the_function_stays_and_int8_loses_less(tmp_path):
    """Weights per tensor, where unbalanced channels hurt most."""
    import tensorflow as tf

    drawn, results = list(samples(16)), {}
    for equalise in (False, True):
        made = convert(graph_of(network()), Options(equalise=equalise))
        folder = tmp_path / str(equalise)
        save_saved_model(made, folder)
        floats = [made.function(x=tf.constant(each["x"])) for each in drawn]
        wanted = np.stack([next(iter(each.values())).numpy() for each in floats])
        kind, options = kind_named("int8"), {"per_channel": False}
        tflite = Conversion(folder, kind, lambda: iter(drawn), options).made()
        run = tf.lite.Interpreter(model_content=tflite).get_signature_runner()
        found = np.stack([next(iter(run(**each).values())) for each in drawn])
        noise = ((found - wanted) ** 2).sum()
        results[equalise] = wanted, 10 * np.log10((wanted**2).sum() / noise)
    (plain, before), (same, after) = results[False], results[True]
    assert np.abs(same - plain).max() <= 1e-6 * np.abs(plain).max()
    assert after > before + 10
