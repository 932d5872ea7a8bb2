"""The story of a conversion: read, simplify, assign layouts, emit, save.

graph = read_graph(Path("model.xml"))
converted = convert(graph, Options())
save_saved_model(converted, Path("saved_model"))
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import tensorflow as tf

from converters.ir_to_tf import ops as _ops  # registers every op
from converters.ir_to_tf.dynamic import LOOSE, thinned
from converters.ir_to_tf.emit import emit
from converters.ir_to_tf.equalise import equalised
from converters.ir_to_tf.errors import UnknownAttributeError, UnsupportedError
from converters.ir_to_tf.graph import Graph, Node
from converters.ir_to_tf.layout.plan import Plan, assign_layouts
from converters.ir_to_tf.layout.prices import PRICES, Target
from converters.ir_to_tf.layout.rules import as_written
from converters.ir_to_tf.layout.wishes import Wish, Wishes
from converters.ir_to_tf.pins import PIN, pin_rule
from converters.ir_to_tf.reader import read_graph
from converters.ir_to_tf.registry import OPS, attributes_for
from converters.ir_to_tf.signature import (
    SERVING,
    Port,
    name_inputs,
    named_function,
    settle_fingerprint,
)
from converters.ir_to_tf.simplify import simplified

__all__ = ["Converted", "Options", "Port", "convert", "read_graph", "save_saved_model", "to_tflite"]
assert _ops


@dataclass(frozen=True)
class Options:
    """What the caller wants of the model's inputs and outputs; see `layout.wishes.Wish`."""

    inputs: Mapping[str, Wish] = field(default_factory=dict)
    outputs: Mapping[str, Wish] = field(default_factory=dict)
    rename: Mapping[str, str] = field(default_factory=dict)  # name in the graph -> public name
    from_channels_first: bool = True  # whether a free output of rank 4 is welcome channels last
    target: Target = "cpu"  # what layouts are priced for
    equalise: bool = False  # whether channels are scaled alike, for those who quantise


@dataclass(frozen=True)
class Converted:
    """A converted model: the module to save, its signature, the plan that it follows."""

    module: tf.Module
    function: Any  # the concrete function behind the signature
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    plan: Plan
    equalised: tuple[str, ...] = ()  # what was scaled, in words

    def interface(self) -> dict[str, Any]:
        """What a user of the artefacts must know, as JSON data."""
        bound = self.plan.bound
        return {
            "inputs": [port.record() for port in self.inputs],
            "outputs": [port.record() for port in self.outputs],
            "transposes": {
                "count": self.plan.count,
                "bytes": self.plan.bytes,
                "bound": bound.count,
            },
        }


def convert(graph: Graph, options: Options | None = None) -> Converted:
    """Convert a graph to a TensorFlow function whose signature carries the public names."""
    options = options or Options()
    graph, notes = equalised(simplified(graph)) if options.equalise else (simplified(graph), ())
    check_supported(graph)
    plan = plan_layouts(graph, options)
    inputs = tuple(_port(node, plan, options) for node in graph.inputs)
    outputs = tuple(_port(node, plan, options) for node in graph.outputs)
    given = [node.name for node in graph.inputs]
    made = [node.name for node in graph.outputs]

    def compute(*tensors: Any) -> list[Any]:
        results = emit(plan, dict(zip(given, tensors, strict=True)))
        return [results[name] for name in made]

    module, function = named_function(compute, inputs, outputs)
    return Converted(module, function, inputs, outputs, plan, notes)


def plan_layouts(graph: Graph, options: Options) -> Plan:
    """Assign a layout to every tensor of a simplified graph."""
    wishes = Wishes(options.inputs, options.outputs, options.from_channels_first).checked(graph)
    rules = {name: known.rule for name, known in OPS.items()}
    known = {PIN: pin_rule, LOOSE: as_written, **rules}
    return assign_layouts(thinned(graph), known, wishes, PRICES[options.target])


def check_supported(graph: Graph) -> None:
    """Name every layer that no op is registered for, and any attribute that its op ignores."""
    layers = [node for node in graph.nodes if node.type not in ("Parameter", "Result", PIN)]
    unsupported = [node for node in layers if node.type not in OPS]
    if unsupported:
        raise UnsupportedError.among(unsupported, graph)
    errors = [error for node in layers if (error := _odd_attributes(node))]
    if errors:
        raise UnknownAttributeError.together(errors)


def _odd_attributes(node: Node) -> UnknownAttributeError | None:
    try:
        attributes_for(node)
    except UnknownAttributeError as error:
        return error
    return None


def _port(node: Node, plan: Plan, options: Options) -> Port:
    value = node.values[0]
    order = plan.order(node) if value.is_static else tuple(range(value.rank))
    shape = tuple(value.shape[axis] for axis in order)
    return Port(options.rename.get(node.name, node.name), shape, order, value.dtype.name)


def save_saved_model(converted: Converted, path: Path) -> None:
    """Write a SavedModel with the signature `serving_default`."""
    tf.saved_model.save(converted.module, str(path), signatures={SERVING: converted.function})
    name_inputs(path, converted.inputs)
    settle_fingerprint(path)


def to_tflite(converted: Converted) -> bytes:
    """The float32 flatbuffer, its signature named as that of the SavedModel."""
    with TemporaryDirectory() as folder:
        save_saved_model(converted, Path(folder))
        return bytes(tf.lite.TFLiteConverter.from_saved_model(folder).convert())
