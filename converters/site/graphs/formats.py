"""Readers: ONNX, OpenVINO IR and TFLite files as structures. Weights are counted, not read."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Iterator
from math import prod
from pathlib import Path
from typing import Any

from converters.site.graphs.structure import Ends, Op, Structure, structure

WHOLE_NUMBERS = ("i64", "i32", "u64", "u32", "boolean")
"""Types of the IR that hold shapes and axes; weights have others."""


def onnx(path: Path, title: str) -> Structure:
    """An ONNX file."""
    import onnx as library
    from onnx import TensorProto

    graph = library.load(str(path), load_external_data=False).graph
    weights = {each.name: each for each in graph.initializer}
    types = ("FLOAT", "FLOAT16", "DOUBLE", "BFLOAT16", "INT8", "UINT8")
    floats = [getattr(TensorProto, name) for name in types]
    count = sum(prod(each.dims) for each in weights.values() if each.data_type in floats)
    values = [*graph.input, *graph.value_info, *graph.output]
    shapes = {each.name: _onnx_shape(each) for each in values}
    ops = (Op(node.op_type, node.name, node.input, node.output) for node in graph.node)
    inputs = [each.name for each in graph.input if each.name not in weights]
    ends = Ends(inputs, [each.name for each in graph.output])
    return structure(title, ops, ends, shapes, count)


def _onnx_shape(value: Any) -> str:
    dims = value.type.tensor_type.shape.dim
    return "x".join(str(dim.dim_value or dim.dim_param or "?") for dim in dims)


def ir(path: Path, title: str) -> Structure:
    """An OpenVINO IR: its `.xml`."""
    root = ET.parse(path).getroot()
    layers = {layer.get("id", ""): layer for layer in root.iterfind("layers/layer")}
    feeds: dict[str, list[str]] = {}
    for edge in root.iterfind("edges/edge"):
        source = f"{edge.get('from-layer')}:{edge.get('from-port')}"
        feeds.setdefault(edge.get("to-layer", ""), []).append(source)
    shapes = dict(_ir_shapes(layers))
    of = {kind: [i for i, each in layers.items() if each.get("type") == kind] for kind in IR_ENDS}
    inputs = [f"{i}:{port}" for i in of["Parameter"] for port in _ports(layers[i])]
    outputs = [feeds[i][0] for i in of["Result"] if feeds.get(i)]
    ops = [_ir_op(layers[i], feeds.get(i, [])) for i in _in_order(layers, feeds)]
    count = sum(_ir_constant(each) for each in layers.values() if each.get("type") == "Const")
    named = {name: layers[name.split(":")[0]].get("name", name) for name in (*inputs, *outputs)}
    found = structure(title, ops, Ends(inputs, outputs), shapes, count)
    nodes = tuple(n._replace(name=named.get(n.name, n.name)) for n in found.nodes)
    return found._replace(nodes=nodes)


IR_ENDS = ("Parameter", "Result")


def _ports(layer: ET.Element) -> list[str]:
    return [port.get("id", "") for port in layer.iterfind("output/port")]


def _ir_op(layer: ET.Element, reads: list[str]) -> Op:
    number = layer.get("id", "")
    writes = [f"{number}:{port}" for port in _ports(layer)]
    return Op(layer.get("type", ""), layer.get("name", ""), reads, writes)


def _in_order(layers: dict[str, ET.Element], feeds: dict[str, list[str]]) -> Iterator[str]:
    """The layers that compute, each behind those it reads from."""
    done: set[str] = set()
    for first in layers:
        waiting = [first]
        while waiting:
            here = waiting[-1]
            before = {source.split(":")[0] for source in feeds.get(here, ())} - done
            if here in done or not before:
                waiting.pop()
                if here not in done and layers[here].get("type") not in (*IR_ENDS, "Const"):
                    yield here
                done.add(here)
            else:
                waiting += before


def _ir_shapes(layers: dict[str, ET.Element]) -> Iterator[tuple[str, str]]:
    for number, layer in layers.items():
        for port in layer.iterfind("output/port"):
            dims = [dim.text or "?" for dim in port.iterfind("dim")]
            yield f"{number}:{port.get('id')}", "x".join(dims)


def _ir_constant(layer: ET.Element) -> int:
    data = layer.find("data")
    if data is None or data.get("element_type") in WHOLE_NUMBERS:
        return 0
    shape = [int(size) for size in data.get("shape", "").split(",") if size.strip()]
    return prod(shape)


def tflite(path: Path, title: str) -> Structure:
    """A TFLite file: its first subgraph."""
    from ai_edge_litert import schema_py_generated as schema

    model = schema.ModelT.InitFromPackedBuf(path.read_bytes(), 0)
    graph, names = model.subgraphs[0], _operator_names(model, schema)
    tensors = [(each.name or b"").decode() for each in graph.tensors]
    shapes = {str(i): _tflite_shape(each) for i, each in enumerate(graph.tensors)}
    ops = (
        Op(names[op.opcodeIndex], tensors[op.outputs[0]], _keys(op.inputs), _keys(op.outputs))
        for op in graph.operators or ()
    )
    ends = Ends(_keys(graph.inputs), _keys(graph.outputs))
    indices = [getattr(schema.TensorType, name) for name in ("INT32", "INT64", "BOOL")]
    count = sum(_tflite_constant(model, tensor, indices) for tensor in graph.tensors)
    found = structure(title, ops, ends, shapes, count)
    said = dict(_signature(model))
    nodes = [
        n._replace(name=said.get(n.name) or tensors[int(n.name)]) if n.id[0] in "io" else n
        for n in found.nodes
    ]
    return found._replace(nodes=tuple(nodes))


def _signature(model: Any) -> Iterator[tuple[str, str]]:
    """Tensor -> the name by which users call it."""
    for signature in model.signatureDefs or ():
        for each in (*(signature.inputs or ()), *(signature.outputs or ())):
            yield str(int(each.tensorIndex)), each.name.decode()


def _operator_names(model: Any, schema: Any) -> list[str]:
    builtin = {v: k for k, v in vars(schema.BuiltinOperator).items() if not k.startswith("_")}
    codes = [
        (c.customCode, max(c.builtinCode, c.deprecatedBuiltinCode)) for c in model.operatorCodes
    ]
    return [custom.decode() if custom else builtin[number] for custom, number in codes]


def _keys(numbers: Any) -> list[str]:
    return [str(int(number)) for number in (() if numbers is None else numbers) if number >= 0]


def _tflite_shape(tensor: Any) -> str:
    return "x".join(str(int(size)) for size in (() if tensor.shape is None else tensor.shape))


def _tflite_constant(model: Any, tensor: Any, indices: list[int]) -> int:
    """How many weights a tensor holds: whole numbers are shapes, unless they are scaled."""
    data = model.buffers[tensor.buffer].data
    if data is None or not len(data):
        return 0
    scaled = tensor.quantization is not None and tensor.quantization.scale is not None
    if tensor.type in indices and not scaled:
        return 0
    return prod(int(size) for size in (() if tensor.shape is None else tensor.shape))
