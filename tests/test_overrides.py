"""Overrides: each does what it says, to numbers or to the plan; one that does nothing is told."""

from __future__ import annotations

import json
from argparse import Namespace

import numpy as np
import openvino as ov
import pytest
import tensorflow as tf
import yaml
from openvino.runtime import opset13 as ops

from converters import tf as tf_stage
from converters.ir_to_tf.convert import Options, convert
from converters.ir_to_tf.errors import ConversionError
from converters.ir_to_tf.overrides import change_graph, change_model, read_overrides
from converters.ir_to_tf.reader import graph_of
from converters.recipes import load_recipe
from converters.recipes.problems import InvalidRecipe

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]
RNG = np.random.default_rng(5)
X = RNG.normal(size=(1, 4, 6, 6)).astype(np.float32)


def named(node, name: str):
    node.set_friendly_name(name)
    return node


def network() -> ov.Model:
    """Channels first; a convolution, an activation, a scale, a softmax over channels."""
    x = named(ops.parameter([1, 4, 6, 6], np.float32), "x")
    x.output(0).set_names({"x"})
    filters = RNG.normal(size=(4, 4, 1, 1)).astype(np.float32)
    made = named(ops.convolution(x, filters, [1, 1], [0, 0], [0, 0], [1, 1]), "conv")
    bent = named(ops.prelu(made, named(ops.constant(np.float32([0.5])), "slope")), "act/bent")
    scaled = named(ops.multiply(bent, named(ops.constant(np.float32([2])), "two")), "act/scaled")
    y = named(ops.softmax(scaled, 1), "prob")
    y.output(0).set_names({"y"})
    return ov.Model([ops.result(y)], [x])


def changed(text: str, model: ov.Model | None = None):
    """The plan and the output of a network under some entries, in the IR's order of axes."""
    model = network() if model is None else model
    record = change_model(model, yaml.safe_load(text))
    made = change_graph(graph_of(model), record)
    converted = convert(made.graph, Options(made.inputs, made.outputs))
    (source,), (port,) = converted.inputs, converted.outputs
    given = tf.constant(X.transpose(source.order))
    (result,) = converted.function(**{converted.function._arg_keywords[0]: given}).values()
    return converted, np.asarray(result).transpose(np.argsort(port.order)), record


def expected(model: ov.Model) -> np.ndarray:
    compiled = ov.Core().compile_model(model, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    return np.array(compiled([X])[0])


def tail(values: np.ndarray) -> np.ndarray:
    exp = np.exp(values - values.max(1, keepdims=True))
    return exp / exp.sum(1, keepdims=True)


def conv_of(model: ov.Model) -> np.ndarray:
    op = next(op for op in model.get_ordered_ops() if op.get_friendly_name() == "conv")
    return expected(ov.Model([ops.result(op)], model.get_parameters()))


def close(a: np.ndarray, b: np.ndarray) -> bool:
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=1e-4, atol=1e-5))


def test_without_entries_nothing_changes():
    model = network()
    wanted = expected(model)
    converted, made, record = changed("[]", model)
    assert close(made, wanted) and record == [] and converted.plan.count == 0


@pytest.mark.parametrize("layout", ["as_written", "[0, 1, 2, 3]", "[0, 3, 1, 2]"])
def test_a_layout_is_pinned_and_paid_for(layout):
    model = network()
    wanted = expected(model)
    converted, made, record = changed(f"[{{op: act/scaled, layout: {layout}}}]", model)
    assert close(made, wanted)
    assert converted.plan.count == 2
    assert record[0]["applied_to"] == ["act/scaled"]


def test_a_layout_of_an_input_or_output_is_a_wish():
    converted, _, _ = changed("[{op: x, layout: as_written}, {op: y, layout: as_written}]")
    assert converted.inputs[0].order == converted.outputs[0].order == (0, 1, 2, 3)
    with pytest.raises(ConversionError, match="as_written or channels_last"):
        changed("[{op: x, layout: [0, 3, 2, 1]}]")


def test_a_layout_of_other_rank_is_refused():
    with pytest.raises(ConversionError, match="orders the axes of no tensor"):
        changed("[{op: conv, layout: [0, 2, 1]}]")


@pytest.mark.parametrize(
    "entry",
    ["{op: act/bent, constant: {input: 1, value: [0.25]}}", "{op: slope, constant: {value: 0.25}}"],
)
def test_a_constant_has_another_value(entry):
    model = network()
    inner = conv_of(model)
    _, made, _ = changed(f"[{entry}]", model)
    assert close(made, tail(2 * np.where(inner > 0, inner, inner * 0.25)))


def test_constants_in_half_precision_are_constants_too(tmp_path):
    model = network()
    ov.save_model(model, tmp_path / "model.xml", compress_to_fp16=True)
    read = ov.Core().read_model(tmp_path / "model.xml")
    assert any(op.get_type_name() == "Convert" for op in read.get_ordered_ops())
    _, made, _ = changed("[{op: conv, constant: {input: 1, value: 0.5}}]", read)
    inner = np.repeat(X.sum(1, keepdims=True) * 0.5, 4, axis=1)
    assert close(made, tail(2 * np.where(inner > 0, inner, inner * 0.5)))


def test_an_input_that_is_no_constant_is_told():
    with pytest.raises(ConversionError, match="input 0 is not a constant but Convolution 'conv'"):
        changed("[{op: act/bent, constant: {input: 0, value: 1}}]")


def test_an_attribute_has_another_value():
    model = network()
    inner = conv_of(model)
    _, made, _ = changed("[{op: prob, attribute: {axis: 3}}]", model)
    scaled = 2 * np.where(inner > 0, inner, inner * 0.5)
    assert close(made, tail(scaled.swapaxes(1, 3)).swapaxes(1, 3))


