"""Weights alone in 8 bits: what a file keeps is int8, what a runtime computes with is float.

TensorFlow's own "weight quantisation" is its dynamic range kind, which rounds activations too. Here
a DEQUANTIZE stands between a weight and the operator that reads it; runtimes do it once, when the
file is loaded. Nothing but the rounding of weights is lost, on any data.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from converters.aligned import packed
from converters.datasets.preprocess import Array

CHANNELS = {
    "BATCH_MATMUL": None,
    "CONV_2D": 0,
    "CONV_3D": 4,
    "DEPTHWISE_CONV_2D": 3,
    "FULLY_CONNECTED": 0,
    "TRANSPOSE_CONV": 0,
}
"""Operators whose second input is weights, and the axis whose steps have a scale of their own."""

SMALLEST = 1024
"""Elements below which a tensor stays in float, as in TensorFlow's dynamic range kind."""

VERSIONS = {False: 2, True: 5}
"""The version of DEQUANTIZE: of int8, and of int8 with a scale per channel."""


def in_int8(tflite: bytes) -> bytes:
    """A float32 file with its weights as int8, each behind a DEQUANTIZE."""
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(tflite, 0)
    for graph in model.subgraphs:
        read: dict[int, int] = {}
        for operator, axis in list(_readers(model, graph)):
            number = int(operator.inputs[1])
            if number not in read and _is_weight(model, graph.tensors[number]):
                read[number] = _dequantised(model, graph, number, axis)
            inputs = [int(each) for each in operator.inputs]
            operator.inputs = [inputs[0], read.get(number, number), *inputs[2:]]
    return packed(model)


def _readers(model: Any, graph: Any) -> Iterator[tuple[Any, int | None]]:
    """The operators that read weights, and the axis of their channels."""
    from ai_edge_litert import schema_py_generated as schema

    known = {getattr(schema.BuiltinOperator, name): axis for name, axis in CHANNELS.items()}
    for operator in graph.operators:
        code = model.operatorCodes[operator.opcodeIndex]
        number = max(code.builtinCode, code.deprecatedBuiltinCode)
        if number in known:
            yield operator, known[number]


def _is_weight(model: Any, tensor: Any) -> bool:
    from ai_edge_litert import schema_py_generated as schema

    data = model.buffers[tensor.buffer].data
    is_float = tensor.type == schema.TensorType.FLOAT32
    return bool(is_float and data is not None and len(data) >= 4 * SMALLEST)


def _dequantised(model: Any, graph: Any, number: int, axis: int | None) -> int:
    """Keep a tensor as int8; the number of the tensor that holds it in float again."""
    from ai_edge_litert import schema_py_generated as schema

    tensor = graph.tensors[number]
    values = np.frombuffer(bytes(model.buffers[tensor.buffer].data), np.float32)
    kept, scales = rounded(values.reshape(tensor.shape), axis)
    again = schema.TensorT()
    again.name, again.shape, again.type = tensor.name + b"_float", tensor.shape, tensor.type
    again.buffer = 0  # the empty one
    graph.tensors.append(again)
    buffer = schema.BufferT()
    buffer.data = np.frombuffer(kept.tobytes(), np.uint8)
    model.buffers.append(buffer)
    sharing = [t for g in model.subgraphs for t in g.tensors if t.buffer == tensor.buffer]
    if len(sharing) == 1:
        model.buffers[tensor.buffer].data = None
    tensor.buffer, tensor.type = len(model.buffers) - 1, schema.TensorType.INT8
    tensor.quantization = schema.QuantizationParametersT()
    tensor.quantization.scale = scales
    tensor.quantization.zeroPoint = np.zeros(len(scales), np.int64)
    tensor.quantization.quantizedDimension = axis or 0
    operator = schema.OperatorT()
    operator.opcodeIndex = _code(model, VERSIONS[len(scales) > 1])
    operator.inputs, operator.outputs = [number], [len(graph.tensors) - 1]
    operator.builtinOptionsType = schema.BuiltinOptions.DequantizeOptions
    operator.builtinOptions = schema.DequantizeOptionsT()
    graph.operators.insert(0, operator)
    return len(graph.tensors) - 1


def rounded(values: Array, axis: int | None) -> tuple[Array, Array]:
    """Whole numbers from -127 to 127, and the scale of each channel."""
    others = tuple(i for i in range(values.ndim) if i != axis)
    largest = np.abs(values).max(axis=others, keepdims=True)
    scales = np.where(largest > 0, largest / np.float32(127), np.float32(1)).astype(np.float32)
    kept = np.clip(np.rint(values / scales), -127, 127).astype(np.int8)
    return kept, scales.ravel()


def _code(model: Any, version: int) -> int:
    """The number of DEQUANTIZE among the file's operator codes, in a version or higher."""
    from ai_edge_litert import schema_py_generated as schema

    wanted = schema.BuiltinOperator.DEQUANTIZE
    for number, code in enumerate(model.operatorCodes):
        if max(code.builtinCode, code.deprecatedBuiltinCode) == wanted:
            code.version = max(code.version, version)
            return number
    code = schema.OperatorCodeT()
    code.builtinCode = code.deprecatedBuiltinCode = wanted
    code.version = version
    model.operatorCodes.append(code)
    return len(model.operatorCodes) - 1
