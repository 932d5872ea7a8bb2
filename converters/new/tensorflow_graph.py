"""TensorFlow's own files: a frozen GraphDef, and the signatures of a SavedModel. Nothing is run."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from converters.errors import SourceError
from converters.new.findings import Network, Shape, Tensor
from converters.new.text import counted

STARTS = ("Placeholder", "PlaceholderV2", "PlaceholderWithDefault")
NO_ENDS = (*STARTS, "Const", "NoOp", "Assert", "SaveV2", "MergeV2Checkpoints")
SERVING, DEFAULT = "serve", "serving_default"
LARGEST = 2**31 - 1  # bytes of a protobuf


def look_at_frozen(path: Path, name: str) -> Network:
    """The network in a frozen graph: its placeholders, and the nodes that nobody reads."""
    graph = _parsed(path, name, "GraphDef")
    if not graph.node:
        raise SourceError("holds no nodes", subject=name, remedy="give a frozen .pb file")
    variables = [node.name for node in graph.node if node.op in ("VariableV2", "VarHandleOp")]
    if variables:
        raise SourceError(
            f"is not frozen: it has variables such as {variables[0]!r}",
            subject=name,
            remedy="freeze it with its checkpoint, or give a SavedModel",
        )
    read = {each.lstrip("^").split(":")[0] for node in graph.node for each in node.input}
    starts = [node for node in graph.node if node.op in STARTS]
    ends = [node for node in graph.node if node.name not in read and node.op not in NO_ENDS]
    return Network(
        "tensorflow_frozen",
        tuple(_placeholder(node) for node in starts),
        tuple(Tensor(node.name) for node in ends),
        remarks=(f"frozen graph of {counted(len(graph.node), 'node')}",),
        decisions=tuple(_switches(starts)),
        channels_first=False,
    )


def look_at_saved_model(path: Path, name: str) -> Network:
    """The signature of a SavedModel folder that would be served."""
    saved = _parsed(path / "saved_model.pb", name, "SavedModel")
    graphs = [g for g in saved.meta_graphs if SERVING in g.meta_info_def.tags]
    graphs = graphs or list(saved.meta_graphs)
    signatures = {
        key: signature
        for graph in graphs[:1]
        for key, signature in graph.signature_def.items()
        if signature.outputs and signature.inputs
    }
    if not signatures:
        raise SourceError(
            "has no signature with inputs and outputs",
            subject=name,
            remedy="store it with tf.saved_model.save(model, folder, signatures=...)",
        )
    chosen = DEFAULT if DEFAULT in signatures else min(signatures)
    others = sorted(set(signatures) - {chosen})
    doubt = (f"signature {chosen} is taken; there are also {', '.join(others)}",) if others else ()
    return Network(
        "saved_model",
        tuple(_info(key, info) for key, info in sorted(signatures[chosen].inputs.items())),
        tuple(_info(key, info) for key, info in sorted(signatures[chosen].outputs.items())),
        load={} if chosen == DEFAULT else {"signature": chosen},
        decisions=doubt,
        channels_first=False,
    )


@contextlib.contextmanager
def silently() -> Iterator[None]:
    """Drops what TensorFlow's C++ writes to the error stream while it is imported."""
    sys.stderr.flush()
    kept = os.dup(2)
    with Path(os.devnull).open("wb") as nothing:
        os.dup2(nothing.fileno(), 2)
    try:
        yield
    finally:
        sys.stderr.flush()
        os.dup2(kept, 2)
        os.close(kept)


def _parsed(path: Path, name: str, message: str) -> Any:
    from converters.imports import tensorflow

    with silently():
        tensorflow()
        from tensorflow.core.framework.graph_pb2 import GraphDef
        from tensorflow.core.protobuf.saved_model_pb2 import SavedModel

    kinds: Mapping[str, Any] = {"GraphDef": GraphDef, "SavedModel": SavedModel}
    found = kinds[message]()
    try:
        if path.stat().st_size > LARGEST:
            raise ValueError("is larger than a protobuf can be")
        found.ParseFromString(path.read_bytes())
    except Exception as error:
        raise SourceError(
            f"is no binary {message}: {error}",
            subject=name,
            remedy="a text graph (.pbtxt) or a checkpoint (.ckpt) must be frozen first",
        ) from error
    return found


def _placeholder(node: Any) -> Tensor:
    return Tensor(node.name, _shape(node.attr["shape"].shape), _dtype(node.attr["dtype"].type))


def _info(key: str, info: Any) -> Tensor:
    return Tensor(key, _shape(info.tensor_shape), _dtype(info.dtype))


def _shape(shape: Any) -> Shape | None:
    if shape.unknown_rank or not shape.dim:
        return None
    return tuple(int(d.size) if d.size > 0 else None for d in shape.dim)


def _dtype(number: int) -> str:
    import tensorflow as tf

    try:
        return str(tf.dtypes.as_dtype(number).name)
    except TypeError:
        return "float32"


def _switches(starts: list[Any]) -> Iterator[str]:
    """Placeholders that steer training are no inputs."""
    for node in starts:
        if _dtype(node.attr["dtype"].type) == "bool":
            yield f"{node.name} looks like a switch of training: freeze it away, or cut it off"
