"""The frozen graph: the one emission with its weights as constants, under public names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from tensorflow.core.framework.graph_pb2 import GraphDef
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from converters.ir_to_tf.signature import KEYWORD, Named, as_argument, keywords

INLINED = re.compile(r"(Stateful)?PartitionedCall(_\d+)?/")
"""What stands before a name where a call was replaced by the body of its function."""


class Emitted(Protocol):
    """A model as it was emitted."""

    @property
    def function(self) -> Any:
        """The concrete function, to a dict of outputs by public name."""

    @property
    def inputs(self) -> Sequence[Named]:
        """In the order of the source."""

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
    """Freeze an emission; only what the outputs need, and an Identity node for each of them."""
    made = convert_variables_to_constants_v2(emitted.function)
    ends = [_source(tensor) for tensor in made.outputs]
    names = _Names()
    inputs = {port.name: names.of_public(port.name) for port in emitted.inputs}
    outputs = {port.name: names.of_public(port.name) for port in emitted.outputs}
    starts = _arguments(emitted, made)
    names.given.update((op.name, inputs[public]) for public, op in starts.items())
    graph = made.graph.as_graph_def()
    written = GraphDef(versions=graph.versions, library=graph.library)
    needed = _needed([tensor.op for tensor in ends]) - {op.name for op in starts.values()}
    others = [op for op in made.graph.get_operations() if op.name in needed]
    for op in (*starts.values(), *others):
        kept = written.node.add()
        kept.CopyFrom(op.node_def)
        kept.name = names.of_node(op.name)
        awaited = [f"^{names.of_node(each.name)}" for each in op.control_inputs]
        kept.input[:] = [*(names.of_tensor(_source(tensor)) for tensor in op.inputs), *awaited]
    sources = dict(zip(sorted(outputs), ends, strict=True))  # sorted, as TensorFlow does
    for name, node in outputs.items():
        last = written.node.add(name=node, op="Identity", input=[names.of_tensor(sources[name])])
        last.attr["T"].type = sources[name].dtype.as_datatype_enum
    return Frozen(written, inputs, outputs)


def _arguments(emitted: Emitted, made: Any) -> dict[str, Any]:
    """The placeholder of each input; a function that was saved has its arguments sorted."""
    named = zip(keywords(emitted.inputs), emitted.inputs, strict=True)
    known = {as_argument(keyword): port.name for keyword, port in named}
    own = [known[as_argument(str(each))] for each in emitted.function._arg_keywords]
    found = {name: tensor.op for name, tensor in zip(own, made.inputs, strict=True)}
    return {port.name: found[port.name] for port in emitted.inputs}


def _source(tensor: Any) -> Any:
    """The tensor at the beginning of a row of nodes that pass it on as it is."""
    while _passes_on(tensor.op):
        tensor = tensor.op.inputs[0]
    return tensor


def _passes_on(op: Any) -> bool:
    """Whether an operation changes neither values nor shape."""
    if op.type != "Reshape":
        return bool(op.type == "Identity")
    before, after = op.inputs[0].shape, op.outputs[0].shape
    return bool(before.is_fully_defined() and before == after)


def _needed(ends: list[Any]) -> set[str]:
    """The operations that some need, however indirectly."""
    found: set[str] = set()
    waiting = list(ends)
    while waiting:
        op = waiting.pop()
        if op.name not in found:
            found.add(op.name)
            waiting += [_source(tensor).op for tensor in op.inputs]
            waiting += op.control_inputs
    return found


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
            self.given[name] = self._unique(INLINED.sub("", name))
        return self.given[name]

    def of_tensor(self, tensor: Any) -> str:
        """A node's input, under the new name of the node that makes it."""
        node = self.of_node(tensor.op.name)
        return f"{node}:{tensor.value_index}" if tensor.value_index else node

    def _unique(self, name: str) -> str:
        candidates = (name, *(f"{name}_{i}" for i in range(1, len(self.taken) + 2)))
        chosen = next(each for each in candidates if each not in self.taken)
        self.taken.add(chosen)
        return chosen
