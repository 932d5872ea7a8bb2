"""mo: every framework's file becomes an IR with static shapes, public names and equal bytes."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import onnx
import openvino
import pytest
from onnx import TensorProto, helper, numpy_helper
from variants import variant

from converters.errors import ZooError
from converters.mo import __main__ as mo
from converters.mo import ir_text
from converters.recipes import load_recipe
from converters.recipes.recipe import Input, Output, Variant

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore:Structure of `inputs`:UserWarning"),
]

BACKENDS = pytest.mark.parametrize("backend", ["mo", "ovc"])
IMAGE = Input("x", (1, 3, 8, 8), "NCHW")
PIXELS = Input("image", (1, 8, 8, 3), "NHWC")
OUTPUT = Output("Identity", "scores")


def random(*shape: int) -> np.ndarray:
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


FILTERS = random(3, 3, 3, 2)


def convert(chosen: Variant, origin: Path, folder: Path) -> openvino.Model:
    """The IR as it was written, read again."""
    folder.mkdir(exist_ok=True)
    model = mo.ir_model(chosen, origin, folder / "work")
    xml = folder / "ir" / "model.xml"
    mo.write(model, xml, "tiny", chosen.stages.get("ir", {}).get("precision", "FP32"))
    return openvino.Core().read_model(xml)


def ran(model: openvino.Model, **feed: np.ndarray) -> dict[str, np.ndarray]:
    settings = {"INFERENCE_PRECISION_HINT": "f32"}
    result = openvino.Core().compile_model(model, "CPU", settings)(feed)
    return {output.get_any_name(): value for output, value in result.items()}


def layers(model: openvino.Model) -> dict[str, str]:
    """Name -> type of every operation; names are unique, or some are missing here."""
    return {op.get_friendly_name(): op.get_type_name() for op in model.get_ordered_ops()}


# ONNX ---------------------------------------------------------------------------------------


@pytest.fixture
def simplified(tmp_path: Path) -> Path:
    """A Conv and two ends, one of which bears the name of the Conv's channels."""
    value = helper.make_tensor_value_info
    nodes = [
        helper.make_node("Conv", ["x", "w"], ["c"], pads=[1, 1, 1, 1]),
        helper.make_node("Sigmoid", ["c"], ["F.sigmoid(d0)"]),
        helper.make_node("Relu", ["c"], ["d1"]),
    ]
    outputs = [value(name, TensorProto.FLOAT, (1, 2, 8, 8)) for name in ("F.sigmoid(d0)", "d1")]
    filters = numpy_helper.from_array(np.ascontiguousarray(FILTERS.transpose(3, 2, 0, 1)), "w")
    graph = helper.make_graph(
        nodes, "g", [value("x", TensorProto.FLOAT, (1, 3, 8, 8))], outputs, [filters]
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    onnx.save(model, tmp_path / "s.onnx")
    return tmp_path / "s.onnx"


def convolved(pixels: np.ndarray) -> np.ndarray:
    """The convolution that all models of this file share; channels last."""
    padded = np.pad(pixels, [(0, 0), (1, 1), (1, 1), (0, 0)])
    windows = np.lib.stride_tricks.sliding_window_view(padded, (3, 3), axis=(1, 2))
    return np.einsum("nyxchw,hwco->nyxo", windows, FILTERS)


def sigmoid(x: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-x))


