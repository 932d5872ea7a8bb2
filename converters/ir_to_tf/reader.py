"""Reader: OpenVINO IR (or any model OpenVINO reads) to `Graph`. OpenVINO is needed only here."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from converters.ir_to_tf.dynamic import marked
from converters.ir_to_tf.errors import ConversionError, DynamicShapeError
from converters.ir_to_tf.graph import TERMINALS, UNKNOWN, Graph, Node, Value
from converters.ir_to_tf.unrolling import UNROLLED, unrolled

DTYPES = {
    "boolean": "bool",
    "f16": "float16",
    "f32": "float32",
    "f64": "float64",
    "i8": "int8",
    "i16": "int16",
    "i32": "int32",
    "i64": "int64",
    "u8": "uint8",
    "u16": "uint16",
    "u32": "uint32",
    "u64": "uint64",
}
"""Element types of OpenVINO, as numpy calls them."""


AS_THEY_ARE = {"equation"}
"""Attributes in which capital letters mean something else than small ones."""


def read_graph(path: Path, fixed: Mapping[str, Any] | None = None) -> Graph:
    """Read a model, its constants folded; the shapes of its inputs must be known.

    `fixed` gives inputs by name a value once and for all: they become constants.
    """
    return graph_of(read_model(path), fixed)


def read_model(path: Path) -> Any:
    """The `openvino.Model` of a file."""
    import openvino as ov

    try:
        return ov.Core().read_model(path)
    except RuntimeError as error:
        raise ConversionError(
            f"OpenVINO cannot read it: {str(error).strip().splitlines()[-1]}",
            subject=str(path.name),
            remedy="give an IR's .xml with its .bin beside it, or build it again by the mo stage",
        ) from error


def graph_of(model: Any, fixed: Mapping[str, Any] | None = None) -> Graph:
    """The graph of an `openvino.Model`."""
    _fix_inputs(model, fixed or {})
    return marked(Graph(_body(model))).checked()


def _body(model: Any) -> tuple[Node, ...]:
    """The nodes of a model, or of the body of a loop, its constants folded."""
    from openvino.runtime.passes import ConstantFolding, Manager

    _make_shapes_constant(model)
    manager = Manager()
    manager.register_pass(ConstantFolding())
    manager.run_passes(model)
    return tuple(_in_order_of_source(model, list(_nodes(model))))


def _fix_inputs(model: Any, fixed: Mapping[str, Any]) -> None:
    from openvino.runtime import op

    for parameter in model.get_parameters():
        known = fixed.keys() & {parameter.get_friendly_name(), *parameter.output(0).get_names()}
        if known:
            dtype = DTYPES[parameter.get_element_type().get_type_name()]
            constant = op.Constant(np.asarray(fixed[known.pop()], dtype))
            parameter.output(0).replace(constant.output(0))
            model.remove_parameter(parameter)
    if fixed:
        model.validate_nodes_and_infer_types()


def _make_shapes_constant(model: Any) -> None:
    """Shapes are static; what computes with them is then folded."""
    from openvino.runtime import op

    for node in model.get_ordered_ops():
        shape = node.input(0).get_partial_shape() if node.get_type_name() == "ShapeOf" else None
        if shape is not None and shape.is_static:
            dtype = DTYPES[node.get_output_element_type(0).get_type_name()]
            constant = op.Constant(np.array(shape.to_shape(), dtype))
            node.output(0).replace(constant.output(0))


def _nodes(model: Any) -> Iterator[tuple[str, Node]]:
    """The nodes, each with the name of the op that it comes from."""
    names = _public_names(model)
    values: dict[tuple[str, int], Value] = {}
    for op in model.get_ordered_ops():
        name = names.get(op.get_name(), op.get_friendly_name())
        outputs = tuple(_value(op, name, number) for number in range(op.get_output_size()))
        for number, value in enumerate(outputs):
            values[op.get_name(), number] = value
        if op.get_type_name() == "Constant":
            continue
        sources = [port.get_source_output() for port in op.inputs()]
        inputs = tuple(values[s.get_node().get_name(), s.get_index()] for s in sources)
        if op.get_type_name() in UNROLLED:
            nodes, made = unrolled(op, name, inputs, _body)
            values |= {(op.get_name(), number): value for number, value in enumerate(made)}
            yield from ((op.get_name(), node) for node in nodes)
            continue
        outputs = () if op.get_type_name() == "Result" else outputs
        node = Node(name, op.get_type_name(), inputs, outputs, _attributes(op), _aliases(op))
        yield op.get_name(), node


def _aliases(op: Any) -> tuple[str, ...]:
    """Every name that the source model gave an input or output."""
    if op.get_type_name() not in TERMINALS:
        return ()
    output = op.input(0).get_source_output() if op.get_type_name() == "Result" else op.output(0)
    return (*sorted(output.get_names()), op.get_friendly_name())


def _public_names(model: Any) -> dict[str, str]:
    """What the inputs and outputs are called: the names that the source model gave them."""
    names = {op.get_name(): op.get_friendly_name() for op in model.get_parameters()}
    for op in model.get_results():
        source = op.input(0).get_source_output()
        friendly = op.get_friendly_name().removesuffix("/sink_port_0")
        known = source.get_names()
        names[op.get_name()] = friendly if friendly in known or not known else min(known)
    return names


def _in_order_of_source(model: Any, nodes: list[tuple[str, Node]]) -> Iterator[Node]:
    """Parameters first and Results last, each in the order in which the model lists them."""
    terminals = {name: node for name, node in nodes if node.type in TERMINALS}
    yield from (terminals[op.get_name()] for op in model.get_parameters())
    yield from (node for _, node in nodes if node.type not in TERMINALS)
    yield from (terminals[op.get_name()] for op in model.get_results())


def _value(op: Any, name: str, number: int) -> Value:
    output = op.output(number)
    shape = output.get_partial_shape()
    if shape.is_dynamic and op.get_type_name() == "Parameter":
        raise DynamicShapeError(
            f"its shape {shape} is not known before the model runs",
            subject=f"{op.get_type_name()} {name!r}",
            remedy="give the inputs fixed shapes (inputs[].shape of the recipe)",
        )
    element = output.get_element_type().get_type_name()
    if element not in DTYPES:
        raise ConversionError(
            f"element type {element} is not supported", subject=f"{op.get_type_name()} {name!r}"
        )
    data = np.array(op.get_data()) if op.get_type_name() == "Constant" else None
    is_ranked = bool(shape.rank.is_static)
    sizes = tuple(n.get_length() if n.is_static else UNKNOWN for n in shape) if is_ranked else ()
    return Value(f"{name}:{number}", sizes, np.dtype(DTYPES[element]), data, is_ranked)


def _attributes(op: Any) -> Mapping[str, Any]:
    if op.get_type_name() in TERMINALS:
        return {}
    return {
        name.replace("-", "_"): value if name in AS_THEY_ARE else _plain(value)
        for name, value in op.get_attributes().items()
    }


def _plain(value: Any) -> Any:
    if isinstance(value, (str, int, float, bool)):
        return value.lower() if isinstance(value, str) else value
    return [item if isinstance(item, (str, float)) else item.__index__() for item in value]
