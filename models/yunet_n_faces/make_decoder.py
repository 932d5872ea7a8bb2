"""Write decoder.onnx, which turns YuNet's nine maps of boxes into one list.

    python models/yunet_n_faces/make_decoder.py

Per cell of strides 8, 16 and 32 the network says class, objectness and a box: its centre lies
(cell + p) * stride, its size is exp(p) * stride, and its score is sqrt(class * objectness).
"""

from pathlib import Path

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from converters.surgery.boxes import cells

SIZE, STRIDES = (160, 160), (8, 16, 32)
KINDS = {"cls": 1, "obj": 1, "bbox": 4}


def decoder() -> onnx.ModelProto:
    """boxes [1, n, 4] of corners in pixels, scores [1, 1, n]."""
    grid = cells(SIZE, STRIDES)[None]
    stored = {"place": grid[..., :2], "stride": grid[..., 2:], "half": np.float32(0.5)}
    inputs, nodes = [], []
    for kind, width in KINDS.items():
        names = [f"{kind}_{stride}" for stride in STRIDES]
        for name, stride in zip(names, STRIDES, strict=True):
            count = SIZE[0] // stride * (SIZE[1] // stride)
            inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, count, width]))
        nodes.append(helper.make_node("Concat", names, [kind], axis=1))
    for kind, reads, makes in (
        ("Mul", ["cls", "obj"], "product"),
        ("Sqrt", ["product"], "votes"),
        ("Slice", ["bbox", "from_0", "to_2", "last"], "moves"),
        ("Slice", ["bbox", "to_2", "to_4", "last"], "extents"),
        ("Add", ["moves", "place"], "moved"),
        ("Mul", ["moved", "stride"], "centres"),
        ("Exp", ["extents"], "powers"),
        ("Mul", ["powers", "stride"], "sizes"),
        ("Mul", ["sizes", "half"], "halves"),
        ("Sub", ["centres", "halves"], "low"),
        ("Add", ["centres", "halves"], "high"),
    ):
        nodes.append(helper.make_node(kind, reads, [makes]))
    nodes.append(helper.make_node("Concat", ["low", "high"], ["boxes"], axis=2))
    nodes.append(helper.make_node("Transpose", ["votes"], ["scores"], perm=[0, 2, 1]))
    stored |= {n: np.array([v], np.int64) for n, v in (("from_0", 0), ("to_2", 2), ("to_4", 4))}
    stored["last"] = np.array([2], np.int64)
    n = grid.shape[1]
    outputs = [
        helper.make_tensor_value_info("boxes", TensorProto.FLOAT, [1, n, 4]),
        helper.make_tensor_value_info("scores", TensorProto.FLOAT, [1, 1, n]),
    ]
    weights = [numpy_helper.from_array(value, name) for name, value in stored.items()]
    graph = helper.make_graph(nodes, "decoder", inputs, outputs, weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 11)], ir_version=8)


if __name__ == "__main__":
    model = decoder()
    onnx.checker.check_model(model, full_check=True)
    onnx.save(model, Path(__file__).parent / "decoder.onnx")
