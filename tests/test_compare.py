"""Looking inside: every op beside OpenVINO's result, in numbers that a wrong op cannot hide."""

from __future__ import annotations

from argparse import Namespace

import numpy as np
import openvino as ov
import pytest
import tensorflow as tf
from openvino.runtime import opset13 as ops

from converters import blame
from converters.ir_to_tf import __main__ as command
from converters.ir_to_tf.compare import compared, difference, told
from converters.ir_to_tf.convert import convert
from converters.ir_to_tf.debug import axes, statistics
from converters.ir_to_tf.errors import ConversionError
from converters.ir_to_tf.reader import graph_of
from converters.ir_to_tf.registry import OPS
from converters.ir_to_tf.tables import table
from converters.ir_to_tf.trace import reference, traced, values_for
from converters.recipes import load_recipe
from converters.verify import suspect
from converters.verify.limits import Check

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]
RNG = np.random.default_rng(6)


def named(node, name: str):
    node.set_friendly_name(name)
    return node


def network() -> ov.Model:
    """Two convolutions, a channel shuffle between them, a wrap of rank 3 at the end."""
    x = named(ops.parameter([1, 4, 6, 8], np.float32), "x")
    x.output(0).set_names({"x"})
    a = named(ops.relu(convolution(x, "first")), "bent")
    b = named(ops.shuffle_channels(a, 1, 2), "shuffled")
    c = named(ops.sigmoid(convolution(b, "second")), "gate")
    y = named(ops.reshape(c, np.array([1, 4, -1]), False), "rows")
    y.output(0).set_names({"y"})
    return ov.Model([ops.result(y)], [x])


def convolution(x, name: str):
    filters = RNG.normal(size=(4, 4, 3, 3)).astype(np.float32)
    return named(ops.convolution(x, filters, [1, 1], [1, 1], [1, 1], [1, 1]), name)


def wrongly(x, *_):
    return tf.sigmoid(x) + tf.constant([[[[0.0, 0.0, 0.0, 0.25]]]])


@pytest.fixture
def broken(monkeypatch):
    """Sigmoid adds to one channel."""
    right = OPS["Sigmoid"]
    monkeypatch.setitem(OPS, "Sigmoid", right._replace(emit=lambda _, x: wrongly(x)))


def test_a_trace_has_the_values_of_openvino_in_the_axes_of_the_ir():
    model = network()
    plan = convert(graph_of(model.clone())).plan
    feeds = values_for(plan.graph)
    trace = {each.value.name: each for each in traced(plan, feeds)}
    known = reference(model, feeds, set(trace))
    assert {"first:0", "bent:0", "shuffled:0", "gate:0", "rows:0"} <= set(known)
    assert trace["first:0"].shape == (1, 6, 8, 4)
    for name, data in known.items():
        np.testing.assert_allclose(trace[name].data, data, rtol=1e-4, atol=1e-5)


def test_ops_that_are_right_are_told_to_be():
    model = network()
    plan = convert(graph_of(model.clone())).plan
    found = compared(plan, model, values_for(plan.graph), 1e-4)
    assert found.first is None
    assert len(found.each) >= 6
    assert "no op differs" in told(found, {})


def test_the_first_op_that_differs_is_named_and_no_innocent_one(broken):
    model = network()
    plan = convert(graph_of(model.clone())).plan
    found = compared(plan, model, values_for(plan.graph), 1e-4)
    assert found.first is not None and found.first.node.name == "gate"
    assert found.first.own.max_abs == pytest.approx(0.25, abs=1e-5)
    guilty = [each.tensor for each in found.each if each.own.of_largest > 1e-4]
    assert guilty == ["gate:0"]
    assert next(e for e in found.each if e.tensor == "rows:0").gathered.max_abs > 0.2
    text = told(found, {"gate": 17})
    assert "first that differs: Sigmoid 'gate' (layer 17): tensor 'gate:0' differs by 0.25" in text
    assert 'override to try: {op: "gate", layout: as_written}' in text
    assert text.splitlines()[5].split() == ["17", "Sigmoid", "gate:0", "0.25", "0.25", "0.25"]


