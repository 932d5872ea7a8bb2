"""Signatures: TensorFlow functions whose inputs and outputs carry any public names.

TensorFlow makes an argument's name an identifier: `input.1` would become `input_1`. The keys of a
saved signature, however, come from the keywords that a concrete function states for its arguments,
and may be any text that can name a TensorFlow operation. So the arguments get numbers for names,
and the keywords are stated afterwards; what even then cannot be a keyword (`images:0`) becomes the
key of the signature when the SavedModel has been written. Outputs are the keys of a dict, which
TensorFlow leaves alone.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import tensorflow as tf

SERVING = "serving_default"
KEYWORD = re.compile(r"[A-Za-z0-9.][A-Za-z0-9_.\\/>-]*")
"""What may name an operation of TensorFlow."""


class Named(Protocol):
    """An input or output."""

    @property
    def name(self) -> str:
        """The public name."""


@dataclass(frozen=True)
class Port:
    """An input or output of the TensorFlow model: `order[i]` is the IR's axis at place i."""

    name: str
    shape: tuple[int, ...]
    order: tuple[int, ...]
    dtype: str

    def record(self) -> dict[str, Any]:
        """As JSON data."""
        sizes, order = list(self.shape), list(self.order)
        return {"name": self.name, "shape": sizes, "order": order, "dtype": self.dtype}


def named_function(
    compute: Callable[..., list[Any]], inputs: Sequence[Port], outputs: Sequence[Port]
) -> tuple[tf.Module, Any]:
    """A module, and a concrete function in it, from public names to public names."""
    names = [port.name for port in outputs]
    specs = {
        f"input_{number:03}": tf.TensorSpec(port.shape, getattr(tf, port.dtype))
        for number, port in enumerate(inputs)
    }

    def serve(**tensors: Any) -> dict[str, Any]:
        made = compute(*(tensors[argument] for argument in specs))
        return {name: tf.identity(y) for name, y in zip(names, made, strict=True)}

    module = tf.Module()
    module.serve = tf.function(serve, autograph=False)
    function = module.serve.get_concrete_function(**specs)
    function._arg_keywords = keywords(inputs)
    return module, function


def keywords(inputs: Sequence[Named]) -> list[str]:
    """The names of the inputs, or where TensorFlow cannot have these as keywords, others.

    Those others are what TensorFlow makes of the names where a caller uses them as keywords, so
    that a loaded signature can be called by the public names all the same.
    """
    made = [
        port.name if KEYWORD.fullmatch(port.name) else as_argument(port.name) for port in inputs
    ]
    repeated = {name for name in made if made.count(name) > 1}
    return [f"input_{i:03}" if name in repeated else name for i, name in enumerate(made)]


def as_argument(name: str) -> str:
    """What TensorFlow makes of a keyword that is no identifier."""
    plain = re.sub(r"[^A-Za-z0-9_]", "_", name)
    return f"arg_{plain}" if plain[:1].isdigit() else plain


def signature_names(saved_model: Path) -> tuple[list[str], list[str]]:
    """The public names of a written SavedModel's inputs and outputs, each sorted.

    A loaded signature does not show them (`structured_input_signature` has identifiers), yet takes
    them as keywords.
    """
    from tensorflow.core.protobuf import saved_model_pb2

    stored = (saved_model / "saved_model.pb").read_bytes()
    graph = saved_model_pb2.SavedModel.FromString(stored).meta_graphs[0]
    signature = graph.signature_def[SERVING]
    return sorted(signature.inputs), sorted(signature.outputs)


def name_inputs(saved_model: Path, inputs: Sequence[Port]) -> None:
    """Give the signature of a written SavedModel the public names that were no keywords."""
    renamed = [
        (k, port.name) for k, port in zip(keywords(inputs), inputs, strict=True) if k != port.name
    ]
    if not renamed:
        return
    from tensorflow.core.protobuf import saved_model_pb2

    path = saved_model / "saved_model.pb"
    proto = saved_model_pb2.SavedModel.FromString(path.read_bytes())
    for graph in proto.meta_graphs:
        stored = graph.signature_def[SERVING].inputs
        for keyword, name in renamed:
            stored[name].CopyFrom(stored[keyword])
            del stored[keyword]
    path.write_bytes(proto.SerializeToString(deterministic=True))


def settle_fingerprint(saved_model: Path) -> None:
    """Take chance out of a written SavedModel: TensorFlow draws its uuid anew for each export.

    In its place stands a number made of the graph and its weights, so equal models are equal bytes.
    """
    from tensorflow.core.protobuf import fingerprint_pb2

    path = saved_model / "fingerprint.pb"
    if not path.is_file():
        return
    fingerprint = fingerprint_pb2.FingerprintDef.FromString(path.read_bytes())
    fingerprint.uuid = ""
    content = fingerprint.SerializeToString(deterministic=True)
    fingerprint.uuid = str(int.from_bytes(hashlib.sha256(content).digest()[:16], "big"))
    path.write_bytes(fingerprint.SerializeToString(deterministic=True))
