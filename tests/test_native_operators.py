"""Published networks: from PyTorch, through the chain, the operators of the same in Keras.

The same network has the same padding. So each is compared twice: padded alike on both sides, as
PyTorch pads, with Keras's layers changed to that; and padded as Keras publishes it.
"""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import torch

from converters import flatbuffer
from tests.architectures import chain, published

SIDE = 64
pytestmark = [
    pytest.mark.slow,
    *(pytest.mark.filterwarnings(f"ignore::{kind}") for kind in chain.WARNINGS),
]

MODELS = {
    "MobileNetV2": published.mobilenet_v2,
    "ResNet50": lambda _: published.resnet50(),
    "EfficientNetB0": published.efficientnet_b0,
}


def in_keras(name: str, symmetric: bool) -> Any:
    """The network of `keras.applications`, without its preprocessing."""
    import keras

    words = {"input_shape": (SIDE, SIDE, 3), "weights": None, "classes": 10}
    model = getattr(keras.applications, name)(**words)
    if name == "EfficientNetB0":
        start = model.get_layer("stem_conv_pad").input
        model = keras.Model(start, model.output)
    return keras.models.clone_model(model, clone_function=padded_alike) if symmetric else model


def padded_alike(layer: Any) -> Any:
    """The same layer, or one that pads both sides by half of the filters that follow."""
    import keras

    words = layer.get_config()
    if isinstance(layer, keras.layers.ZeroPadding2D):
        half = max(max(pair) for pair in words["padding"])
        return keras.layers.ZeroPadding2D(half, name=words["name"])
    if words.get("strides") == (2, 2) and words.get("padding") == "same":
        half = words["kernel_size"][0] // 2
        inner = type(layer).from_config({**words, "padding": "valid"})
        return keras.Sequential([keras.layers.ZeroPadding2D(half), inner], name=words["name"])
    return type(layer).from_config(words)


def operators_of_keras(model: Any) -> Counter[str]:
    import tensorflow as tf
    from tensorflow.python.framework import convert_to_constants

    spec = tf.TensorSpec((1, *model.input_shape[1:]), tf.float32)
    function = tf.function(lambda x: model(x, training=False)).get_concrete_function(spec)
    frozen = convert_to_constants.convert_variables_to_constants_v2(function)
    return operators(tf.lite.TFLiteConverter.from_concrete_functions([frozen]).convert())


def operators(tflite: bytes) -> Counter[str]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.tflite"
        path.write_bytes(tflite)
        return flatbuffer.operators(path)


def operators_of_ours(network: torch.nn.Module) -> Counter[str]:
    return chain.run(network.eval(), torch.rand(1, 3, SIDE, SIDE)).operators


CASES = [(name, symmetric) for name in MODELS for symmetric in (True, False)]
CASES.remove(("ResNet50", False))  # it is published with equal pads


@pytest.mark.parametrize(("name", "symmetric"), CASES)
def test_operators_are_those_of_keras(name: str, symmetric: bool) -> None:
    torch.manual_seed(1)
    native = operators_of_keras(in_keras(name, symmetric))
    assert operators_of_ours(MODELS[name](symmetric)) == native
