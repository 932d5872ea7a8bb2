"""FastestDet's own way with boxes, as nodes: of each cell [objectness, x, y, w, h, classes].

A centre is (cell + tanh) / cells, a size is a sigmoid of the picture's, a score is
objectness^0.6 * class^0.4 (utils/tool.py of the authors' repository).
"""

import numpy as np
import onnx
from onnx import helper, numpy_helper

CELLS = 22
CLASSES = 80


def change(model: onnx.ModelProto) -> onnx.ModelProto:
    """Boxes [1, 484, 4] and scores [1, 80, 484] in the place of the map [1, 85, 22, 22]."""
    graph = model.graph
    source = graph.output[0].name
    y, x = np.mgrid[:CELLS, :CELLS].astype(np.float32)
    stored = {
        "cells": np.stack([x, y], -1).reshape(1, -1, 2),
        "flat": np.array([1, 5 + CLASSES, -1], np.int64),
        "parts": np.array([1, 2, 2, CLASSES], np.int64),
        "count": np.float32(CELLS),
        "half": np.float32(0.5),
        "of_object": np.float32(0.6),
        "of_class": np.float32(0.4),
    }
    graph.initializer.extend(numpy_helper.from_array(v, f"decode/{k}") for k, v in stored.items())

    def node(kind, inputs, outputs, **attributes):
        inputs = [f"decode/{name}" if name != source else name for name in inputs]
        outputs = [name if name in ("boxes", "scores") else f"decode/{name}" for name in outputs]
        graph.node.append(helper.make_node(kind, inputs, outputs, **attributes))

    node("Reshape", [source, "flat"], ["columns"])
    node("Transpose", ["columns"], ["rows"], perm=[0, 2, 1])
    node("Split", ["rows", "parts"], ["object", "moves", "extents", "classes"], axis=2)
    node("Tanh", ["moves"], ["moved"])
    node("Add", ["moved", "cells"], ["places"])
    node("Div", ["places", "count"], ["centres"])
    node("Sigmoid", ["extents"], ["sizes"])
    node("Mul", ["sizes", "half"], ["halves"])
    node("Sub", ["centres", "halves"], ["low"])
    node("Add", ["centres", "halves"], ["high"])
    node("Concat", ["low", "high"], ["boxes"], axis=2)
    node("Pow", ["object", "of_object"], ["there"])
    node("Pow", ["classes", "of_class"], ["kinds"])
    node("Mul", ["there", "kinds"], ["votes"])
    node("Transpose", ["votes"], ["scores"], perm=[0, 2, 1])
    del graph.output[:]
    for name, shape in (("boxes", [1, CELLS**2, 4]), ("scores", [1, CLASSES, CELLS**2])):
        value = helper.make_tensor_value_info(name, onnx.TensorProto.FLOAT, shape)
        graph.output.append(value)
    return model
