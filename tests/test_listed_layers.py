"""Every layer that openvino2tensorflow lists (table 3 of its README) converts, or is none of ours.

Names are the table's; where OpenVINO calls a type otherwise, both stand here.
"""

from __future__ import annotations

import numpy as np
import openvino as ov
import pytest
from openvino.runtime import opset8
from openvino.runtime import opset13 as ops

from converters.ir_to_tf import convert as _registers_every_op
from converters.ir_to_tf.dynamic import DYNAMIC
from converters.ir_to_tf.reader import graph_of
from converters.ir_to_tf.registry import OPS
from converters.ir_to_tf.simplify import simplified
from tests.cases import all_cases

assert _registers_every_op
TABLE = """
Parameter Const Convolution Add ReLU PReLU MaxPool AvgPool GroupConvolution ConvolutionBackpropData
Concat Multiply Tan Tanh Elu Sigmoid HardSigmoid SoftPlus Swish Interpolate ShapeOf Convert
StridedSlice Pad Clamp TopK Transpose Squeeze Unsqueeze ReduceMean ReduceMax ReduceMin ReduceSum
ReduceProd Subtract MatMul Reshape Range Exp Abs SoftMax Negative Maximum Minimum Acos Acosh Asin
Asinh Atan Atanh Ceiling Cos Cosh Sin Sinh Gather Divide Erf Floor FloorMod HSwish Log Power Mish
Selu Equal NotEqual Greater GreaterEqual Less LessEqual Select LogicalAnd LogicalNot LogicalOr
LogicalXor Broadcast Split VariadicSplit MVN NonZero ReduceL2 SpaceToDepth DepthToSpace Sqrt
SquaredDifference FakeQuantize Tile GatherND NonMaxSuppression Gelu NormalizeL2
ScatterElementsUpdate ROIAlign ScatterNDUpdate GatherElements ConvertLike ReduceL1 ShuffleChannels
PriorBoxClustered CumSum PriorBox ReverseSequence ExtractImagePatches LogSoftmax Einsum
ScatterUpdate Result
"""
LISTED = TABLE.split()
IN_OPENVINO = {"Const": "Constant", "PReLU": "PRelu", "ReLU": "Relu", "SoftMax": "Softmax"}
PARTS_OF_A_GRAPH = {
    "Parameter": "an input of the function, in a layout that the plan gives it",
    "Result": "an output of the function, likewise",
    "Constant": "a value of the graph, stored as its readers want it",
}
REWRITTEN = {
    "ShuffleChannels": "Reshape and Transpose",
    "DepthToSpace": "Reshape and Transpose, or Blocks",
    "SpaceToDepth": "Reshape and Transpose, or Blocks",
    "StridedSlice": "Slice and Reshape where its bounds are known",
}
"""What the graph says in other words, before layouts are chosen."""
KNOWN_BEFORE = {
    "ShapeOf": "the sizes of a known shape",
    "Range": "of known bounds",
    "PriorBox": "boxes of known sizes",
    "PriorBoxClustered": "boxes of known sizes",
}
"""What the reader makes constants of, where what it depends on is known."""


def test_the_list_is_whole():
    assert len(LISTED) == len(set(LISTED)) == 108


@pytest.mark.parametrize("name", LISTED)
def test_a_listed_layer_converts(name):
    kind = IN_OPENVINO.get(name, name)
    known = {*PARTS_OF_A_GRAPH, *REWRITTEN, *KNOWN_BEFORE}
    assert kind in OPS or DYNAMIC + kind in OPS or kind in known


@pytest.mark.parametrize("name", sorted({*LISTED} - {*PARTS_OF_A_GRAPH, *KNOWN_BEFORE, "Const"}))
def test_a_listed_layer_has_rows_that_run_against_openvino(name):
    kind = IN_OPENVINO.get(name, name)
    assert any(case.type == kind for case in all_cases())


def boxes(image, clustered: bool):
    """Priors over a map of features, whose sizes and the image's are told by ShapeOf."""

    def space(x):
        return ops.strided_slice(ops.shape_of(x), *map(np.int64, ([2], [4], [1])), [0], [0])

    features = ops.max_pool(image, [4, 4], [1, 1], [0, 0], [0, 0], [4, 4]).output(0)
    words = {"step": 4.0, "offset": 0.5, "variance": [0.1, 0.1, 0.2, 0.2], "clip": False}
    if clustered:
        words = {"step_widths": 4.0, "step_heights": 4.0, "offset": 0.5, "variance": [0.1]}
        words |= {"width": [8.0, 12.0], "height": [6.0, 9.0], "clip": False}
        return ops.prior_box_clustered(space(features), space(image), words)
    words |= {"min_size": [8.0], "max_size": [12.0], "aspect_ratio": [2.0], "flip": True}
    return opset8.prior_box(space(features), space(image), words)


def known_before(kind: str, image):
    if kind.startswith("PriorBox"):
        return boxes(image, kind.endswith("Clustered"))
    if kind == "ShapeOf":
        return ops.convert(ops.shape_of(image), "f32")
    return ops.range(*(ops.constant(np.float32(n)) for n in (0, 5, 1)), "f32")


@pytest.mark.parametrize("kind", sorted(KNOWN_BEFORE))
def test_what_depends_on_known_shapes_only_is_a_constant(kind):
    image = ops.parameter([1, 3, 16, 20], np.float32)
    source = ov.Model([ops.result(known_before(kind, image))], [image])
    (wanted,) = ov.Core().compile_model(source, "CPU")([np.zeros((1, 3, 16, 20), "f")]).values()
    graph = simplified(graph_of(source))
    (result,) = graph.outputs
    assert {node.type for node in graph.nodes} == {"Parameter", "Result"}
    np.testing.assert_allclose(result.inputs[0].constant, wanted, rtol=1e-6)
