"""The zoo's chain in one process: PyTorch, ONNX, onnxsim, OpenVINO IR, TensorFlow Lite."""

from __future__ import annotations

import io
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import numpy as np
import onnx
import onnxsim
import openvino as ov
import torch
from torch import nn

from converters import flatbuffer
from converters.export.pytorch import DEFAULT_OPSET
from converters.ir_to_tf.convert import Converted, Options, convert, to_tflite
from converters.ir_to_tf.graph import Graph
from converters.ir_to_tf.layout.wishes import Wish
from converters.ir_to_tf.reader import graph_of
from converters.mo import backends
from converters.mo.request import Request

WARNINGS = (
    "DeprecationWarning",
    "FutureWarning",
    "UserWarning",
    "torch.jit.TracerWarning",
)
"""Of the exporters and converters of others, on the way."""

LAST: Wish = "channels_last"


def onnx_of(network: nn.Module, example: torch.Tensor) -> onnx.ModelProto:
    """The network as the export and simplify stages leave it."""
    target = io.BytesIO()
    words = {"opset_version": DEFAULT_OPSET, "input_names": ["x"]}
    torch.onnx.export(network, (example,), target, dynamo=False, **words)
    simple, _ = onnxsim.simplify(onnx.load_from_string(target.getvalue()), check_n=0)
    return simple


def ir_of(network: nn.Module, example: torch.Tensor, backend: str = "mo") -> ov.Model:
    """The network as the mo stage leaves it."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "network.onnx"
        onnx.save(onnx_of(network, example), path)
        return backends.converted(Request("onnx", path), backend)


class Result(NamedTuple):
    """A network's conversion, beside what PyTorch computes."""

    converted: Converted
    transposes: int
    operators: Counter[str]
    error: float


def options_of(graph: Graph, rows: bool = True) -> Options:
    """What a recipe says of images, sounds and videos: channels last."""
    inputs = [node.name for node in graph.inputs if node.outputs[0].rank > 2]
    outputs = [] if rows else [node.name for node in graph.outputs]
    return Options(dict.fromkeys(inputs, LAST), dict.fromkeys(outputs, LAST))


def run(network: nn.Module, example: torch.Tensor, rows: bool = True) -> Result:
    """The whole chain, and the worst difference of any output in parts of its largest value."""
    with torch.inference_mode():
        wanted = network(example)
    wanted = wanted if isinstance(wanted, tuple) else (wanted,)
    graph = graph_of(ir_of(network, example))
    converted = convert(graph, options_of(graph, rows))
    tflite = to_tflite(converted)
    with TemporaryDirectory() as folder:
        path = Path(folder) / "model.tflite"
        path.write_bytes(tflite)
        operators = flatbuffer.operators(path)
    made = computed(converted, tflite, example.numpy())
    error = max(
        float(np.abs(a - b.numpy().transpose(port.order)).max() / np.abs(b.numpy()).max())
        for a, b, port in zip(made, wanted, converted.outputs, strict=True)
    )
    return Result(converted, operators["TRANSPOSE"], operators, error)


def computed(converted: Converted, tflite: bytes, data: np.ndarray) -> list[Any]:
    """The outputs of a flatbuffer, in the order of the source."""
    from ai_edge_litert.interpreter import Interpreter

    runner = Interpreter(model_content=tflite, num_threads=1).get_signature_runner()
    (port,) = converted.inputs
    made = runner(**{port.name: data.transpose(port.order)})
    return [made[port.name] for port in converted.outputs]
