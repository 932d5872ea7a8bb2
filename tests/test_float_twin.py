"""Quantised TFLite files as sources: their float twins mean the same, and run everywhere."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import twin_network as twin
from variants import variant

from converters import flatbuffer
from converters.errors import ZooError
from converters.mo.float_twin import float_twin, is_quantised, meaning
from converters.mo.request import request_of
from converters.recipes.recipe import Input

ROOT = Path(__file__).resolve().parent.parent

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning:tensorflow"),
]

RUN = """
import sys
from pathlib import Path
import numpy as np
from converters.verify.runners import dequantised, interpreter_of, quantised
images = np.load(sys.argv[1])
for name in sys.argv[2:]:
    interpreter, _package, note = interpreter_of(Path(name))
    assert not note, note
    given = interpreter.get_input_details()[0]
    found = []
    for image in images:
        interpreter.set_tensor(given["index"], quantised(image[None], given))
        interpreter.invoke()
        made = {d["name"]: dequantised(interpreter.get_tensor(d["index"]), d)
                for d in interpreter.get_output_details()}
        found.append(np.stack([made[key] for key in sorted(made)]))
    np.savez(name + ".npz", np.stack(found), sorted(made))
"""
"""In a process without TensorFlow, which tflite-runtime cannot share one with."""

KINDS = ("int8", "full_uint8", "dynamic", "float16", "int16x8")


def images(count: int) -> np.ndarray:
    return np.random.default_rng(1).random((count, twin.SIDE, twin.SIDE, 3), np.float32)


def quantised_file(saved_model: Path, kind: str) -> bytes:
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_saved_model(str(saved_model))
    converter.optimizations = [tf.lite.Optimize.DEFAULT]
    converter._experimental_disable_per_channel_quantization_for_dense_layers = True
    if kind == "float16":
        converter.target_spec.supported_types = [tf.float16]
    elif kind != "dynamic":
        converter.representative_dataset = lambda: ([image[None]] for image in images(16))
    if kind == "full_uint8":
        converter.inference_input_type = converter.inference_output_type = tf.uint8
    if kind == "int16x8":
        narrow = tf.lite.OpsSet.EXPERIMENTAL_TFLITE_BUILTINS_ACTIVATIONS_INT16_WEIGHTS_INT8
        converter.target_spec.supported_ops = [narrow]
    return bytes(converter.convert())


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The network as quantised files, their twins, and what both answer."""
    folder = tmp_path_factory.mktemp("twins")
    twin.write_saved_model(folder / "saved_model")
    np.save(folder / "images.npy", images(4))
    files = []
    for kind in KINDS:
        made = quantised_file(folder / "saved_model", kind)
        for name, content in ((kind, made), (f"{kind}_twin", float_twin(made))):
            (folder / f"{name}.tflite").write_bytes(content)
            files.append(str(folder / f"{name}.tflite"))
    command = [sys.executable, "-c", RUN, str(folder / "images.npy"), *files]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return folder


@pytest.mark.parametrize("kind", KINDS)
def test_a_twin_computes_the_same_in_floats(folder, kind):
    (own, names), (twins, twin_names) = (
        np.load(folder / f"{name}.tflite.npz").values() for name in (kind, f"{kind}_twin")
    )
    assert names.tolist() == twin_names.tolist()
    assert np.abs(own - twins).max() < 0.02 and np.ptp(own) > 0.5
    found = flatbuffer.operators(folder / f"{kind}_twin.tflite")
    assert not {"QUANTIZE", "DEQUANTIZE"} & set(found) and found["CONV_2D"] == 3
    assert not is_quantised((folder / f"{kind}_twin.tflite").read_bytes())


def test_only_quantised_files_have_a_twin(folder, tmp_path):
    spec = [Input("x", (1, twin.SIDE, twin.SIDE, 3), "NHWC")]
    for kind, read in (("full_uint8", tmp_path / "full_uint8.tflite"), ("float16", None)):
        chosen = variant({"framework": "tflite", "model": f"{kind}.tflite"}, spec)
        asked = request_of(chosen, folder, tmp_path)
        assert asked.path == (read or folder / f"{kind}.tflite")


@pytest.mark.slow
def test_openvino_reads_a_twin_as_it_runs(folder):
    import openvino

    core = openvino.Core()
    settings = {"INFERENCE_PRECISION_HINT": "f32"}
    compiled = core.compile_model(folder / "full_uint8_twin.tflite", "CPU", settings)
    own, names = np.load(folder / "full_uint8.tflite.npz").values()
    ports = {name: port for port in compiled.outputs for name in port.get_names()}
    for image, expected in zip(images(4), own, strict=True):
        found = compiled(image[None])
        for name, values in zip(names.tolist(), expected, strict=True):
            assert np.abs(found[ports[name]] - values).max() < 0.02


class Stored:
    """A constant of a TFLite file."""

    def __init__(self, shape, scale, zeros, axis=0):
        self.shape = np.array(shape)
        self.quantization = type("Q", (), {})()
        self.quantization.scale = np.array(scale, np.float32)
        self.quantization.zeroPoint = np.array(zeros, np.int64)
        self.quantization.quantizedDimension = axis


@pytest.mark.parametrize(
    ("kind", "data", "stored", "expected"),
    [
        ("UINT8", [0, 128, 255], Stored([3], [0.5], [128]), [-64, 0, 63.5]),
        ("INT8", [1, 2, 3, 4], Stored([2, 2], [1, 10], [0, 0]), [[1, 2], [30, 40]]),
        ("INT8", [1, 2, 3, 4], Stored([2, 2], [1, 10], [1, 2], 1), [[0, 0], [2, 20]]),
        ("INT4", [0x8F, 0x07], Stored([3], [1], [0]), [-1, -8, 7]),
        ("FLOAT16", list(np.float16([1.5, -2]).tobytes()), Stored([2], [], []), [1.5, -2]),
    ],
    ids=["zero point", "per channel", "last axis", "two in a byte", "half"],
)
def test_what_constants_stand_for(kind, data, stored, expected):
    found = meaning(bytes(data), kind, stored)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected)


def test_what_is_no_tflite_file_is_said():
    with pytest.raises(ZooError, match="not a TFLite flatbuffer"):
        is_quantised(json.dumps({"a": "zip"}).encode() * 4)
