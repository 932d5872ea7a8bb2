"""A TFLite file as the checks see it: tensors and operators in file order, nothing of numbers."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from functools import cached_property
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from converters import flatbuffer
from converters.errors import ZooError

ABSENT = -1
"""The number that stands for an optional input which is not given."""

MOST_KEPT = 1 << 16
"""Constants up to this many bytes are kept: axes, shapes, slopes; weights are not needed."""


@dataclass(frozen=True)
class Tensor:
    """One tensor; `data` holds the bytes of a small constant."""

    name: str
    type: str  # as in the schema: INT8, FLOAT32
    shape: tuple[int, ...]
    is_constant: bool
    is_variable: bool
    is_quantised: bool
    zero_point: int
    data: bytes

    @property
    def is_byte(self) -> bool:
        """Whether it holds 8-bit numbers."""
        return self.type in ("INT8", "UINT8")

    @property
    def size(self) -> int:
        """Number of elements."""
        return prod(self.shape)

    def integers(self) -> list[int] | None:
        """The values of a small constant of whole numbers, in order; None where it is none."""
        widths = {"INT32": np.int32, "INT64": np.int64, "INT8": np.int8, "UINT8": np.uint8}
        if not self.data or self.type not in widths:
            return None
        values: npt.NDArray[Any] = np.frombuffer(self.data, widths[self.type])
        return [int(value) for value in values]


@dataclass(frozen=True)
class Operator:
    """One operator; numbers point into the tensors of its graph."""

    type: str  # builtin name, or the name of a custom operator
    builtin: int
    version: int
    is_custom: bool
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: dict[str, Any]


@dataclass(frozen=True)
class Graph:
    """One subgraph of the file."""

    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]

    def given(self, operator: Operator) -> list[Tensor]:
        """The inputs that are there, constants included."""
        return [self.tensors[number] for number in operator.inputs if number != ABSENT]

    def activations(self, operator: Operator) -> list[Tensor]:
        """The inputs that an inference computes or is given, then the outputs."""
        read = [tensor for tensor in self.given(operator) if not tensor.is_constant]
        return [*read, *self.made(operator)]

    def made(self, operator: Operator) -> list[Tensor]:
        """The outputs."""
        return [self.tensors[number] for number in operator.outputs if number != ABSENT]

    def input(self, operator: Operator, place: int) -> Tensor | None:
        """The input at a place, None where it is not given."""
        if place >= len(operator.inputs) or operator.inputs[place] == ABSENT:
            return None
        return self.tensors[operator.inputs[place]]

    @cached_property
    def is_quantised(self) -> bool:
        """Whether any 8-bit tensor carries a scale."""
        return any(tensor.is_byte and tensor.is_quantised for tensor in self.tensors)


def read(path: Path) -> list[Graph]:
    """The subgraphs of a file, the main one first; ZooError for what is no TFLite file."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ZooError(
            f"cannot be read: {error.strerror}", subject=str(path), remedy="check the path"
        ) from error
    return graphs(content, str(path))


def graphs(content: bytes, subject: str) -> list[Graph]:
    """The subgraphs of a flatbuffer."""
    try:
        model = flatbuffer.parsed(content, subject)
        codes = flatbuffer.codes(model)
        return [_graph(model, codes, graph) for graph in model.subgraphs]
    except (struct.error, TypeError, ValueError, IndexError, KeyError, AttributeError) as error:
        raise ZooError(
            "the flatbuffer is broken or cut off", subject=subject, remedy="make the file again"
        ) from error


def _graph(model: Any, codes: list[tuple[str, int]], graph: Any) -> Graph:
    from ai_edge_litert import schema_py_generated as schema

    types = {v: k for k, v in vars(schema.TensorType).items() if not k.startswith("_")}
    tensors = tuple(_tensor(model, types, tensor) for tensor in _listed(graph.tensors))
    operators = tuple(_operator(model, codes, op) for op in _listed(graph.operators))
    for operator in operators:
        if any(number >= len(tensors) for number in (*operator.inputs, *operator.outputs)):
            raise ValueError("an operator names a tensor that is not there")
    return Graph(tensors, operators)


def _tensor(model: Any, types: dict[int, str], tensor: Any) -> Tensor:
    stored = model.buffers[tensor.buffer]
    data = b"" if stored.data is None else bytes(stored.data[:MOST_KEPT])
    length = 0 if stored.data is None else len(stored.data)
    quantisation = tensor.quantization
    scales = _listed(quantisation.scale) if quantisation else []
    zeros = _listed(quantisation.zeroPoint) if quantisation else []
    return Tensor(
        name=(tensor.name or b"").decode(errors="replace"),
        type=types[tensor.type],
        shape=tuple(int(size) for size in _listed(tensor.shape)),
        # Large models keep their buffers behind the flatbuffer: an offset instead of data.
        is_constant=length > 0 or getattr(stored, "size", 0) > 1,
        is_variable=bool(tensor.isVariable),
        is_quantised=len(scales) > 0,
        zero_point=int(zeros[0]) if len(zeros) else 0,
        data=data if length <= MOST_KEPT else b"",
    )


def _operator(model: Any, codes: list[tuple[str, int]], operator: Any) -> Operator:
    code = model.operatorCodes[operator.opcodeIndex]
    name, version = codes[operator.opcodeIndex]
    options = operator.builtinOptions
    return Operator(
        type=name,
        builtin=int(max(code.builtinCode, code.deprecatedBuiltinCode)),
        version=version,
        is_custom=bool(code.customCode),
        inputs=tuple(int(number) for number in _listed(operator.inputs)),
        outputs=tuple(int(number) for number in _listed(operator.outputs)),
        options=dict(vars(options)) if options is not None else {},
    )


def _listed(values: Any) -> Any:
    return [] if values is None else values
