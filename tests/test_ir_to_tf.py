"""From IR to .tflite: what the plan says is what the file holds, and names are kept."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import openvino as ov
import pytest
import tensorflow as tf
from openvino.runtime import opset1
from openvino.runtime import opset13 as ops

from converters import flatbuffer
from converters.errors import RecipeError
from converters.ir_to_tf import __main__ as command
from converters.ir_to_tf.convert import Options, convert, read_graph, save_saved_model, to_tflite
from converters.ir_to_tf.errors import (
    ConversionError,
    DynamicShapeError,
    UnknownAttributeError,
    UnsupportedError,
)
from converters.ir_to_tf.graph import Graph, Node
from converters.ir_to_tf.reader import graph_of
from converters.ir_to_tf.registry import attributes_for
from converters.ir_to_tf.signature import settle_fingerprint, signature_names
from converters.ir_to_tf.text import parse
from converters.recipes.recipe import Input, Output
from converters.tf import input_wish, options_for, output_wish

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
]
RNG = np.random.default_rng(3)


def weights(*shape: int) -> ov.runtime.Node:
    return ops.constant(RNG.normal(size=shape).astype(np.float32) / np.sqrt(np.prod(shape[1:])))


def conv(x, made: int, size: int = 3, activate: bool = True, stride: int = 1, rate: int = 1):
    read = x.get_output_shape(0)[1]
    pad = [size // 2 * rate] * 2
    filters = weights(made, read, size, size)
    y = ops.convolution(x, filters, [stride] * 2, pad, pad, [rate] * 2)
    y = ops.add(y, weights(1, made, 1, 1))
    return ops.relu(y) if activate else y


def named(node, name: str):
    node.set_friendly_name(name)
    node.output(0).set_names({name})
    return node


def model(outputs: dict, *inputs) -> ov.Model:
    results = []
    for name, node in outputs.items():
        results.append(ops.result(named(node, name)))
    return ov.Model(results, list(inputs))


def picture(name: str = "x", *shape: int):
    return named(ops.parameter(shape or (1, 3, 16, 16), np.float32), name)


def resize(x, like):
    return ops.interpolate(
        x,
        np.array(like.get_output_shape(0)[2:]),
        mode="linear_onnx",
        shape_calculation_mode="sizes",
        coordinate_transformation_mode="half_pixel",
        axes=np.array([2, 3]),
    )


def rsu_block() -> ov.Model:
    """The residual U-block of U^2-Net, with two side outputs."""
    x = picture()
    a = conv(x, 8)
    b = conv(a, 4)
    c = conv(pool(b), 4)
    d = conv(c, 4, rate=2)
    e = conv(ops.concat([d, c], 1), 4)
    f = conv(ops.concat([resize(e, b), b], 1), 8)
    y = ops.add(f, a)
    d1 = conv(y, 1, activate=False)
    d2 = resize(conv(e, 1, activate=False), d1)
    d0 = conv(ops.concat([d1, d2], 1), 1, size=1, activate=False)
    sides = {"F.sigmoid(d0)": d0, "F.sigmoid(d1)": d1, "d2/out:0": d2}
    return model({name: ops.sigmoid(side) for name, side in sides.items()}, x)


def pool(x):
    return opset1.max_pool(x, [2] * 2, [0] * 2, [0] * 2, [2] * 2, "ceil")


def classifier() -> ov.Model:
    x = picture("images:0")
    a = conv(x, 8, stride=2)
    flat = ops.reshape(a, np.array([1, -1]), False)
    dense = ops.add(ops.matmul(flat, weights(512, 10), False, False), weights(1, 10))
    return model({"scores": ops.softmax(dense, 1)}, x)


def pixel_shuffle() -> ov.Model:
    x = picture("input.1")
    return model({"y": ops.depth_to_space(conv(x, 12), "depth_first", 2)}, x)


def squeeze_excite() -> ov.Model:
    x = picture()
    a = conv(x, 8)
    mean = ops.reduce_mean(a, np.array([2, 3]), True)
    gate = ops.sigmoid(conv(conv(mean, 4, 1), 8, 1, False))
    return model({"y": ops.multiply(a, gate)}, x)


def detector() -> ov.Model:
    x = picture()
    a = conv(x, 8, stride=2)
    b = conv(a, 8, stride=2)
    boxes = []
    for scale in (a, b):
        t = ops.transpose(conv(scale, 12, activate=False), np.array([0, 2, 3, 1]))
        boxes.append(ops.reshape(t, np.array([1, -1, 4]), False))
    joined = ops.concat(boxes, 1)
    return model({"scores": ops.softmax(joined, 2), "boxes": ops.exp(joined)}, x)


def instance_norm() -> ov.Model:
    x = picture()
    a = ops.mvn(conv(x, 8), np.array([2, 3]), True, 1e-5, "inside_sqrt")
    y = ops.prelu(a, ops.constant(np.float32([0.1] * 8)))
    return model({"y": y}, x)


def two_inputs() -> ov.Model:
    z, a = picture("z"), picture("a")
    return model({"second": conv(ops.subtract(z, a), 3), "first": conv(a, 3)}, z, a)


NETS = {
    f.__name__: f
    for f in (
        rsu_block,
        classifier,
        pixel_shuffle,
        squeeze_excite,
        detector,
        instance_norm,
        two_inputs,
    )
}


def compared(source: ov.Model, options: Options | None = None):
    """Convert, run both, and return the conversion, its flatbuffer and the worst error."""
    from ai_edge_litert.interpreter import Interpreter

    converted = convert(graph_of(source.clone()), options)
    tflite = to_tflite(converted)
    runner = Interpreter(model_content=tflite, num_threads=1).get_signature_runner()
    given = [RNG.uniform(size=p.shape).astype(np.float32) for p in source.inputs]
    core = ov.Core().compile_model(source, "CPU", {"INFERENCE_PRECISION_HINT": "f32"})
    expected = core(given)
    stored = {p.name: d.transpose(p.order) for p, d in zip(converted.inputs, given, strict=True)}
    made = runner(**stored)
    errors = []
    for number, port in enumerate(converted.outputs):
        wanted = expected[number].transpose(port.order)
        assert made[port.name].shape == wanted.shape == port.shape
        errors.append(np.abs(made[port.name] - wanted).max() / np.abs(wanted).max())
    return converted, tflite, max(errors)


@pytest.mark.parametrize("name", NETS)
def test_network_is_equal_and_needs_no_transpose(name):
    converted, tflite, error = compared(NETS[name]())
    assert error < 1e-4
    assert flatbuffer.count_transposes(tflite) == converted.plan.count == 0


def test_an_output_kept_costs_the_transpose_that_the_plan_says(tmp_path):
    options = Options(outputs={"y": "as_written"}, inputs={"x": "as_written"})
    converted, tflite, error = compared(squeeze_excite(), options)
    assert error < 1e-4
    path = tmp_path / "kept.tflite"
    path.write_bytes(tflite)
    assert flatbuffer.transposes(path) == (converted.plan.count, converted.plan.bytes)
    assert converted.plan.count == 2
    assert converted.outputs[0].order == (0, 1, 2, 3)


def test_operators_are_the_fewest(tmp_path):
    _, tflite, _ = compared(rsu_block())
    path = tmp_path / "rsu.tflite"
    path.write_bytes(tflite)
    assert flatbuffer.operators(path) == {
        "CONV_2D": 9,
        "CONCATENATION": 3,
        "RESIZE_BILINEAR": 2,
        "MAX_POOL_2D": 1,
        "ADD": 1,
        "LOGISTIC": 3,
    }


def test_names_and_their_order_are_kept_where_shapes_are_equal():
    converted, tflite, _ = compared(two_inputs())
    from ai_edge_litert.interpreter import Interpreter

    signature = Interpreter(model_content=tflite).get_signature_list()["serving_default"]
    assert sorted(signature["inputs"]) == ["a", "z"]
    assert sorted(signature["outputs"]) == ["first", "second"]
    assert [port.name for port in converted.inputs] == ["z", "a"]
    assert [port.name for port in converted.outputs] == ["second", "first"]


@pytest.mark.parametrize("name", ["classifier", "pixel_shuffle", "rsu_block"])
def test_saved_model_carries_the_public_names(name, tmp_path):
    converted = convert(graph_of(NETS[name]()))
    save_saved_model(converted, tmp_path / "sm")
    inputs, outputs = signature_names(tmp_path / "sm")
    assert inputs == sorted(port.name for port in converted.inputs)
    assert outputs == sorted(port.name for port in converted.outputs)
    call = tf.saved_model.load(str(tmp_path / "sm")).signatures["serving_default"]
    feeds = {port.name: tf.zeros(port.shape) for port in converted.inputs}
    assert set(call(**feeds)) == set(outputs)


def test_command_writes_and_explains(tmp_path, capsys):
    ov.save_model(squeeze_excite(), tmp_path / "m.xml", compress_to_fp16=True)
    out = tmp_path / "out"
    flags = ["--output_saved_model", "--output_no_quant_float32_tflite", "--explain"]
    paths = ["--model_path", str(tmp_path / "m.xml"), "--model_output_path", str(out)]
    assert command.main([*paths, *flags]) == 0
    assert flatbuffer.operators(out / "model_float32.tflite")["CONV_2D"] == 3
    assert (out / "saved_model.pb").exists()
    assert "0 transposes remain" in capsys.readouterr().out


def test_unsupported_ops_are_named_all_at_once():
    x = picture("x", 1, 4, 8)
    words = {"convert_type": "i32", "with_replacement": True, "log_probs": False}
    drawn = ops.multinomial(ops.reshape(x, np.array([4, 8]), False), np.array(3), **words)
    again = ops.multinomial(ops.convert(drawn, "f32"), np.array(2), **words)
    source = model({"y": ops.erf(ops.convert(again, "f32"))}, x)
    with pytest.raises(UnsupportedError) as refusal:
        convert(graph_of(source))
    assert "2 layers of 1 unsupported types" in str(refusal.value)
    assert "remedy" in str(refusal.value)


def test_an_attribute_that_nobody_reads_is_an_error():
    graph = graph_of(squeeze_excite())
    relu = next(node for node in graph.nodes if node.type == "Relu")
    odd = Node(relu.name, relu.type, relu.inputs, relu.outputs, {"slope": 0.5})
    with pytest.raises(UnknownAttributeError, match="slope"):
        attributes_for(odd)


def test_a_dynamic_shape_is_refused_with_the_way_out(tmp_path):
    x = named(ops.parameter([-1, 3, 8, 8], np.float32), "x")
    ov.save_model(ov.Model([ops.relu(x)], [x]), tmp_path / "m.xml")
    with pytest.raises(DynamicShapeError) as refusal:
        read_graph(tmp_path / "m.xml")
    assert "fixed shapes" in str(refusal.value)


def test_a_wish_for_an_unknown_name_is_refused():
    with pytest.raises(ConversionError) as refusal:
        convert(graph_of(squeeze_excite()), Options(inputs={"nobody": "as_written"}))
    assert "its inputs are 'x'" in str(refusal.value)


def test_graphs_are_checked():
    graph = graph_of(squeeze_excite())
    with pytest.raises(ConversionError, match="before it is made"):
        Graph(graph.nodes[::-1]).checked()


@pytest.mark.parametrize(
    ("declared", "wish"),
    [
        (Input("x", (1, 3, 8, 8), "NCHW"), "channels_last"),
        (Input("x", (1, 3, 8, 8), "NCHW", keep_layout=True), "as_written"),
        (Input("x", (1, 8, 8, 3), "NHWC"), "as_written"),
        (Input("x", (1, 3, 8), "NCW"), "channels_last"),
        (Input("x", (1, 8)), "as_written"),
    ],
)
def test_a_recipe_says_how_an_input_is_stored(declared, wish):
    assert input_wish(declared) == wish


def test_a_recipe_says_how_outputs_are_stored_and_called():
    assert output_wish(Output("y", layout="as-is")) == "as_written"
    assert output_wish(Output("y")) == "free"
    graph = graph_of(rsu_block())
    declared = SimpleNamespace(
        inputs=(Input("x", (1, 3, 16, 16), "NCHW"),),
        outputs=(Output("F.sigmoid(d0)", rename="d0"), Output("F.sigmoid(d1)"), Output("d2/out")),
        stages={"tf": {}},
    )
    options = options_for(declared, graph)
    assert options.rename["F.sigmoid(d0)"] == "d0"
    assert options.rename["d2/out:0"] == "d2/out"
    assert options.from_channels_first


def test_a_recipe_that_names_no_output_of_the_model_is_refused():
    declared = SimpleNamespace(inputs=(), outputs=(Output("nothing"),))
    with pytest.raises(RecipeError) as refusal:
        options_for(declared, graph_of(squeeze_excite()))
    assert "name one of 'y'" in str(refusal.value)


def test_the_fingerprint_of_a_saved_model_does_not_come_from_chance(tmp_path):
    from tensorflow.core.protobuf import fingerprint_pb2

    graph = parse("""
        x[1,3,4,4] = Parameter()
        a[1,6,4,4] = Convolution(x, #[6,3,1,1])
        y[1,6,4,4] = Result(a)
    """)
    save_saved_model(convert(graph), tmp_path)
    path = tmp_path / "fingerprint.pb"
    kept = path.read_bytes()
    drawn = fingerprint_pb2.FingerprintDef.FromString(kept)
    drawn.uuid = "12345"
    path.write_bytes(drawn.SerializeToString())
    settle_fingerprint(tmp_path)
    assert path.read_bytes() == kept
