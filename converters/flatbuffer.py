"""What a .tflite file holds: its operators and the bytes its TRANSPOSEs move.

Reads the flatbuffer alone: no interpreter, no TensorFlow.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from converters.aligned import packed
from converters.errors import ZooError


class Tensor(NamedTuple):
    """A tensor as the file states it."""

    name: str
    shape: tuple[int, ...]
    dtype: str
    scales: tuple[float, ...]  # empty: not quantised; several: one per place of `axis`
    zeros: tuple[int, ...]
    axis: int
    values: np.ndarray[Any, Any] | None  # of a constant


class Step(NamedTuple):
    """One operator: its builtin name, and its tensors by number; -1 for one left out."""

    operator: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Any  # as the schema's generated code has them


class Graph(NamedTuple):
    """The main subgraph of a file, its operators in the order in which they run."""

    tensors: tuple[Tensor, ...]
    steps: tuple[Step, ...]


def graph(path: Path) -> Graph:
    """What a file computes."""
    model = parsed(path.read_bytes(), str(path))
    main, names = model.subgraphs[0], [name for name, _ in codes(model)]
    steps = [
        Step(
            names[each.opcodeIndex],
            tuple(map(int, () if each.inputs is None else each.inputs)),
            tuple(map(int, () if each.outputs is None else each.outputs)),
            each.builtinOptions,
        )
        for each in main.operators or ()
    ]
    return Graph(tuple(_tensor(model, each) for each in main.tensors), tuple(steps))


PLAIN = ("float32", "float16", "int8", "uint8", "int16", "int32", "int64", "bool")
"""Types of tensors that hold plain values, and may be outputs."""


def exposed(tflite: bytes, subject: str) -> bytes:
    """The same file, whose outputs are followed by whatever else its operators make."""
    model = parsed(tflite, subject)
    main = model.subgraphs[0]
    made = (int(number) for each in main.operators for number in each.outputs)
    more = [n for n in made if n not in main.outputs and _type_name(main.tensors[n]) in PLAIN]
    main.outputs = np.array([*main.outputs, *dict.fromkeys(more)], np.int32)
    return packed(model)


def operators(path: Path) -> Counter[str]:
    """How often each operator occurs, by its builtin name: `CONV_2D`."""
    model = parsed(path.read_bytes(), str(path))
    names = [name for name, _ in codes(model)]
    return Counter(names[operator.opcodeIndex] for operator, _ in _operators(model))


def versions(path: Path) -> dict[str, int]:
    """The highest version of each operator: what a runtime must know."""
    highest: dict[str, int] = {}
    for name, version in codes(parsed(path.read_bytes(), str(path))):
        highest[name] = max(version, highest.get(name, 0))
    return highest


def steps(path: Path) -> Iterator[tuple[str, int, list[int]]]:
    """Name and version of each operator in order, and the numbers of the tensors that it makes."""
    read = parsed(path.read_bytes(), str(path))
    known = codes(read)
    for operator, _ in _operators(read):
        yield *known[operator.opcodeIndex], [int(number) for number in operator.outputs]


def naming(operator: str, version: int) -> bytes:
    """A file that does nothing and names one operator: what a runtime can be asked with."""
    from ai_edge_litert import schema_py_generated as schema

    made, code, graph = schema.ModelT(), schema.OperatorCodeT(), schema.SubGraphT()
    code.builtinCode = getattr(schema.BuiltinOperator, operator)
    code.deprecatedBuiltinCode, code.version = min(code.builtinCode, 127), version
    graph.tensors, graph.inputs, graph.outputs, graph.operators = [], [], [], []
    made.version, made.buffers = 3, [schema.BufferT()]
    made.operatorCodes, made.subgraphs = [code], [graph]
    return packed(made)


def transposes(path: Path) -> tuple[int, int]:
    """How many TRANSPOSE operators there are, and how many bytes they move."""
    return _transposes(path.read_bytes(), str(path))


def count_transposes(tflite: bytes) -> int:
    """How many TRANSPOSE operators a flatbuffer holds."""
    return _transposes(tflite, "flatbuffer")[0]


def _transposes(tflite: bytes, subject: str) -> tuple[int, int]:
    model = parsed(tflite, subject)
    names = [name for name, _ in codes(model)]
    moved = [
        _bytes_of(graph.tensors[operator.outputs[0]])
        for operator, graph in _operators(model)
        if names[operator.opcodeIndex] == "TRANSPOSE"
    ]
    return len(moved), sum(moved)


def parsed(tflite: bytes, subject: str) -> Any:
    """The flatbuffer as the schema's own objects."""
    from ai_edge_litert import schema_py_generated as schema  # slow to import: only where read

    if tflite[4:8] != b"TFL3":
        raise ZooError("not a TFLite flatbuffer", subject=subject, remedy="build the file again")
    return schema.ModelT.InitFromPackedBuf(tflite, 0)


def _operators(model: Any) -> Iterator[tuple[Any, Any]]:
    for graph in model.subgraphs:
        for operator in graph.operators or ():
            yield operator, graph


def codes(model: Any) -> list[tuple[str, int]]:
    """Name and version of each operator code."""
    from ai_edge_litert import schema_py_generated as schema

    builtin = {v: k for k, v in vars(schema.BuiltinOperator).items() if not k.startswith("_")}
    # Codes above 127 did not fit the old one-byte field: the larger of the two is meant.
    numbers = [max(code.builtinCode, code.deprecatedBuiltinCode) for code in model.operatorCodes]
    return [
        ((code.customCode or b"").decode() or builtin[number], int(code.version))
        for code, number in zip(model.operatorCodes, numbers, strict=True)
    ]


def _tensor(model: Any, tensor: Any) -> Tensor:
    shape = tuple(map(int, () if tensor.shape is None else tensor.shape))
    scale, zero, axis = (
        getattr(tensor.quantization, field, None)
        for field in ("scale", "zeroPoint", "quantizedDimension")
    )
    return Tensor(
        (tensor.name or b"").decode(),
        shape,
        _type_name(tensor),
        tuple(map(float, () if scale is None else scale)),
        tuple(map(int, () if zero is None else zero)),
        int(axis or 0),
        _values(model.buffers[tensor.buffer].data, _type_name(tensor), shape),
    )


def _values(data: Any, name: str, shape: tuple[int, ...]) -> np.ndarray[Any, Any] | None:
    """The values of a constant; None of what is computed, and of types that numpy lacks."""
    if data is None or not len(data) or not hasattr(np, name) or name == "string":
        return None
    dtype = np.dtype(getattr(np, name))
    content = np.asarray(data, np.uint8).tobytes()
    fits = len(content) == dtype.itemsize * prod(shape)
    return np.frombuffer(content, dtype).reshape(shape) if fits else None


def _type_name(tensor: Any) -> str:
    from ai_edge_litert import schema_py_generated as schema

    types = {v: k.lower() for k, v in vars(schema.TensorType).items() if not k.startswith("_")}
    return str(types[tensor.type])


WIDTH_OF_INT4 = 0.5


def _bytes_of(tensor: Any) -> int:
    name = _type_name(tensor)
    dtype = {"bool": "bool_"}.get(name, name)
    width = WIDTH_OF_INT4 if name == "int4" else np.dtype(getattr(np, dtype)).itemsize
    return int(width * prod(int(size) for size in (() if tensor.shape is None else tensor.shape)))
