"""The frozen graph: the one emission with its weights as constants, under public names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from tensorflow.core.framework.graph_pb2 import GraphDef
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from converters.ir_to_tf.signature import KEYWORD, as_argument


class Named(Protocol):
    """An input or output."""

    @property
    def name(self) -> str:
        """The public name."""


class Emitted(Protocol):
    """A model as it was emitted."""

    @property
    def function(self) -> Any:
        """The concrete function, to a dict of outputs by public name."""

    @property
    def inputs(self) -> Sequence[Named]:
        """In the order of the function's arguments."""

    @property
    def outputs(self) -> Sequence[Named]:
        """In the order of the source."""


class Frozen(NamedTuple):
    """A graph without variables, and the nodes that are its inputs and outputs."""

    graph: GraphDef
    inputs: dict[str, str]  # public name -> node
    outputs: dict[str, str]


def write_frozen_graph(emitted: Emitted, path: Path) -> None:
    """Write a `.pb` whose placeholders and last nodes carry the public names."""
    path.write_bytes(frozen(emitted).graph.SerializeToString(deterministic=True))


def frozen(emitted: Emitted) -> Frozen:
    """Freeze an emission; Identity nodes go, but for one per output that carries its name."""
    made = convert_variables_to_constants_v2(emitted.function)
    graph = made.graph.as_graph_def()
    path = _Path(graph)
    names = _Names()
    inputs = {port.name: names.of_public(port.name) for port in emitted.inputs}
    outputs = {port.name: names.of_public(port.name) for port in emitted.outputs}
    for tensor, node in zip(made.inputs, inputs.values(), strict=True):
        names.given[tensor.op.name] = node
    written = GraphDef(versions=graph.versions, library=graph.library)
    for node in graph.node:
        if node.name in path.skipped:
            continue
        kept = written.node.add()
        kept.CopyFrom(node)
        kept.name = names.of_node(node.name)
        kept.input[:] = [names.of_tensor(path.source(tensor)) for tensor in node.input]
    sources = dict(zip(sorted(outputs), made.outputs, strict=True))  # sorted, as TensorFlow does
    for name, node in outputs.items():
        source = path.source(sources[name].name.removesuffix(":0"))
        last = written.node.add(name=node, op="Identity", input=[names.of_tensor(source)])
        last.attr["T"].type = sources[name].dtype.as_datatype_enum
    return Frozen(written, inputs, outputs)


class _Path:
    """The way of a tensor through Identity nodes, which mean nothing unless something waits."""

    def __init__(self, graph: GraphDef) -> None:
        awaited = {t.removeprefix("^") for n in graph.node for t in n.input if t.startswith("^")}
        self.skipped = {
            node.name: node.input[0]
            for node in graph.node
            if node.op == "Identity" and node.name not in awaited
        }

    def source(self, tensor: str) -> str:
        """The tensor that stands at the beginning of a row of Identity nodes."""
        while tensor in self.skipped:
            tensor = self.skipped[tensor]
        return tensor


class _Names:
    """Names of nodes: the public ones first, as far as a node can have them; each but once."""

    def __init__(self) -> None:
        self.given: dict[str, str] = {}
        self.taken: set[str] = set()

    def of_public(self, name: str) -> str:
        """The name of the node of an input or output."""
        return self._unique(name if KEYWORD.fullmatch(name) else as_argument(name))

    def of_node(self, name: str) -> str:
        """The name of any other node."""
        if name not in self.given:
            self.given[name] = self._unique(name)
        return self.given[name]

    def of_tensor(self, tensor: str) -> str:
        """A node's input, under the new name of the node that makes it."""
        mark = "^" if tensor.startswith("^") else ""
        node, colon, number = tensor.removeprefix("^").partition(":")
        return f"{mark}{self.of_node(node)}{colon}{number}"

    def _unique(self, name: str) -> str:
        candidates = (name, *(f"{name}_{i}" for i in range(1, len(self.taken) + 2)))
        chosen = next(each for each in candidates if each not in self.taken)
        self.taken.add(chosen)
        return chosen