@pytest.mark.parametrize(
    ("entry", "cause"),
    [
        ("{op: prob, attribute: {axes: 3}}", "no attribute 'axes'"),
        ("{op: prob, attribute: {axis: 9}}", "shapes do not fit"),
        ("{op: prob, replace: {type: Softmin}}", "no op of that type"),
        ("{op: prob, replace: {type: Softmax, attributes: {axes: 1}}}", "no attribute 'axes'"),
        ("{op: prob, insert: {after: 1, type: Relu}}", "no output 1"),
        ("{op: prob, insert: {before: 1, type: Relu}}", "no input 1"),
        ("{op: x, attribute: {shape: 3}}", "only a layout"),
        ("{op: prob}", "nothing to be done"),
    ],
)
def test_what_cannot_be_done_is_told(entry, cause):
    with pytest.raises(ConversionError, match=cause):
        changed(f"[{entry}]")


def test_an_op_is_replaced_by_a_primitive():
    model = network()
    inner = conv_of(model)
    _, made, record = changed('[{op: "*/bent", replace: {type: Relu}}]', model)
    assert close(made, tail(2 * np.maximum(inner, 0)))
    assert record[0]["applied_to"] == ["act/bent"]


def test_a_replacement_reads_chosen_inputs_and_constants_of_its_own():
    model = network()
    inner = conv_of(model)
    steps = "constants: [[[[1]], [[2]], [[3]], [[4]]]]"
    entry = f"{{op: act/scaled, replace: {{type: Add, inputs: [0], {steps}}}}}"
    _, made, _ = changed(f"[{entry}]", model)
    bent = np.where(inner > 0, inner, inner * 0.5)
    assert close(made, tail(bent + np.arange(1, 5).reshape(4, 1, 1)))


@pytest.mark.parametrize("place", ["before: 0", "after: 0"])
def test_an_op_is_inserted(place):
    model = network()
    inner = conv_of(model)
    name = "prob" if place.startswith("before") else "act/scaled"
    _, made, _ = changed(f"[{{op: {name}, insert: {{{place}, type: Abs}}}}]", model)
    assert close(made, tail(np.abs(2 * np.where(inner > 0, inner, inner * 0.5))))


def test_an_op_behind_an_output_keeps_its_public_name_and_may_change_its_shape():
    entry = "{op: prob, insert: {after: 0, type: Transpose, constants: [[0, 2, 3, 1]]}}"
    model = network()
    wanted = expected(model)
    converted, made, _ = changed(f"[{entry}, {{op: y, layout: as_written}}]", model)
    assert converted.outputs[0].name == "y"
    assert close(made, wanted.transpose(0, 2, 3, 1))
    assert converted.plan.count == 0


def test_an_entry_that_matches_nothing_names_the_nearest():
    with pytest.raises(ConversionError) as refusal:
        changed("[{op: prop, attribute: {axis: 1}}]")
    assert "override of 'prop': matches no op" in str(refusal.value)
    assert "'prob'" in str(refusal.value)
    with pytest.raises(ConversionError, match="'act/bent', 'act/scaled'"):
        changed('[{op: "act", layout: as_written}]')


def test_a_pattern_means_every_op_that_it_matches():
    _, _, record = changed('[{op: "act/*", layout: channels_last}]')
    assert record[0]["applied_to"] == ["act/bent", "act/scaled"]


def test_a_file_is_checked_like_a_recipe(tmp_path):
    good = tmp_path / "good.yaml"
    good.write_text("- {op: prob, layout: as_written}\n")
    assert read_overrides(good) == ({"op": "prob", "layout": "as_written"},)
    bad = tmp_path / "bad.yaml"
    bad.write_text("- {op: prob, layouts: as_written}\n- {op: x, layout: NHWC}\n")
    with pytest.raises(InvalidRecipe) as refusal:
        read_overrides(bad)
    assert "bad.yaml:1: [0].layouts: unknown field; did you mean layout?" in str(refusal.value)
    assert "bad.yaml:2: [1].layout: 'NHWC' must be as_written" in str(refusal.value)
    with pytest.raises(ConversionError, match="does not exist"):
        read_overrides(tmp_path / "none.yaml")


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
  - {name: x, shape: [1, 4, 6, 6], layout: NCHW}
outputs:
  - {name: y}
tf:
  overrides:
    - {op: "act/b*", replace: {type: Relu}}
    - {op: y, layout: as_written}
data:
  noise: {kind: random}
verification: {data: noise}
"""


def test_a_recipe_has_overrides_and_the_facts_record_them(tmp_path):
    folder = tmp_path / "models" / "tiny"
    folder.mkdir(parents=True)
    (folder / "recipe.yaml").write_text(RECIPE)
    (folder / "network.onnx").write_bytes(b"not read here")
    ov.save_model(network(), tmp_path / "model.xml", compress_to_fp16=False)
    (variant,) = load_recipe(folder).variants
    places = {name: tmp_path / f"{name}.json" for name in ("interface", "facts")}
    where = {"models": tmp_path / "models", "xml": tmp_path / "model.xml"}
    asked = {"model": "tiny", "variant": variant, "out": tmp_path / "saved_model"}
    tf_stage.run(Namespace(**asked, **where, **places))
    facts = json.loads(places["facts"].read_text())
    assert [entry["applied_to"] for entry in facts["overrides"]] == [["act/bent"], ["y"]]
    assert "PRelu" not in facts["ir_operators"] and facts["ir_operators"]["Relu"] == 1
    interface = json.loads(places["interface"].read_text())
    assert interface["outputs"][0]["order"] == [0, 1, 2, 3]
    assert interface["inputs"][0]["order"] == [0, 2, 3, 1]
