"""The float twin of a quantised TFLite file: the same graph, computing on what its integers mean.

An integer q of a tensor stands for scale * (q - zero point)
(https://ai.google.dev/edge/litert/models/quantization_spec). Constants are replaced by what they
stand for, QUANTIZE and DEQUANTIZE fall away, and an operator whose output could hold nothing below
zero gets the ReLU that the rounding was. What is lost is only the rounding of activations.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from converters.aligned import packed
from converters.datasets.preprocess import Array
from converters.errors import ZooError

CONVERSIONS = ("QUANTIZE", "DEQUANTIZE", "FAKE_QUANT")
"""Operators that change how values are stored, and in floats do nothing."""

INTEGERS: Mapping[str, Any] = {
    "INT4": np.int8,
    "INT8": np.int8,
    "UINT8": np.uint8,
    "INT16": np.int16,
    "INT32": np.int32,
    "INT64": np.int64,
}
"""Types whose elements may stand for floats; two of INT4 share a byte."""

MAY_CLIP = (
    "ADD",
    "CONV_2D",
    "DEPTHWISE_CONV_2D",
    "FULLY_CONNECTED",
    "MUL",
    "SUB",
    "TRANSPOSE_CONV",
)
"""Operators that every runtime lets end in a ReLU."""

FLOATS = {"FLOAT16": np.float16, "FLOAT32": np.float32}


def is_quantised(tflite: bytes) -> bool:
    """Whether any tensor of the file holds integers that stand for floats."""
    return any(_stands_for_floats(tensor) for _, tensor in _tensors(_model(tflite)))


def float_twin(tflite: bytes) -> bytes:
    """The same network as a file of floats: names, order and shapes stay."""
    model = _model(tflite)
    for buffer in model.buffers:
        _bring_in(buffer, tflite)
    at_zero = {id(tensor) for _, tensor in _tensors(model) if _ends_at_zero(tensor)}
    for _, tensor in list(_tensors(model)):
        _dequantise(model, tensor)
    for graph in model.subgraphs:
        _clip_at_zero(model, graph, at_zero)
        _pass_conversions(model, graph)
    return packed(model)


def _model(tflite: bytes) -> Any:
    from ai_edge_litert import schema_py_generated as schema

    if tflite[4:8] != b"TFL3":
        raise ZooError(
            "not a TFLite flatbuffer",
            subject="load.model",
            remedy="name a .tflite file, or another framework",
        )
    return schema.ModelT.InitFromPackedBuf(tflite, 0)


def _tensors(model: Any) -> Iterator[tuple[Any, Any]]:
    for graph in model.subgraphs:
        for tensor in graph.tensors:
            yield graph, tensor


def _type_of(tensor: Any) -> str:
    from ai_edge_litert import schema_py_generated as schema

    names = {v: k for k, v in vars(schema.TensorType).items() if not k.startswith("_")}
    return str(names[tensor.type])


def _scales(tensor: Any) -> Array:
    scale = None if tensor.quantization is None else tensor.quantization.scale
    return np.asarray([] if scale is None else scale, np.float32)


def _stands_for_floats(tensor: Any) -> bool:
    return _type_of(tensor) in INTEGERS and bool(np.any(_scales(tensor) != 0))


def _bring_in(buffer: Any, tflite: bytes) -> None:
    """Large files keep constants behind the flatbuffer, where an offset points."""
    if buffer.offset and buffer.offset > 1:
        stored = tflite[buffer.offset : buffer.offset + buffer.size]
        buffer.data, buffer.offset, buffer.size = np.frombuffer(stored, np.uint8), 0, 0


def _dequantise(model: Any, tensor: Any) -> None:
    """Make a tensor float32: its type, and what a constant holds."""
    from ai_edge_litert import schema_py_generated as schema

    kind, data = _type_of(tensor), model.buffers[tensor.buffer].data
    if kind != "FLOAT16" and not _stands_for_floats(tensor):
        return
    if data is not None and len(data):
        values = meaning(bytes(data), kind, tensor)
        buffer = schema.BufferT()
        buffer.data = np.frombuffer(values.astype(np.float32).tobytes(), np.uint8)
        model.buffers.append(buffer)  # another tensor may share the old one
        tensor.buffer = len(model.buffers) - 1
    tensor.type, tensor.quantization = schema.TensorType.FLOAT32, None


def meaning(data: bytes, kind: str, tensor: Any) -> Array:
    """The floats that a constant's bytes stand for, in the tensor's shape."""
    shape = tuple(() if tensor.shape is None else map(int, tensor.shape))
    if kind in FLOATS:
        return np.frombuffer(data, FLOATS[kind]).reshape(shape).astype(np.float32)
    stored = np.frombuffer(data, INTEGERS[kind])
    if kind == "INT4":
        stored = np.stack([stored << 4 >> 4, stored >> 4], axis=-1).ravel()
    scales, zeros = _scales(tensor), np.asarray(tensor.quantization.zeroPoint, np.int64)
    values = stored[: int(np.prod(shape))].reshape(shape)
    if scales.size > 1:
        axis = int(tensor.quantization.quantizedDimension)
        along = [-1 if i == axis else 1 for i in range(len(shape))]
        scales, zeros = scales.reshape(along), zeros.reshape(along if zeros.size > 1 else [])
    shifted = values.astype(np.float64) - (zeros if zeros.size else 0)
    floats: Array = (shifted * scales).astype(np.float32)
    return floats


def _ends_at_zero(tensor: Any) -> bool:
    """Whether the least integer of an activation stands for zero: everything below became zero."""
    if not _stands_for_floats(tensor) or _type_of(tensor) not in ("INT8", "UINT8"):
        return False
    zeros, least = tensor.quantization.zeroPoint, np.iinfo(INTEGERS[_type_of(tensor)]).min
    return zeros is not None and len(zeros) == 1 and int(zeros[0]) == least


def _clip_at_zero(model: Any, graph: Any, at_zero: set[int]) -> None:
    from ai_edge_litert import schema_py_generated as schema

    kind = schema.ActivationFunctionType
    for operator in graph.operators or ():
        if _name(model, operator) not in MAY_CLIP:
            continue
        options = operator.builtinOptions
        is_free = getattr(options, "fusedActivationFunction", None) == kind.NONE
        if is_free and id(graph.tensors[operator.outputs[0]]) in at_zero:
            options.fusedActivationFunction = kind.RELU


def _pass_conversions(model: Any, graph: Any) -> None:
    """Take out operators that are nothing in floats; outputs of the graph keep their names."""
    from_conversion: dict[int, int] = {}
    kept = []
    for operator in graph.operators or ():
        if _name(model, operator) in CONVERSIONS:
            source, made = int(operator.inputs[0]), int(operator.outputs[0])
            from_conversion[made] = from_conversion.get(source, source)
        else:
            kept.append(operator)
    for operator in kept:
        operator.inputs = [from_conversion.get(int(i), int(i)) for i in operator.inputs]
    _rename_outputs(model, graph, from_conversion, {int(i) for i in graph.inputs})
    graph.operators = kept


def _rename_outputs(model: Any, graph: Any, sources: dict[int, int], inputs: set[int]) -> None:
    """Where an output was made by a conversion, what it converted takes its place and name."""
    renumbered = {number: sources.get(number, number) for number in map(int, graph.outputs)}
    for number, source in renumbered.items():
        if source == number:
            continue
        if source in inputs or list(renumbered.values()).count(source) > 1:
            raise ZooError(
                "an output is nothing but another tensor, stored otherwise",
                subject=graph.tensors[number].name.decode(),
                remedy="cut the file before it, or list other outputs",
            )
        graph.tensors[source].name = graph.tensors[number].name
    graph.outputs = [renumbered[int(number)] for number in graph.outputs]
    for signature in model.signatureDefs or ():
        for mapped in signature.outputs or ():
            mapped.tensorIndex = renumbered.get(int(mapped.tensorIndex), int(mapped.tensorIndex))


def _name(model: Any, operator: Any) -> str:
    from ai_edge_litert import schema_py_generated as schema

    code = model.operatorCodes[operator.opcodeIndex]
    names = {v: k for k, v in vars(schema.BuiltinOperator).items() if not k.startswith("_")}
    return str(names[max(code.builtinCode, code.deprecatedBuiltinCode)])
