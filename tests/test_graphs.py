"""Structures of networks as the pages draw them: what is a node, what is counted, how light."""

from __future__ import annotations

import re
from xml.etree import ElementTree

import numpy as np
import pytest

from converters.site import plots
from converters.site.graphs import drawing, formats
from converters.site.graphs.kinds import KINDS, kind_of
from converters.site.graphs.structure import Ends, Op, structure


def chain(length: int):
    ops = [Op("Relu", f"r{i}", [str(i)], [str(i + 1)]) for i in range(length)]
    skips = [Op("Add", f"a{i}", [str(i), str(i + 7)], [f"s{i}"]) for i in range(0, length - 7, 9)]
    return structure("chain", [*ops, *skips], Ends(["0"], [str(length)]), {}, 0)


def test_what_is_made_of_constants_alone_is_no_node():
    ops = [
        Op("Cast", "of a constant", ["weights"], ["cast"]),
        Op("MatMul", "product", ["x", "cast"], ["y"]),
    ]
    found = structure("s", ops, Ends(["x"], ["y"]), {"y": "1x4"}, 12)
    assert dict(found.operators) == {"MatMul": 1}
    assert found.edges == (("i0", "n1"), ("n1", "o0"))
    assert [node.shape for node in found.nodes] == ["", "1x4", "1x4"]


def test_an_onnx_file_is_counted(tmp_path):
    onnx = pytest.importorskip("onnx")
    helper, numpy_helper = onnx.helper, onnx.numpy_helper
    weights = numpy_helper.from_array(np.zeros((4, 3, 1, 1), np.float32), "w")
    shape = numpy_helper.from_array(np.array([1, -1], np.int64), "shape")
    nodes = [
        helper.make_node("Transpose", ["x"], ["t"], perm=[0, 3, 1, 2]),
        helper.make_node("Conv", ["t", "w"], ["c"]),
        helper.make_node("Reshape", ["c", "shape"], ["y"]),
    ]
    ends = [
        helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, dims)
        for name, dims in (("x", [1, 2, 2, 3]), ("y", [1, 16]))
    ]
    graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], [weights, shape])
    onnx.save(helper.make_model(graph), tmp_path / "m.onnx")
    found = formats.onnx(tmp_path / "m.onnx", "ONNX")
    assert dict(found.operators) == {"Transpose": 1, "Conv": 1, "Reshape": 1}
    assert found.parameters == 12  # a shape is no weight
    assert found.transposes == 1
    assert 'class="k-transpose"' in drawing.svg(found)


def test_an_ir_is_read_whatever_the_order_of_its_layers(tmp_path):
    layers = """
      <layer id="2" name="y" type="Result"><input><port id="0"/></input></layer>
      <layer id="1" name="r" type="ReLU"><input><port id="0"/></input>
        <output><port id="1"><dim>1</dim><dim>8</dim></port></output></layer>
      <layer id="0" name="x" type="Parameter"><output><port id="0"/></output></layer>
      <layer id="3" name="w" type="Const"><data element_type="f32" shape="2, 5"/></layer>"""
    edges = """<edge from-layer="0" from-port="0" to-layer="1" to-port="0"/>
      <edge from-layer="1" from-port="1" to-layer="2" to-port="0"/>"""
    path = tmp_path / "model.xml"
    path.write_text(f"<net><layers>{layers}</layers><edges>{edges}</edges></net>")
    found = formats.ir(path, "IR")
    assert [(node.type, node.name, node.shape) for node in found.nodes] == [
        ("input", "x", ""),
        ("ReLU", "r", "1x8"),
        ("output", "r", "1x8"),
    ]
    assert found.parameters == 10


def test_six_hundred_nodes_stay_light_and_every_node_is_drawn():
    found = chain(600)
    picture = drawing.svg(found)
    assert len(picture) < 200_000  # four stations stay below 1 MB
    root = ElementTree.fromstring(picture)
    assert len(root.findall(".//rect")) == len(found.nodes) > 600
    places = re.findall(r"translate\((-?\d+) (-?\d+)\)", picture)
    assert len(set(places)) == len(found.nodes)


@pytest.mark.parametrize(
    ("operator", "kind"),
    [
        ("CONV_2D", "convolution"),
        ("DepthwiseConv2dNative", "convolution"),
        ("FULLY_CONNECTED", "matmul"),
        ("Transpose", "transpose"),
        ("TRANSPOSE_CONV", "convolution"),
        ("MaxPool", "pool"),
        ("DEQUANTIZE", "quantise"),
        ("Relu", "activate"),
        ("Interpolate", "resize"),
        ("CONCATENATION", "join"),
        ("MEAN", "reduce"),
        ("Add", "arithmetic"),
        ("NonMaxSuppression", "other"),
    ],
)
def test_formats_share_the_kinds(operator, kind):
    assert kind_of(operator) == kind
    assert kind in (*KINDS, "other")


def test_a_plot_says_its_values_in_words():
    listed = [
        plots.Bar("a", 1e-6, "1e-06"),
        plots.Bar("<b>", 1e-2, "1e-02"),
        plots.Bar("c", None, ""),
    ]
    picture = plots.bars("Error", listed, plots.logarithmic)
    assert 'aria-label="Error: a 1e-06; &lt;b&gt; 1e-02"' in picture
    lengths = [float(w) for w in re.findall(r'class="bar[^>]+width="([\d.]+)"', picture)]
    assert len(lengths) == 2 and lengths[0] < lengths[1]
    assert plots.bars("Error", [plots.Bar("c", None, "")], plots.linear) == ""
