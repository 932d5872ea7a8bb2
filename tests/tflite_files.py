"""Small TFLite flatbuffers, written operator by operator, for tests that read files."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

IDENTIFIER = b"TFL3"

WIDTHS = {
    "FLOAT32": np.float32,
    "FLOAT16": np.float16,
    "INT8": np.int8,
    "UINT8": np.uint8,
    "INT16": np.int16,
    "INT32": np.int32,
    "INT64": np.int64,
}


class FileOf:
    """A flatbuffer under construction: tensors are numbers, operators come in file order."""

    def __init__(self) -> None:
        self.buffers = [schema.BufferT()]  # the first stays empty: of what is not constant
        self.tensors: list[Any] = []
        self.codes: list[Any] = []
        self.operators: list[Any] = []
        self.inputs: list[int] = []

    def tensor(self, *shape: int, type: str = "INT8", value: Any = None, name: str = "") -> int:
        """A tensor, constant if it has a value; 8-bit ones carry a scale."""
        made = schema.TensorT()
        made.shape, made.type = list(shape), getattr(schema.TensorType, type)
        made.name = name or f"t{len(self.tensors)}"
        made.quantization = schema.QuantizationParametersT()
        if type in ("INT8", "UINT8"):
            made.quantization.scale, made.quantization.zeroPoint = [0.5], [0]
        made.buffer = 0
        if value is not None:
            buffer = schema.BufferT()
            buffer.data = list(np.broadcast_to(value, shape).astype(WIDTHS[type]).tobytes())
            self.buffers.append(buffer)
            made.buffer = len(self.buffers) - 1
        self.tensors.append(made)
        return len(self.tensors) - 1

    def input(self, *shape: int, type: str = "INT8") -> int:
        """An input of the model."""
        self.inputs.append(self.tensor(*shape, type=type))
        return self.inputs[-1]

    def numbers(self, *values: int, type: str = "INT32") -> int:
        """A constant list of whole numbers: axes, a shape."""
        return self.tensor(len(values), type=type, value=np.array(values))

    def add(
        self,
        type: str,
        inputs: Sequence[int],
        *shapes: Sequence[int],
        version: int = 1,
        made: str = "INT8",
        **options: Any,
    ) -> int:
        """An operator; returns its first output. Unknown types become custom operators."""
        code, operator = schema.OperatorCodeT(), schema.OperatorT()
        builtin = getattr(schema.BuiltinOperator, type, schema.BuiltinOperator.CUSTOM)
        code.builtinCode, code.deprecatedBuiltinCode = builtin, min(builtin, 127)
        code.version = version
        code.customCode = type if builtin == schema.BuiltinOperator.CUSTOM else None
        outputs = [self.tensor(*shape, type=made) for shape in shapes]
        operator.opcodeIndex, operator.inputs = len(self.codes), list(inputs)
        operator.outputs = outputs
        if options:
            kind = OPTIONS.get(type) or "".join(w.capitalize() for w in type.split("_")) + "Options"
            operator.builtinOptions = getattr(schema, kind + "T")()
            operator.builtinOptionsType = getattr(schema.BuiltinOptions, kind)
            for name, value in options.items():
                setattr(operator.builtinOptions, name, value)
        self.codes.append(code)
        self.operators.append(operator)
        return outputs[0]

    def bytes(self) -> bytes:
        """The flatbuffer; what no operator reads is an output."""
        graph, model = schema.SubGraphT(), schema.ModelT()
        read = {number for operator in self.operators for number in operator.inputs}
        made = [number for operator in self.operators for number in operator.outputs]
        graph.tensors, graph.operators, graph.inputs = self.tensors, self.operators, self.inputs
        graph.outputs = [number for number in made if number not in read]
        model.version, model.subgraphs, model.buffers = 3, [graph], self.buffers
        model.operatorCodes = self.codes
        builder = flatbuffers.Builder(1024)
        builder.Finish(model.Pack(builder), IDENTIFIER)
        return bytes(builder.Output())


OPTIONS = {
    "CONV_2D": "Conv2DOptions",
    "DEPTHWISE_CONV_2D": "DepthwiseConv2DOptions",
    "MAX_POOL_2D": "Pool2DOptions",
    "AVERAGE_POOL_2D": "Pool2DOptions",
    "MEAN": "ReducerOptions",
    "SUM": "ReducerOptions",
}
"""Names of option tables that do not follow from the operator's."""