def test_sizes_that_depend_on_values_are_compared_too():
    x = named(ops.parameter([1, 4, 6, 8], np.float32), "x")
    places = named(
        ops.non_zero(named(ops.relu(ops.subtract(x, np.float32(0.5))), "above")), "places"
    )
    doubled = named(ops.multiply(ops.convert(places, "f32"), np.float32(2)), "doubled")
    doubled.output(0).set_names({"y"})
    model = ov.Model([ops.result(doubled)], [x])
    plan = convert(graph_of(model.clone())).plan
    found = compared(plan, model, values_for(plan.graph), 0.0)
    assert {"above:0", "places:0", "doubled:0"} <= {each.tensor for each in found.each}
    assert found.first is None


@pytest.mark.parametrize(
    ("made", "wanted", "max_abs", "of_largest"),
    [
        ([1.0, 2.0], [1.0, 4.0], 2.0, 0.5),
        ([np.nan, np.inf], [np.nan, np.inf], 0.0, 0.0),
        ([np.nan, 1.0], [1.0, 1.0], np.inf, np.inf),
        ([np.inf], [-np.inf], np.inf, np.inf),
        ([1e-6], [0.0], 1e-6, 1e-3),
        ([], [], 0.0, 0.0),
        ([True, False], [True, True], 1.0, 1.0),
    ],
)
def test_differences(made, wanted, max_abs, of_largest):
    found = difference(np.array(made), np.array(wanted))
    assert found == pytest.approx((max_abs, of_largest))


def test_other_shapes_are_as_far_apart_as_can_be():
    assert difference(np.zeros(3), np.zeros((3, 1))).max_abs == np.inf


def test_statistics_tell_what_is_no_number():
    assert statistics(np.array([1.0, np.nan, 3.0, np.inf])) == ["1", "3", "2", "2"]
    assert statistics(np.array([True, False])) == ["0", "1", "0.5", "0"]
    assert statistics(np.array([np.nan])) == ["", "", "", "1"]


def test_layouts_tell_torn_axes():
    assert axes(((0, 0), (2, 0), (1, 0))) == "0 2 1"
    assert axes(((1, 1), (2, 0), (1, 0))) == "1.1 2 1.0"
    assert axes(((2, 0), (1, 0), (1, 1))) == "2 1"
    assert axes(((1, 1), (1, 0))) == "1.1 1.0"


def test_tables_cut_long_texts_in_the_middle():
    lines = table(("a", "b"), [["x" * 60, "1"]]).splitlines()
    assert lines[2] == "x" * 22 + "..." + "x" * 22 + "  1"
    assert lines[1].split() == ["-" * 47, "-"]


# The command ----------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def xml(tmp_path_factory):
    path = tmp_path_factory.mktemp("ir") / "model.xml"
    ov.save_model(network(), path, compress_to_fp16=False)
    return path


def run(xml, *flags: str) -> int:
    return command.main(["--model_path", str(xml), *flags])


def test_debug_prints_a_row_per_tensor(xml, capsys):
    assert run(xml, "--debug") == 0
    rows = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert rows[0][:6] == ["layer", "type", "name", "shape", "stored", "axes"]
    first = next(row for row in rows if row[2] == "first:0")
    assert first[1:8] == ["Convolution", "first:0", "1x4x6x8", "1x6x8x4", "2", "3", "1"]


def layer_number(xml, name: str) -> int:
    from converters.ir_to_tf.surgery import layer_names

    return next(number for number, each in layer_names(xml).items() if each == name)


def test_one_layer_stands_beside_openvino(xml, capsys):
    assert run(xml, "--debug_layer_number", str(layer_number(xml, "gate"))) == 0
    out = capsys.readouterr().out
    assert "Sigmoid" in out and "second:0" not in out.splitlines()[0]
    assert "reads second:0 1x4x6x8" in out
    found = next(line for line in out.splitlines() if "max abs difference" in line)
    assert float(found.split()[-1]) < 1e-5
    assert "OpenVINO" in out


def test_one_layer_that_is_said_in_others_is_still_shown(xml, capsys):
    assert run(xml, "--debug_layer_number", str(layer_number(xml, "shuffled"))) == 0
    assert "shuffled:0" in capsys.readouterr().out


def test_a_layer_that_is_not_there_is_told(xml, capsys):
    assert run(xml, "--debug_layer_number", "999") == 1
    assert "no layer of that number" in capsys.readouterr().err


def test_compare_each_has_a_status_of_its_own(xml, capsys, broken):
    assert run(xml, "--compare-each") == 3
    assert "first that differs: Sigmoid 'gate'" in capsys.readouterr().out
    assert run(xml, "--compare_each", "--tolerance", "0.5") == 0
    assert "no op differs" in capsys.readouterr().out


