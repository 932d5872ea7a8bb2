"""The command: every flag does something, files are sound, names and their order are kept."""

from __future__ import annotations

import itertools
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import openvino as ov
import pytest
import tensorflow as tf
from openvino.runtime import opset13 as ops
from PIL import Image

from converters import flatbuffer
from converters.errors import ZooError
from converters.ir_to_tf import __main__ as command
from converters.ir_to_tf.calibration import shown
from converters.ir_to_tf.convert import check_supported
from converters.ir_to_tf.errors import UnknownAttributeError
from converters.ir_to_tf.expression import expression
from converters.ir_to_tf.flags import GROUPS, NOT_TAKEN, OUTPUTS, parser
from converters.ir_to_tf.formats import FORMATS
from converters.ir_to_tf.graph import Graph, Node
from converters.ir_to_tf.reader import read_graph
from converters.ir_to_tf.signature import Port, signature_names
from converters.ir_to_tf.surgery import layer_names

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning:tensorflow"),
]
RNG = np.random.default_rng(8)
ROOT = Path(__file__).resolve().parent.parent


def named(node, name: str):
    node.set_friendly_name(name)
    node.output(0).set_names({name})
    return node


def convolution(x, made: int = 3, name: str = ""):
    read, depth = x.get_output_shape(0)[1], len(x.get_output_shape(0)) - 2
    filters = RNG.normal(size=(made, read, *[1] * depth)).astype(np.float32)
    row = [[1] * depth, [0] * depth, [0] * depth, [1] * depth]
    y = ops.convolution(x, filters, *row)
    if name:
        y.set_friendly_name(name)
    return y


def parameter(name: str, *shape: int):
    return named(ops.parameter(shape, np.float32), name)


def saved(folder, outputs: dict, *inputs):
    results = [ops.result(named(node, name)) for name, node in outputs.items()]
    path = folder / "model.xml"
    ov.save_model(ov.Model(results, list(inputs)), path, compress_to_fp16=False)
    return path


def activations(folder):
    """Every op that a flag replaces."""
    x = parameter("x", 1, 3, 8, 8)
    a = ops.swish(convolution(x, 4, "conv"))
    b = ops.hswish(convolution(a, 4))
    c = ops.prelu(b, ops.constant(np.float32([0.1, 0.2, 0.3, 0.4])))
    best = ops.topk(c, ops.constant(1), 1, "max", "value", index_element_type="i64")
    index = ops.convert(ops.squeeze(best.output(1), ops.constant([1])), "i64")
    return saved(folder, {"index": index, "best": ops.relu(best.output(0))}, x)


def two_alike(folder):
    """Inputs of equal shapes, and outputs too, in an order that is not the alphabet's."""
    z, a = parameter("z", 1, 3, 8, 8), parameter("a", 1, 3, 8, 8)
    outputs = {"second": ops.relu(convolution(ops.subtract(z, a))), "first": convolution(a)}
    return saved(folder, outputs, z, a)


@pytest.fixture(scope="module")
def xml(tmp_path_factory):
    return activations(tmp_path_factory.mktemp("activations"))


@pytest.fixture(scope="module")
def alike(tmp_path_factory):
    return two_alike(tmp_path_factory.mktemp("alike"))


def run(xml, out, *flags: str) -> int:
    return command.main(["--model_path", str(xml), "--model_output_path", str(out), *flags])


FLOAT = "--output_no_quant_float32_tflite"


def operators(folder) -> dict[str, int]:
    return flatbuffer.operators(folder / "model_float32.tflite")


def tflite(path):
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(path), num_threads=1)
    interpreter.allocate_tensors()
    return interpreter


