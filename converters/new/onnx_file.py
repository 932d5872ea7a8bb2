"""ONNX: inputs and outputs of the graph, and what it says of itself. Weights are not read."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from converters.errors import SourceError
from converters.new.findings import Network, Shape, Tensor

OWN_DOMAINS = ("", "ai.onnx")
QUANTISED = ("QuantizeLinear", "DequantizeLinear", "QLinearConv", "ConvInteger")


def look(path: Path, name: str) -> Network:
    """The network in an ONNX file."""
    model = _loaded(path, name)
    if not model.graph.node:
        raise SourceError("holds no graph", subject=name, remedy="give an .onnx file")
    constants = {tensor.name for tensor in model.graph.initializer}
    return Network(
        "onnx",
        tuple(_tensor(value) for value in model.graph.input if value.name not in constants),
        tuple(_tensor(value) for value in model.graph.output),
        remarks=tuple(_remarks(model)),
        metadata={entry.key: entry.value for entry in model.metadata_props},
    )


def external_files(path: Path, name: str) -> list[Path]:
    """The files beside an ONNX file that hold its weights."""
    import onnx

    model = _loaded(path, name)
    found = set()
    for tensor in onnx.external_data_helper._get_all_tensors(model):
        if onnx.external_data_helper.uses_external_data(tensor):
            location = onnx.external_data_helper.ExternalDataInfo(tensor).location
            found.add(_beside(path, location, name))
    return sorted(found)


def _loaded(path: Path, name: str) -> Any:
    import onnx

    try:
        return onnx.load(str(path), load_external_data=False)
    except Exception as error:
        raise SourceError(
            f"cannot be read as ONNX: {error}",
            subject=name,
            remedy="the file may be cut or of another kind: fetch or export it again",
        ) from error


def _beside(path: Path, location: str, name: str) -> Path:
    place = (path.parent / location).resolve()
    if not place.is_relative_to(path.parent.resolve()):
        raise SourceError(
            f"its weights lie outside its folder, at {location!r}",
            subject=name,
            remedy="store the weights in the file or beside it",
        )
    if not place.is_file():
        raise SourceError(
            f"its weights lie in {location!r}, which is absent",
            subject=name,
            remedy="put that file beside it, or store the weights in the file",
        )
    return place


def _tensor(value: Any) -> Tensor:
    import onnx

    kind = value.type.tensor_type
    try:
        dtype = str(onnx.helper.tensor_dtype_to_np_dtype(kind.elem_type).name)
    except (KeyError, ValueError, TypeError):
        dtype = "float32"
    return Tensor(value.name, _shape(kind) if kind.HasField("shape") else None, dtype)


def _shape(kind: Any) -> Shape:
    return tuple(d.dim_value if d.dim_value > 0 else None for d in kind.shape.dim)


def _remarks(model: Any) -> Iterator[str]:
    opsets = {entry.domain: entry.version for entry in model.opset_import}
    maker = " ".join(word for word in (model.producer_name, model.producer_version) if word)
    yield f"ONNX opset {opsets.get('', '?')}{f', written by {maker}' if maker else ''}"
    kinds = {(node.domain, node.op_type) for node in model.graph.node}
    foreign = sorted(f"{domain}.{op}" for domain, op in kinds if domain not in OWN_DOMAINS)
    if foreign:
        yield f"operators that are not ONNX's own may not convert: {', '.join(foreign[:8])}"
    if any(op in QUANTISED for _, op in kinds):
        yield "is quantised already: the chain wants the float network it was made from"