@BACKENDS
def test_onnx_keeps_public_names_and_values(simplified, tmp_path, backend):
    outputs = [Output("d1"), Output("ignored", "F.sigmoid(d0)")]
    chosen = variant({"framework": "onnx"}, [IMAGE], outputs, ir={"backend": backend})
    model = convert(chosen, simplified, tmp_path)
    names = layers(model)
    assert names["x"] == "Parameter"
    assert [r.get_friendly_name() for r in model.get_results()] == ["d1", "F.sigmoid(d0)"]
    assert len(names) == len(model.get_ops())
    x = random(1, 3, 8, 8)
    found = ran(model, x=x)
    wanted = convolved(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    np.testing.assert_allclose(found["F.sigmoid(d0)"], sigmoid(wanted), atol=1e-5)
    np.testing.assert_allclose(found["d1"], np.maximum(wanted, 0), atol=1e-5)


@BACKENDS
def test_two_runs_in_two_folders_give_equal_bytes(simplified, tmp_path, backend):
    script = (
        "import sys, pathlib; sys.path[:0] = [sys.argv[4]]\n"
        "from variants import variant\n"
        "from converters.mo import __main__ as mo\n"
        "from converters.recipes.recipe import Input\n"
        "ir = {'backend': sys.argv[3]}\n"
        "chosen = variant({'framework': 'onnx'}, [Input('x', (1, 3, 8, 8))], ir=ir)\n"
        "origin, folder = map(pathlib.Path, sys.argv[1:3])\n"
        "mo.write(mo.ir_model(chosen, origin, folder), folder / 'model.xml', 'tiny', 'FP32')\n"
    )
    made = []
    for seed in ("1", "2"):
        folder = tmp_path / f"run{seed}"
        folder.mkdir()
        origin = folder / f"net{seed}.onnx"
        origin.write_bytes(simplified.read_bytes())
        subprocess.run(
            [sys.executable, "-c", script, origin, folder, backend, str(Path(__file__).parent)],
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": os.pathsep.join(sys.path)},
            check=True,
        )
        made.append([(folder / f"model.{ending}").read_bytes() for ending in ("xml", "bin")])
    assert made[0] == made[1]
    assert str(tmp_path).encode() not in made[0][0]
    assert b"rt_info" not in made[0][0]


def test_half_precision_is_an_option(simplified, tmp_path):
    chosen = variant({"framework": "onnx"}, [IMAGE], ir={"precision": "FP16"})
    convert(chosen, simplified, tmp_path)
    halved = (tmp_path / "ir" / "model.bin").stat().st_size
    convert(variant({"framework": "onnx"}, [IMAGE]), simplified, tmp_path)
    assert halved * 2 == (tmp_path / "ir" / "model.bin").stat().st_size == FILTERS.nbytes


@BACKENDS
@pytest.mark.parametrize("per_name", [True, False])
def test_channels_are_reversed_then_mean_and_scale_applied(simplified, tmp_path, backend, per_name):
    mean, scale = [1.0, 2.0, 3.0], [2.0, 4.0, 8.0]
    ir = {"mean": mean, "scale": scale, "reverse_channels": True, "backend": backend}
    if per_name:
        ir |= {"mean": {"x": mean}, "scale": {"x": scale}}
    model = convert(variant({"framework": "onnx"}, [IMAGE], ir=ir), simplified, tmp_path)
    x = random(1, 3, 8, 8)
    moved = (x[:, ::-1].transpose(0, 2, 3, 1) - mean) / scale
    wanted = np.maximum(convolved(moved), 0).transpose(0, 3, 1, 2)
    np.testing.assert_allclose(ran(model, x=x)["d1"], wanted, atol=1e-5)


def test_one_number_serves_all_channels(simplified, tmp_path):
    ir = {"mean": 3, "scale": [255]}
    model = convert(variant({"framework": "onnx"}, [IMAGE], ir=ir), simplified, tmp_path)
    x = random(1, 3, 8, 8)
    wanted = np.maximum(convolved((x.transpose(0, 2, 3, 1) - 3) / 255), 0).transpose(0, 3, 1, 2)
    np.testing.assert_allclose(ran(model, x=x)["d1"], wanted, atol=1e-5)


@BACKENDS
def test_the_ir_can_be_cut(simplified, tmp_path, backend):
    ir = {"output": ["c"], "backend": backend}
    chosen = variant({"framework": "onnx"}, [IMAGE], [Output("d1")], ir=ir)
    model = convert(chosen, simplified, tmp_path)
    assert set(layers(model).values()) == {"Parameter", "Constant", "Convolution", "Result"}
    assert [output.get_any_name() for output in model.outputs] == ["c"]


def test_mo_cuts_inputs_too(simplified, tmp_path):
    declared = Input("c", (1, 2, 8, 8))
    chosen = variant({"framework": "onnx"}, [declared], [Output("d1")], ir={"input": "c"})
    assert set(layers(convert(chosen, simplified, tmp_path)).values()) == {
        "Parameter",
        "Relu",
        "Result",
    }


WRONG = {
    "input": ([Input("y", (1, 3, 8, 8))], [], {}, "no such input; it has 'x'", "the recipe"),
    "dtype": ([Input("x", (1, 3, 8, 8), dtype="uint8")], [], {}, "takes float32", "float32"),
    "output": ([IMAGE], [Output("dd1")], {}, "it has 'F.sigmoid\\(d0\\)', 'd1'", "mean d1?"),
    "shape": ([Input("x", (1, 4, 8, 8))], [], {}, "cannot take x: \\[1, 4, 8, 8\\]", "shape"),
    "backend": ([IMAGE], [], {"backend": "ov"}, "no backend 'ov'", "mo, ovc"),
    "precision": ([IMAGE], [], {"precision": "FP8"}, "is not one of FP32, FP16", "FP16"),
    "mean": ([IMAGE], [], {"mean": {"z": [1]}}, "no input with channels", "input"),
}


@pytest.mark.parametrize("case", WRONG)
def test_an_ir_that_cannot_be_made_says_why(simplified, tmp_path, case):
    inputs, outputs, ir, cause, remedy = WRONG[case]
    with pytest.raises(ZooError, match=cause) as caught:
        convert(variant({"framework": "onnx"}, inputs, outputs, ir=ir), simplified, tmp_path)
    assert remedy in caught.value.remedy


def test_the_stage_writes_facts(simplified, tmp_path, monkeypatch):
    chosen = variant({"framework": "onnx"}, [IMAGE])
    monkeypatch.setattr(mo, "load_variant", lambda *_: chosen)
    monkeypatch.chdir(tmp_path)
    argv = ["tiny", "test", "--onnx", str(simplified), "--out-xml", "ir/model.xml"]
    argv += ["--facts", "facts.json"]
    assert mo.stage.main("mo", "", mo.add_arguments, mo.run, argv) == 0
    facts = json.loads(Path("facts.json").read_text())
    assert facts["backend"] == "mo" and facts["precision"] == "FP32"
    assert facts["operators"]["Convolution"] == 1
    assert facts["parameter_bytes"] == FILTERS.nbytes
    assert facts["outputs"] == {"F.sigmoid(d0)": [1, 2, 8, 8], "d1": [1, 2, 8, 8]}
    assert set(facts["versions"]) == {"openvino", "openvino-dev"}
    assert sorted(path.name for path in Path("ir").iterdir()) == ["model.bin", "model.xml"]


def test_an_ir_keeps_what_is_computed_and_loses_its_history():
    text = b"""<?xml version="1.0"?>
        <net name="/home/me/net" version="11"><layers>
        <layer id="0" name="a" type="Convert"><rt_info>
            <attribute name="fused_names" version="0" value="a, b"/>
            <attribute name="decompression" version="0"/></rt_info></layer>
        <layer id="1" name="b" type="Add"><rt_info>
            <attribute name="fused_names" version="0" value="b"/></rt_info></layer>
        </layers><rt_info><MO_version value="2024.6"/><conversion_parameters>
        <output_dir value="/home/me"/></conversion_parameters></rt_info></net>"""
    found = ir_text.canonical(text, "tiny").decode()
    assert 'name="tiny"' in found and "decompression" in found
    assert not any(word in found for word in ("home", "fused_names", "MO_version"))
    assert found.count("rt_info") == 2
    assert ir_text.canonical(found.encode(), "tiny").decode() == found


# TensorFlow ---------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tensorflow_files(tmp_path_factory) -> Path:
    """One network as a frozen graph, a SavedModel with two signatures, Keras files and TFLite.

    Made in a process of its own, so that it can be written as it is by TensorFlow's users.
    """
    folder = tmp_path_factory.mktemp("tensorflow")
    np.save(folder / "filters.npy", FILTERS)
    script = Path(__file__).parent / "model_files" / "tensorflow_files.py"
    subprocess.run([sys.executable, script, folder], check=True, capture_output=True, timeout=300)
    return folder


FILES = {
    # the placeholder has no shape: the recipe's is what counts
    "frozen": (
        {"framework": "tensorflow_frozen", "model": "frozen/net.pb"},
        PIXELS,
        Output("scores:0", "scores"),
    ),
    "frozen, named by load": (
        {
            "framework": "tensorflow_frozen",
            "model": "frozen",
            "inputs": ["image:0"],
            "outputs": ["scores"],
        },
        Input("picture", PIXELS.shape, "NHWC"),
        Output("anything", "scores"),
    ),
    "saved_model": (
        {"framework": "saved_model", "model": "saved"},
        PIXELS,
        Output("probabilities", "scores"),
    ),
    "the only signature": (
        {"framework": "saved_model", "model": "only"},
        PIXELS,
        Output("twice", "scores"),
    ),
    "another signature": (
        {"framework": "saved_model", "model": "saved/net", "signature": "doubled"},
        PIXELS,
        Output("twice", "scores"),
    ),
    "its files one by one": (
        {
            "framework": "saved_model",
            "model": "saved/net/saved_model.pb",
            "variables": [
                "saved/net/variables/variables.index",
                "saved/net/variables/variables.data-00000-of-00001",
            ],
        },
        PIXELS,
        Output("probabilities", "scores"),
    ),
    "keras 3": (
        {"framework": "keras", "model": "keras/net.keras"},
        PIXELS,
        Output("ends", "scores"),
    ),
    "keras 2": ({"framework": "keras", "model": "keras/net.h5"}, PIXELS, Output("ends", "scores")),
    "tflite": ({"framework": "tflite", "model": "lite"}, PIXELS, None),
}


@pytest.mark.slow
@BACKENDS
@pytest.mark.parametrize("case", FILES)
def test_tensorflow_files_become_the_same_ir(tensorflow_files, tmp_path, case, backend):
    load, declared, output = FILES[case]
    if output is None:
        names = json.loads((tensorflow_files / "lite.json").read_text())
        declared, output = Input(names["input"], PIXELS.shape), Output(names["output"], "scores")
    chosen = variant(load, [declared], [output], ir={"backend": backend})
    model = convert(chosen, tensorflow_files, tmp_path)
    (parameter,), (result,) = model.get_parameters(), model.get_results()
    assert parameter.get_friendly_name() == declared.name
    assert list(parameter.get_output_shape(0)) == list(declared.shape)
    assert result.get_friendly_name() == "scores"
    x = random(*declared.shape)
    wanted = sigmoid(convolved(x)) * (2 if output.name == "twice" else 1)
    np.testing.assert_allclose(ran(model, **{declared.name: x})["scores"], wanted, atol=1e-5)
    assert set(layers(model).values()) <= {
        *("Parameter", "Constant", "Transpose", "Convolution", "Sigmoid", "Result"),
        *("Multiply", "Add"),
    }


@pytest.mark.slow
@pytest.mark.parametrize(
    ("case", "name"), [("saved_model", "probabilities"), ("keras 3", "ends"), ("frozen", "scores")]
)
def test_outputs_that_no_recipe_lists_keep_their_own_names(tensorflow_files, tmp_path, case, name):
    load = {**FILES[case][0], **({"outputs": ["scores"]} if case == "frozen" else {})}
    model = convert(variant(load, [PIXELS]), tensorflow_files, tmp_path)
    assert [result.get_friendly_name() for result in model.get_results()] == [name]


@pytest.mark.slow
def test_a_sequential_of_keras_2_is_read(tensorflow_files, tmp_path):
    load = {"framework": "keras", "model": "keras2"}
    model = convert(variant(load, [PIXELS], [Output("ends")]), tensorflow_files, tmp_path)
    assert "GroupConvolution" in layers(model).values()


WRONG_FILES = {
    "placeholder": (FILES["frozen"][0], Input("picture", PIXELS.shape), "its inputs are image"),
    "signature": (
        {"framework": "saved_model", "model": "saved", "signature": "serve"},
        PIXELS,
        "no signature 'serve'; it has",
    ),
    "signature's input": (FILES["saved_model"][0], IMAGE, "the model's inputs are 'image'"),
    "keras input": (FILES["keras 2"][0], IMAGE, "the model's inputs are 'image'"),
    "keras shape": (FILES["keras 3"][0], Input("image", (1, 8, 8, 4)), "does not take image"),
    "no keras file": ({"framework": "keras", "model": "frozen/net.pb"}, PIXELS, "cannot load it"),
    "no frozen graph": (
        {"framework": "tensorflow_frozen", "model": "keras/net.h5"},
        PIXELS,
        "is no binary GraphDef",
    ),
    "two files": ({"framework": "keras", "model": "keras"}, PIXELS, "holds net.h5, net.keras"),
    "no SavedModel": ({"framework": "saved_model", "model": "keras"}, PIXELS, "0 SavedModels"),
}


@pytest.mark.slow
@pytest.mark.parametrize("case", WRONG_FILES)
def test_tensorflow_files_that_do_not_fit_say_why(tensorflow_files, tmp_path, case):
    load, declared, cause = WRONG_FILES[case]
    with pytest.raises(ZooError, match=cause) as caught:
        convert(variant(load, [declared]), tensorflow_files, tmp_path)
    assert caught.value.remedy


# Caffe --------------------------------------------------------------------------------------

PROTOTXT = """
name: "tiny"
layer {{ name: "x" type: "Input" top: "x" input_param {{ shape {{ {dims} }} }} }}
layer {{ name: "c" type: "Convolution" bottom: "x" top: "c"
  convolution_param {{ num_output: 2 kernel_size: 3 pad: 1 bias_term: false }} }}
layer {{ name: "scores" type: "Sigmoid" bottom: "c" top: "scores" }}
"""


@pytest.fixture(scope="module")
def caffe_files(tmp_path_factory) -> Path:
    """A prototxt and its caffemodel."""
    folder = tmp_path_factory.mktemp("caffe")
    for name in ("proto", "weights"):
        (folder / name).mkdir()
    dims = " ".join(f"dim: {d}" for d in (1, 3, 6, 6))
    (folder / "proto" / "net.prototxt").write_text(PROTOTXT.format(dims=dims))
    np.save(folder / "filters.npy", FILTERS)
    script = Path(__file__).parent / "model_files" / "caffe_file.py"
    environment = {**os.environ, "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": "python"}
    subprocess.run(
        [sys.executable, script, folder], env=environment, check=True, capture_output=True
    )
    return folder


CAFFE = {"framework": "caffe", "prototxt": "proto", "caffemodel": "weights"}


@pytest.mark.slow
def test_caffe_becomes_an_ir_of_the_recipes_shape(caffe_files, tmp_path):
    chosen = variant(CAFFE, [IMAGE], [Output("scores", "mask")])
    model = convert(chosen, caffe_files, tmp_path)
    x = random(1, 3, 8, 8)
    wanted = sigmoid(convolved(x.transpose(0, 2, 3, 1))).transpose(0, 3, 1, 2)
    np.testing.assert_allclose(ran(model, x=x)["mask"], wanted, atol=1e-5)


@pytest.mark.slow
def test_caffe_that_does_not_fit_says_why(caffe_files, tmp_path):
    with pytest.raises(ZooError, match="mo cannot convert the Caffe model") as caught:
        convert(variant(CAFFE, [Input("y", (1, 3, 8, 8))]), caffe_files, tmp_path)
    assert "belong together" in caught.value.remedy


def test_only_mo_reads_caffe(caffe_files, tmp_path):
    with pytest.raises(ZooError, match="ovc does not read Caffe"):
        convert(variant(CAFFE, [IMAGE], ir={"backend": "ovc"}), caffe_files, tmp_path)


# The commands -------------------------------------------------------------------------------


@pytest.mark.slow
def test_a_recipe_goes_through_the_three_commands(tmp_path):
    models = Path(__file__).parents[1] / "models"
    weights = tmp_path / "sources" / "weights"
    weights.mkdir(parents=True)
    shutil.copy(models / "digits" / "weights.safetensors", weights)
    name = next(iter(load_recipe(models / "digits").variants))
    commands = {
        "export": ["--sources", "sources", "--out", "source.onnx"],
        "simplify": ["--onnx", "source.onnx", "--out", "simplified.onnx"],
        "mo": ["--onnx", "simplified.onnx", "--out-xml", "ir/model.xml"],
    }
    for stage, options in commands.items():
        command = [sys.executable, "-m", f"converters.{stage}", "digits", name]
        command += ["--models", str(models), *options, "--facts", f"{stage}.json"]
        environment = {**os.environ, "PYTHONPATH": str(models.parent)}
        subprocess.run(command, cwd=tmp_path, env=environment, check=True, timeout=300)
        assert json.loads((tmp_path / f"{stage}.json").read_text())["versions"]
    variant = load_recipe(models / "digits").variant(name)
    model = openvino.Core().read_model(tmp_path / "ir" / "model.xml")
    outputs = [result.get_friendly_name() for result in model.get_results()]
    assert outputs == [output.public_name for output in variant.outputs]