def reference(xml, *inputs):
    compiled = ov.Core().compile_model(xml, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return [np.array(value) for value in compiled(list(inputs)).values()]


def answers(folder, file: str = "model_float32.tflite", **inputs):
    """What a file answers, in the IR's order of axes, for inputs in that order."""
    interface = json.loads((folder / "interface.json").read_text())
    call = tflite(folder / file).get_signature_runner()
    given = {p["name"]: inputs[p["name"]].transpose(p["order"]) for p in interface["inputs"]}
    made = call(**given)
    return {
        p["name"]: made[p["name"]].transpose(np.argsort(p["order"])) for p in interface["outputs"]
    }


# The command line -----------------------------------------------------------------------------


def test_every_flag_has_a_line_of_help_and_examples_are_shown(capsys):
    with pytest.raises(SystemExit) as leaving:
        command.main(["--help"])
    assert leaving.value.code == 0
    out = capsys.readouterr().out
    flags = [flag for flags in GROUPS.values() for flag in flags]
    assert len({flag.name for flag in flags}) == len(flags)
    assert all(f"--{flag.name}" in out and flag.help for flag in flags)
    assert "examples:" in out and "exit status:" in out


def test_the_twelve_flags_of_old_are_taken_as_they_were_written():
    line = """--model_path u2netp_320x320_opt/u2netp.xml --model_output_path saved_model
      --output_saved_model --output_h5 --output_weight_and_json --output_pb
      --output_no_quant_float32_tflite --output_weight_quant_tflite --output_float16_quant_tflite
      --replace_swish_and_hardswish --debug --debug_layer_number 9"""
    args = vars(parser("").parse_args(line.split()))
    assert sum(value is True for value in args.values()) == 9
    assert args["debug_layer_number"] == 9 and args["model_output_path"] == Path("saved_model")


def test_the_page_tells_every_flag():
    page = (ROOT / "docs" / "ir_to_tf.md").read_text()
    names = [flag.name for flags in GROUPS.values() for flag in flags]
    assert [name for name in (*names, *NOT_TAKEN) if f"`--{name}" not in page] == []


@pytest.mark.parametrize("flag", NOT_TAKEN)
def test_a_flag_that_is_not_taken_says_what_to_use(flag, capsys):
    with pytest.raises(SystemExit) as leaving:
        command.main(["--model_path", "model.xml", f"--{flag}"])
    assert leaving.value.code == 2
    assert NOT_TAKEN[flag] in capsys.readouterr().err


@pytest.mark.parametrize(
    ("flags", "words"),
    [
        ([], "--model_path"),
        (["--model_path", "m.xml"], "nothing is asked for"),
        (["--model_path", "m.xml", "--output_everything"], "--output_everything"),
        (["--model_path", "m.xml", "--output_pb", "--calib_ds_type", "csv"], "csv"),
    ],
)
def test_a_wrong_command_line_has_status_2(flags, words, capsys):
    with pytest.raises(SystemExit) as leaving:
        command.main(flags)
    assert leaving.value.code == 2
    assert words in capsys.readouterr().err


def test_a_model_that_is_not_there_has_status_1(tmp_path, capsys):
    assert run(tmp_path / "none.xml", tmp_path, "--output_pb") == 1
    assert "OpenVINO cannot read it" in capsys.readouterr().err


def test_all_unsupported_ops_are_told_with_their_places_before_any_work(tmp_path, capsys):
    x = parameter("x", 4, 8)
    words = {"convert_type": "i32", "with_replacement": True, "log_probs": False}
    drawn = ops.multinomial(x, np.array(3), **words)
    drawn.set_friendly_name("draw")
    again = ops.multinomial(ops.convert(drawn, "f32"), np.array(2), **words)
    again.set_friendly_name("draw again")
    xml = saved(tmp_path, {"y": ops.convert(again, "f32")}, x)
    assert run(xml, tmp_path / "out", "--output_saved_model") == 1
    err = capsys.readouterr().err
    assert "2 layers of 1 unsupported types" in err
    assert "Multinomial: 'draw' (2 of 6, reads Parameter 'x', read by Convert 'Convert_" in err
    assert "'draw again' (4 of 6, reads Convert 'Convert_" in err
    assert "replace: {type:" in err and "--layerids_of_the_terminating_output" in err
    assert not (tmp_path / "out").exists()


def test_all_attributes_that_nobody_reads_are_told_at_once(alike):
    graph = read_graph(alike)
    odd = [
        Node(n.name, n.type, n.inputs, n.outputs, {"slope": 1}) if n.type == "Relu" else n
        for n in graph.nodes
    ]
    again = [
        Node("odd", "Relu", n.inputs, (), {"slip": 1}) for n in graph.nodes if n.type == "Relu"
    ]
    with pytest.raises(UnknownAttributeError) as refusal:
        check_supported(Graph((*odd, *again)))
    assert "2 layers have attributes that nobody reads" in str(refusal.value)
    assert "slope" in str(refusal.value) and "slip" in str(refusal.value)


def test_an_error_of_ours_has_status_70(xml, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(command, "run", lambda _: 1 / 0)
    assert run(xml, tmp_path, "--output_pb") == 70
    assert "ZeroDivisionError" in capsys.readouterr().err


# What is written ------------------------------------------------------------------------------


CALIBRATED = ("output_integer_quant_tflite", "output_full_integer_quant_tflite")


@pytest.fixture(scope="module")
def written(alike, tmp_path_factory):
    """Every artefact of the net whose names are easily mixed up."""
    out = tmp_path_factory.mktemp("out")
    (out / "mine.txt").write_text("kept")
    samples = RNG.normal(size=(4, 1, 3, 8, 8)).astype(np.float32)
    np.savez(out / "samples.npz", z=samples, a=samples[::-1])
    source = ["--load_dest_file_path_for_the_calib_npy", str(out / "samples.npz")]
    flags = [f"--{flag}" for flag, made in OUTPUTS.items() if made.kind in FORMATS]
    flags += [f"--{flag}" for flag in CALIBRATED]
    assert run(alike, out, *flags, *source) == 0
    return out


def test_all_files_are_there_and_others_are_left_alone(written):
    for artifact in OUTPUTS.values():
        if artifact.kind in (*FORMATS, "int8", "full"):
            assert (written / artifact.file).exists(), artifact
    assert (written / "saved_model.pb").exists()
    assert (written / "model_float32.weights.h5").exists()
    assert (written / "mine.txt").read_text() == "kept"


TFLITE = [made.file for made in OUTPUTS.values() if made.file.endswith(".tflite")]


@pytest.mark.parametrize("file", TFLITE)
def test_names_and_order_are_kept_in_every_kind(alike, written, file):
    if not (written / file).exists():
        pytest.skip("no such format")
    interpreter = tflite(written / file)
    call = interpreter.get_signature_runner("serving_default")
    for details, sides, names in (
        (interpreter.get_input_details(), call.get_input_details(), ["z", "a"]),
        (interpreter.get_output_details(), call.get_output_details(), ["second", "first"]),
    ):
        assert [each["index"] for each in details] == [sides[name]["index"] for name in names]
    z, a = RNG.normal(size=(2, 1, 3, 8, 8)).astype(np.float32)
    if "full" in file:
        assert call.get_input_details()["z"]["dtype"] == np.int8
        return
    second, first = reference(alike, z, a)
    made = answers(written, file, z=z, a=a)
    for name, wanted in (("second", second), ("first", first)):
        assert np.abs(made[name] - wanted).max() < 0.1 * np.abs(wanted).max()


def test_a_full_integer_file_keeps_values_with_their_names(alike, written):
    call = tflite(written / "model_full_integer_quant.tflite").get_signature_runner()
    z, a = RNG.normal(size=(2, 1, 3, 8, 8)).astype(np.float32)
    given = {}
    for name, data in (("z", z), ("a", a)):
        scale, zero = call.get_input_details()[name]["quantization"]
        given[name] = np.clip(np.rint(data.transpose(0, 2, 3, 1) / scale) + zero, -128, 127)
    made = call(**{name: data.astype(np.int8) for name, data in given.items()})
    for name, wanted in zip(("second", "first"), reference(alike, z, a), strict=True):
        scale, zero = call.get_output_details()[name]["quantization"]
        values = (made[name].astype(np.float32) - zero) * scale
        assert np.corrcoef(values.transpose(0, 3, 1, 2).ravel(), wanted.ravel())[0, 1] > 0.97


def test_the_saved_model_has_the_public_names(written):
    assert signature_names(written) == (["a", "z"], ["first", "second"])
    interface = json.loads((written / "interface.json").read_text())
    assert [port["name"] for port in interface["inputs"]] == ["z", "a"]
    assert [port["name"] for port in interface["outputs"]] == ["second", "first"]
    loaded = tf.saved_model.load(str(written)).signatures["serving_default"]
    assert set(loaded(z=tf.zeros((1, 8, 8, 3)), a=tf.zeros((1, 8, 8, 3)))) == {"first", "second"}


def test_per_tensor_scales_are_coarser_and_types_can_be_unsigned(alike, written, tmp_path):
    source = ["--load_dest_file_path_for_the_calib_npy", str(written / "samples.npz")]
    flags = ["--output_full_integer_quant_tflite", "--output_integer_quant_type", "uint8"]
    assert run(alike, tmp_path, *flags, *source, "--disable_per_channel") == 0
    file = "model_full_integer_quant.tflite"
    details = tflite(tmp_path / file).get_input_details()
    assert details[0]["dtype"] == np.uint8
    sides = tflite(tmp_path / file).get_signature_runner().get_input_details()
    assert [each["index"] for each in details] == [sides[name]["index"] for name in ("z", "a")]
    assert most_scales(tmp_path / file) == 1
    assert most_scales(written / file) == 3


def most_scales(path) -> int:
    details = tflite(path).get_tensor_details()
    return max(len(each["quantization_parameters"]["scales"]) for each in details)


def test_a_format_that_cannot_be_made_stops_no_other(alike, tmp_path, capsys, monkeypatch):
    def refuse(converted, kind, path):
        if kind == "frozen_pb":
            raise ZooError("cannot be", subject=kind)
        FORMATS[kind].write(converted, path)

    monkeypatch.setattr("converters.ir_to_tf.writing.write", refuse)
    assert run(alike, tmp_path, "--output_pb", FLOAT) == 1
    assert (tmp_path / "model_float32.tflite").exists()
    assert "frozen_pb: cannot be" in capsys.readouterr().err


# Inputs and outputs ---------------------------------------------------------------------------


def orders(folder) -> dict[str, list[int]]:
    interface = json.loads((folder / "interface.json").read_text())
    return {port["name"]: port["order"] for port in interface["inputs"] + interface["outputs"]}


LAST, KEPT = [0, 2, 3, 1], [0, 1, 2, 3]


@pytest.mark.parametrize(
    ("flags", "wanted"),
    [
        ([], {"z": LAST, "a": LAST, "second": LAST, "first": LAST}),
        (["--keep_input_tensor_in_nchw"], {"z": KEPT, "a": KEPT}),
        (["--keep_input_tensor_in_nchw", "z"], {"z": KEPT, "a": LAST}),
        (["--keep_input_tensor_in_nchw", "a", "first"], {"a": KEPT, "first": KEPT, "second": LAST}),
    ],
)
def test_inputs_and_outputs_are_kept_by_name_or_all(alike, tmp_path, flags, wanted):
    assert run(alike, tmp_path, "--output_saved_model", *flags) == 0
    assert orders(tmp_path).items() >= wanted.items()


def test_a_name_that_is_none_is_refused(alike, tmp_path, capsys):
    assert run(alike, tmp_path, "--explain", "--keep_input_tensor_in_nchw", "b") == 1
    assert "no input or output 'b'" in capsys.readouterr().err


def deep(folder):
    x, y = parameter("x", 1, 2, 3, 4, 5), parameter("y", 1, 2, 4, 5)
    return saved(folder, {"p": convolution(x), "q": convolution(y)}, x, y)


DEEP_LAST, DEEP_KEPT = [0, 2, 3, 4, 1], [0, 1, 2, 3, 4]


@pytest.mark.parametrize(
    ("flags", "wanted"),
    [
        ([], {"x": DEEP_LAST, "y": LAST}),
        (["--keep_input_tensor_in_nchw"], {"x": DEEP_KEPT, "y": KEPT}),
        (["--keep_input_tensor_in_nchw", "--input_as_ncdhw"], {"x": DEEP_LAST, "y": KEPT}),
    ],
)
def test_inputs_of_five_axes(tmp_path, flags, wanted):
    xml = deep(tmp_path)
    assert run(xml, tmp_path, FLOAT, *flags) == 0
    assert orders(tmp_path).items() >= wanted.items()
    x, y = RNG.normal(size=(1, 2, 3, 4, 5)), RNG.normal(size=(1, 2, 4, 5))
    x, y = x.astype(np.float32), y.astype(np.float32)
    made = answers(tmp_path, x=x, y=y)
    for name, data in zip("pq", reference(xml, x, y), strict=True):
        np.testing.assert_allclose(made[name], data, rtol=1e-4, atol=1e-5)


def test_without_five_axes_the_flag_is_refused(alike, tmp_path, capsys):
    assert run(alike, tmp_path, "--explain", "--input_as_ncdhw") == 1
    assert "no input has five axes" in capsys.readouterr().err


@pytest.mark.parametrize("wish", ["channels_last", "as_written"])
def test_three_axes_can_be_had_either_way(tmp_path, wish):
    x = parameter("x", 1, 4, 6)
    xml = saved(tmp_path, {"y": convolution(x)}, x)
    (tmp_path / "o.yaml").write_text(f"- {{op: x, layout: {wish}}}\n- {{op: y, layout: {wish}}}\n")
    assert run(xml, tmp_path, FLOAT, "--overrides", str(tmp_path / "o.yaml")) == 0
    wanted = [0, 2, 1] if wish == "channels_last" else [0, 1, 2]
    assert orders(tmp_path) == {"x": wanted, "y": wanted}
    data = RNG.normal(size=(1, 4, 6)).astype(np.float32)
    (expected,) = reference(xml, data)
    np.testing.assert_allclose(answers(tmp_path, x=data)["y"], expected, rtol=1e-4, atol=1e-5)


def number_of(xml, name: str) -> int:
    return next(number for number, each in layer_names(xml).items() if each == name)


def test_the_model_can_end_earlier(xml, tmp_path, capsys):
    number = number_of(xml, "conv")
    assert run(xml, tmp_path, FLOAT, "--layerids_of_the_terminating_output", str(number)) == 0
    assert list(orders(tmp_path)) == ["x", "conv"]
    assert operators(tmp_path) == {"CONV_2D": 1}
    assert run(xml, tmp_path, "--explain", "--layerids_of_the_terminating_output", "9999") == 1
    assert "no layer '9999'" in capsys.readouterr().err


def test_the_model_can_end_where_it_ends(alike, tmp_path):
    result = ov.Core().read_model(alike).get_results()[1].get_friendly_name()
    flag = f"--layerids_of_the_terminating_output={number_of(alike, result)}"
    assert run(alike, tmp_path, "--output_saved_model", flag) == 0
    assert list(orders(tmp_path)) == ["a", "first"]


def test_an_input_that_is_not_needed_goes_and_all_outputs_of_a_layer_stay(tmp_path):
    x, y = parameter("x", 1, 4, 2, 2), parameter("y", 1, 4, 2, 2)
    parts = ops.split(ops.relu(x), ops.constant(1), 2)
    parts.set_friendly_name("parts")
    xml = saved(tmp_path, {"r": ops.add(parts.output(0), parts.output(1)), "s": ops.relu(y)}, x, y)
    assert run(xml, tmp_path, FLOAT, "--layerids_of_the_terminating_output", "parts") == 0
    assert list(orders(tmp_path)) == ["x", "parts.0", "parts.1"]


# Ops said otherwise ---------------------------------------------------------------------------


X = RNG.normal(size=(1, 3, 8, 8)).astype(np.float32)


@pytest.mark.parametrize(
    ("flags", "gone", "come"),
    [
        ([], [], ["HARD_SWISH", "PRELU", "LOGISTIC"]),
        (["--optimizing_hardswish_for_edgetpu"], ["HARD_SWISH"], ["ADD", "MUL"]),
        (["--replace_prelu_and_minmax"], ["PRELU"], ["MINIMUM"]),
        (["--replace_argmax"], ["TOPK_V2", "ARG_MAX"], ["REDUCE_MAX", "CAST"]),
        (["--replace_argmax_indices_to_float32"], ["TOPK_V2", "ARG_MAX", "CAST"], ["REDUCE_MAX"]),
    ],
)
def test_ops_said_otherwise_are_equal(xml, tmp_path, flags, gone, come):
    assert run(xml, tmp_path, FLOAT, *flags) == 0
    found = operators(tmp_path)
    assert not set(gone) & set(found)
    assert set(come) <= set(found)
    index, best = reference(xml, X)
    made = answers(tmp_path, x=X)
    np.testing.assert_array_equal(made["index"], index)
    np.testing.assert_allclose(made["best"], best, rtol=1e-4, atol=1e-5)
    kind = np.float32 if "float32" in "".join(flags) else np.int64
    assert made["index"].dtype == kind


def test_swish_and_hardswish_change_places(xml, tmp_path, capsys):
    assert run(xml, tmp_path, FLOAT, "--replace_swish_and_hardswish") == 0
    assert operators(tmp_path)["HARD_SWISH"] == operators(tmp_path)["LOGISTIC"] == 1
    difference = np.abs(answers(tmp_path, x=X)["best"] - reference(xml, X)[1]).max()
    assert difference > 1e-3
    assert "--replace_swish_and_hardswish: " in capsys.readouterr().err


def test_a_flag_without_anything_to_replace_says_so(alike, tmp_path, capsys):
    assert run(alike, tmp_path, "--explain", "--replace_prelu_and_minmax") == 0
    assert "there is nothing to replace" in capsys.readouterr().err


def test_overrides_come_from_a_file(xml, tmp_path, capsys):
    (tmp_path / "o.yaml").write_text("- {op: conv, insert: {after: 0, type: Abs}}\n")
    assert run(xml, tmp_path, FLOAT, "--overrides", str(tmp_path / "o.yaml")) == 0
    assert operators(tmp_path)["ABS"] == 1
    (tmp_path / "o.yaml").write_text("- {op: conf, layout: as_written}\n")
    assert run(xml, tmp_path, FLOAT, "--overrides", str(tmp_path / "o.yaml")) == 1
    assert "matches no op" in capsys.readouterr().err


def test_explain_prints_what_remains(xml, tmp_path, capsys):
    assert run(xml, tmp_path, "--explain") == 0
    assert "transposes remain" in capsys.readouterr().out
    assert not (tmp_path / "interface.json").exists()


# Calibration ----------------------------------------------------------------------------------


def picture_net(folder, channels: int = 3):
    x = parameter("x", 1, channels, 8, 8)
    return saved(folder, {"y": convolution(x)}, x)


INTEGER = "--output_full_integer_quant_tflite"


def input_range(folder) -> float:
    """The widest value that the calibrated input stands for."""
    (detail,) = tflite(folder / "model_full_integer_quant.tflite").get_input_details()
    scale, _ = detail["quantization"]
    return scale * 255


@pytest.mark.parametrize(("formula", "width"), [((), 2.0), (("data / 255",), 1.0)])
def test_pictures_in_an_array_go_through_the_formula(tmp_path, formula, width):
    pictures = RNG.integers(0, 256, (3, 16, 12, 3)).astype(np.uint8)
    pictures[:, :8, :6], pictures[:, 8:, 6:] = 0, 255
    np.save(tmp_path / "p.npy", pictures)
    flags = ["--load_dest_file_path_for_the_calib_npy", str(tmp_path / "p.npy")]
    flags += [f"--string_formulas_for_normalization={text}" for text in formula]
    assert run(picture_net(tmp_path), tmp_path, INTEGER, *flags) == 0
    assert input_range(tmp_path) == pytest.approx(width, rel=0.05)


def test_pictures_in_a_folder_are_shown_in_grey_where_wanted(tmp_path):
    for number in range(2):
        data = RNG.integers(0, 256, (8, 8, 3)).astype(np.uint8)
        Image.fromarray(data).save(tmp_path / f"{number}.png")
    flags = ["--calib_ds_type", "pictures"]
    flags += ["--load_dest_folder_path_for_the_calib_pictures", str(tmp_path)]
    assert run(picture_net(tmp_path, 1), tmp_path, INTEGER, *flags) == 0
    assert 0.5 < input_range(tmp_path) <= 2.0


@pytest.mark.parametrize("content", [None, b"", b"text"])
def test_a_folder_without_pictures_is_refused_before_any_is_shown(tmp_path, capsys, content):
    flag = "--load_dest_folder_path_for_the_calib_pictures"
    flags = ["--calib_ds_type", "pictures", flag, str(tmp_path)]
    if content is not None:
        (tmp_path / "a.png").write_bytes(content)
    assert run(picture_net(tmp_path), tmp_path, INTEGER, *flags) == 1
    cause = "holds no picture" if content is None else "a.png: is no picture that can be read"
    assert cause in capsys.readouterr().err


def test_a_data_set_of_tfds_is_used_if_there_is_such_a_package(tmp_path, monkeypatch, capsys):
    flags = ["--calib_ds_type", "tfds", "--tfds_download_flg"]
    flags += ["--ds_name_for_tfds_for_calibration", "cats"]
    flags += ["--split_name_for_tfds_for_calibration", "train"]
    flags += ["--download_dest_folder_path_for_the_calib_tfds", str(tmp_path)]
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", None)
    assert run(picture_net(tmp_path), tmp_path, INTEGER, *flags) == 1
    assert "TensorFlow Datasets is not installed" in capsys.readouterr().err
    asked = {}

    def load(**given):
        asked.update(given)
        pictures = RNG.integers(0, 256, (12, 8, 8, 3)).astype(np.uint8)
        return SimpleNamespace(take=lambda n: [{"image": p} for p in pictures[:n]])

    monkeypatch.setitem(sys.modules, "tensorflow_datasets", SimpleNamespace(load=load))
    assert run(picture_net(tmp_path), tmp_path, INTEGER, *flags) == 0
    wanted = {"name": "cats", "split": "train", "data_dir": tmp_path, "download": True}
    assert asked == wanted


@pytest.mark.parametrize(
    ("arrays", "cause"),
    [
        (None, "none are named"),
        ({"a": np.zeros((2, 3, 8, 8))}, "the samples have 'a'"),
        ({"a": np.zeros((2, 3, 8, 8)), "z": np.zeros((2, 8, 8, 3))}, "has shape [8, 8, 3]"),
        ({"a": np.zeros((2, 3, 8, 8)), "z": np.zeros((3, 3, 8, 8))}, "not as many samples"),
    ],
)
def test_calibration_that_does_not_fit_is_refused(alike, tmp_path, capsys, arrays, cause):
    flags = []
    if arrays is not None:
        np.savez(tmp_path / "s.npz", **arrays)
        flags = ["--load_dest_file_path_for_the_calib_npy", str(tmp_path / "s.npz")]
    assert run(alike, tmp_path, INTEGER, *flags) == 1
    assert cause in capsys.readouterr().err


def test_a_picture_is_stored_as_the_input_is():
    picture = RNG.integers(0, 256, (6, 4, 3)).astype(np.uint8)
    last = shown(Port("x", (1, 6, 4, 3), (0, 2, 3, 1), "float32"), picture, expression("data"))
    first = shown(Port("x", (1, 3, 6, 4), (0, 1, 2, 3), "float32"), picture, expression("data"))
    np.testing.assert_array_equal(last[0], picture)
    np.testing.assert_array_equal(first.transpose(0, 2, 3, 1), last)
    with pytest.raises(ZooError, match="cannot show a picture"):
        shown(Port("x", (1, 7), (0, 1), "float32"), picture, expression("data"))


# Formulas -------------------------------------------------------------------------------------

DATA = np.arange(24, dtype=np.float32).reshape(2, 4, 3)


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("(data - [127.5,127.5,127.5]) / [127.5,127.5,127.5]", (DATA - 127.5) / 127.5),
        ("data / 255", DATA / 255),
        ("(data / 255 - (0.5, 0.4, 0.3)) / 0.2", (DATA / 255 - [0.5, 0.4, 0.3]) / 0.2),
        ("-data ** 2 % 7 + +1", -(DATA**2) % 7 + 1),
        ("data[..., ::-1]", DATA[..., ::-1]),
        ("clip(data, 2, 9) // 2", np.clip(DATA, 2, 9) // 2),
        ("max(sqrt(abs(data)), min(exp(-data), log(data + 1)))", None),
        ("data[0, 1:-1]", DATA[0, 1:-1]),
    ],
)
def test_formulas_are_arithmetic(text, wanted):
    made = expression(text)(DATA)
    assert made.dtype == np.float32
    if wanted is not None:
        np.testing.assert_allclose(made, wanted, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').system('true')",
        "data.tofile('x')",
        "open('x')",
        "[x for x in data]",
        "(lambda: data)()",
        "data if data else 0",
        "data and 1",
        "data < 3",
        "image / 255",
        "'data'",
        "True * data",
        "1j * data",
        "data[data]",
        "data[1.5:]",
        "clip(data, a_max=3)",
        "data @ data",
        "~1",
        "data = 3",
        "import os",
        "",
        "data +",
        "(" * 300 + "data" + ")" * 300,
        "f'{data}'",
        "data := 3",
        "\0",
    ],
)
def test_all_else_is_refused(text):
    with pytest.raises(ZooError, match="formula"):
        expression(text)


@pytest.mark.parametrize("text", ["data / 0", "9 ** 9 ** 9 * data", "log(data - 50)"])
def test_numbers_that_are_none_are_refused(text):
    with pytest.raises(ZooError, match="not finite"):
        expression(text)(DATA)


def test_shapes_that_do_not_fit_are_refused():
    with pytest.raises(ZooError, match="does not fit"):
        expression("data - [1, 2]")(DATA)


def test_a_formula_never_runs_what_it_is_not(tmp_path):
    words = ["data", "1", "[1,2,3]", "abs", "(", ")", "+", "*", ",", ".", "os", "'x'", "[", "]"]
    for parts in itertools.product(words, repeat=3):
        try:
            made = expression(" ".join(parts))(DATA)
        except ZooError:
            continue
        assert isinstance(made, np.ndarray)
