"""A stranger's TFLite file held against its own words, before native code believes them.

The interpreter follows indices and offsets without asking: of files with a few bytes changed, about
half end its process. Here every table must lie in the file, every index must name something, and
every constant must be as large as its shape says.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from math import prod
from pathlib import Path
from typing import Any

from converters import flatbuffer
from converters.errors import SourceError, ZooError

LIES = (
    struct.error,
    IndexError,
    KeyError,
    TypeError,
    ValueError,
    AttributeError,
    OverflowError,
    MemoryError,
    RecursionError,
)
"""What reading a flatbuffer raises where an offset leads elsewhere."""

LARGEST = 1 << 31
"""Elements of a tensor; TFLite counts them in 32 bits."""

BYTES = {"FLOAT32": 4, "FLOAT16": 2, "INT32": 4, "UINT8": 1, "INT64": 8, "BOOL": 1, "INT16": 2,
         "INT8": 1, "FLOAT64": 8, "UINT64": 8, "UINT32": 4, "UINT16": 2, "COMPLEX64": 8,
         "COMPLEX128": 16}  # fmt: skip
"""Of an element, by type; those of strings and of half bytes are left out."""


def check_sound(path: Path, subject: str) -> None:
    """Raise a SourceError if the file contradicts itself."""
    try:
        data = path.read_bytes()
        model = flatbuffer.parsed(data, subject)
        lie = next(_lies(model, len(data)), "")
    except ZooError:
        raise
    except LIES as error:
        lie = f"an offset leads out of the file ({type(error).__name__})"
    if lie:
        raise SourceError(
            f"contradicts itself: {lie}",
            subject=subject,
            remedy="download or export it again; do not trust a file that stays so",
        )


def _lies(model: Any, size: int) -> Iterator[str]:
    buffers, codes = model.buffers or (), model.operatorCodes or ()
    if not model.subgraphs:
        yield "it has no graph"
    for buffer in buffers:
        end = (buffer.offset or 0) + (buffer.size or 0)
        if end > size:
            yield f"a buffer ends at byte {end} of {size}"
    for graph in model.subgraphs or ():
        yield from _lies_of_tensors(graph, buffers)
        yield from _lies_of_operators(graph, len(codes))
    for signature in model.signatureDefs or ():
        if not 0 <= signature.subgraphIndex < len(model.subgraphs):
            yield f"a signature is of graph {signature.subgraphIndex}"


def _lies_of_operators(graph: Any, codes: int) -> Iterator[str]:
    count = len(graph.tensors if graph.tensors is not None else ())
    ends = [("an input of the graph", graph.inputs), ("an output of the graph", graph.outputs)]
    for operator in graph.operators or ():
        if not 0 <= operator.opcodeIndex < codes:
            yield f"an operator has the code {operator.opcodeIndex} of {codes}"
        ends += [("an operator's input", operator.inputs), ("its output", operator.outputs)]
    for what, places in ends:
        for place in places if places is not None else ():
            # an input that is left out is -1
            if not -1 <= place < count or (place == -1 and what != "an operator's input"):
                yield f"{what} is tensor {place} of {count}"


def _lies_of_tensors(graph: Any, buffers: Sequence[Any]) -> Iterator[str]:
    names = _types()
    for tensor in graph.tensors if graph.tensors is not None else ():
        shape = [int(n) for n in (tensor.shape if tensor.shape is not None else ())]
        name = (tensor.name or b"").decode(errors="replace")
        if not 0 <= tensor.buffer < max(1, len(buffers)):
            yield f"tensor {name!r} has the buffer {tensor.buffer} of {len(buffers)}"
            continue
        if tensor.type not in names:
            yield f"tensor {name!r} has the type {tensor.type}"
        if any(n < 0 for n in shape) or prod(shape) >= LARGEST:
            yield f"tensor {name!r} has the shape {shape}"
        yield from _lies_of_constant(tensor, shape, buffers, names.get(tensor.type, ""))


def _lies_of_constant(
    tensor: Any, shape: Sequence[int], buffers: Sequence[Any], kind: str
) -> Iterator[str]:
    data = buffers[tensor.buffer].data if len(buffers) else None
    if data is None or not len(data) or kind not in BYTES or tensor.sparsity is not None:
        return
    wanted = prod(shape) * BYTES[kind]
    if len(data) != wanted:
        name = (tensor.name or b"").decode(errors="replace")
        yield f"tensor {name!r} of {wanted} bytes has {len(data)}"


def _types() -> dict[int, str]:
    from ai_edge_litert import schema_py_generated as schema

    return {v: k for k, v in vars(schema.TensorType).items() if not k.startswith("_")}
