"""TFLite: inputs and outputs of the first subgraph. Only the flatbuffer is read."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from converters.errors import SourceError
from converters.new.findings import Network, Shape, Tensor
from converters.new.text import counted

OF_BYTES: Mapping[str, int] = {"uint8": 0, "int8": -128}
"""Types of quantised inputs, and what a byte of a picture is moved by to be one."""


def look(path: Path, name: str) -> Network:
    """The network in a TFLite file."""
    from ai_edge_litert import schema_py_generated as schema  # slow to import

    try:
        model = schema.ModelT.InitFromPackedBuf(path.read_bytes(), 0)
        graph = model.subgraphs[0]
        inputs = [graph.tensors[index] for index in graph.inputs]
        outputs = [graph.tensors[index] for index in graph.outputs]
    except Exception as error:  # a flatbuffer that lies fails anywhere
        raise SourceError(
            f"cannot be read as TFLite: {error}",
            subject=name,
            remedy="the file may be cut or of another kind: fetch it again",
        ) from error
    if any(b"edgetpu" in (code.customCode or b"") for code in model.operatorCodes or ()):
        raise SourceError(
            "is compiled for the Edge TPU: its graph is gone",
            subject=name,
            remedy="give the file that it was compiled from",
        )
    types = {v: k.lower() for k, v in vars(schema.TensorType).items() if not k.startswith("_")}
    return Network(
        "tflite",
        tuple(_tensor(tensor, types) for tensor in inputs),
        tuple(_tensor(tensor, types) for tensor in outputs),
        remarks=tuple(_remarks(model, graph)),
        channels_first=False,
    )


def _tensor(tensor: Any, types: Mapping[int, str]) -> Tensor:
    name = tensor.name.decode("utf-8", "replace").removesuffix(":0")
    dtype = types.get(tensor.type, "float32")
    if dtype not in OF_BYTES or not _is_quantised(tensor):
        return Tensor(name, _shape(tensor), dtype)
    zero = tensor.quantization.zeroPoint[0] - OF_BYTES[dtype]
    scale = float(tensor.quantization.scale[0])
    return Tensor(name, _shape(tensor), "float32", (scale, float(zero)))


def _shape(tensor: Any) -> Shape | None:
    if tensor.shape is None:
        return None
    signature = tensor.shapeSignature
    sizes = tensor.shape if signature is None or len(signature) == 0 else signature
    return tuple(int(size) if size > 0 else None for size in sizes)


def _remarks(model: Any, graph: Any) -> Iterator[str]:
    yield counted(len(graph.operators or ()), "operator")
    if len(model.subgraphs) > 1:
        yield f"has {len(model.subgraphs)} subgraphs; the first one is taken"
    if any(_is_quantised(graph.tensors[i]) for i in (*graph.inputs, *graph.outputs)):
        yield "is quantised: the recipe speaks of what its integers stand for, in floats"


def _is_quantised(tensor: Any) -> bool:
    scale = getattr(tensor.quantization, "scale", None)
    return scale is not None and len(scale) > 0