def test_given_inputs_are_used(xml, tmp_path, capsys):
    np.savez(tmp_path / "zeros.npz", x=np.zeros((1, 4, 6, 8), np.float32))
    assert run(xml, "--debug", "--inputs", str(tmp_path / "zeros.npz")) == 0
    row = next(line for line in capsys.readouterr().out.splitlines() if " x:0 " in line)
    assert row.split()[-4:] == ["0", "0", "0", "0"]


@pytest.mark.parametrize(
    ("arrays", "cause"),
    [
        ({"z": np.zeros(3)}, "it holds 'z', but not 'x'"),
        ({"x": np.zeros((1, 6, 8, 4))}, "has shape [1, 6, 8, 4], the IR says [1, 4, 6, 8]"),
    ],
)
def test_inputs_that_do_not_fit_are_refused(xml, tmp_path, capsys, arrays, cause):
    np.savez(tmp_path / "odd.npz", **arrays)
    assert run(xml, "--debug", "--inputs", str(tmp_path / "odd.npz")) == 1
    assert cause in capsys.readouterr().err


def test_a_model_without_an_xml_has_no_numbers(tmp_path):
    from converters.ir_to_tf.surgery import layer_names

    assert layer_names(tmp_path / "model.onnx") == {}


def test_inputs_that_cannot_be_read_are_refused(tmp_path):
    (tmp_path / "text.npz").write_text("no arrays")
    graph = graph_of(network())
    with pytest.raises(ConversionError, match="cannot be read"):
        values_for(graph, tmp_path / "text.npz")


# A failed verification -----------------------------------------------------------------------


RECIPE = """\
schema: 1
id: tiny
name: A small network
task: regression
license: {spdx: MIT}
sources:
  network: {kind: file, path: network.onnx}
load: {framework: onnx, model: network}
inputs:
  - {name: x, shape: [1, 4, 6, 8], layout: NCHW}
outputs:
  - {name: y}
data:
  noise: {kind: random}
verification: {data: noise}
"""


@pytest.fixture
def variant_of_recipe(tmp_path):
    """A recipe, and its IR where a build would put it."""
    folder = tmp_path / "models" / "tiny"
    folder.mkdir(parents=True)
    (folder / "recipe.yaml").write_text(RECIPE)
    (folder / "network.onnx").write_bytes(b"not read here")
    (name,) = load_recipe(folder).variants
    ir = tmp_path / "results" / "tiny" / name / "ir"
    ir.mkdir(parents=True)
    ov.save_model(network(), ir / "model.xml", compress_to_fp16=False)
    places = {"models": tmp_path / "models", "sources": tmp_path / "sources"}
    artifact = {"artifact": "saved_model", "path": ir.parent / "saved_model"}
    return Namespace(model="tiny", variant=name, **places, **artifact)


def test_a_wrong_op_is_blamed_with_the_override_to_try(variant_of_recipe, broken, capsys):
    args = variant_of_recipe
    words = [args.model, args.variant, "--models", str(args.models), "--xml"]
    assert blame.main([*words, str(args.path.parent / "ir" / "model.xml")]) == 0
    out = capsys.readouterr().out
    assert out.startswith("first op that differs: Sigmoid 'gate': tensor 'gate:0' differs by 0.25")
    assert out.rstrip().endswith('try: tf: {overrides: [{op: "gate", layout: as_written}]}')
    assert blame.main([*words, "none.xml"]) == 1
    assert "OpenVINO cannot read it" in capsys.readouterr().err


WRONG, HELD = Check("max_abs", 0.1, 0.2, "y"), Check("max_abs", 0.1, 0.05, "y")
LARGE = Check("bytes", 1.0, 2.0)


def test_a_failed_verification_asks_which_op_it_was(variant_of_recipe):
    args = variant_of_recipe
    assert suspect.advice(args, [WRONG]).startswith("; no op differs from OpenVINO")
    assert suspect.advice(args, [HELD, LARGE]) == ""
    args.artifact = "ir"
    assert suspect.advice(args, [WRONG]) == ""
    args.artifact = "int8"
    assert suspect.advice(args, [WRONG]) == ""
    args.artifact, args.variant = "frozen_pb", "none"
    assert "run python -m converters.blame tiny none" in suspect.advice(args, [WRONG])
    args.path = args.path.parent.parent / "model.tflite"
    assert suspect.advice(args, [WRONG]) == ""
