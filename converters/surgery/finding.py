"""Nodes, tensors and constants found by their names; what is not found is an error that helps."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from fnmatch import fnmatchcase
from typing import Any

from converters.origin import listed, nearest
from converters.surgery.operation import Array, Model, Site


def node_names(model: Model) -> dict[str, Any]:
    """Every node of the main graph by its own name and by those of the tensors that it makes."""
    found: dict[str, Any] = {}
    for node in model.graph.node:
        for name in (node.name, *node.output):
            found.setdefault(name, node)
    found.pop("", None)
    return found


def node_named(model: Model, name: str, site: Site, field: str = "node") -> Any:
    """The node of that name, or the one that makes the tensor of that name."""
    found = node_names(model)
    if name not in found:
        raise absent("node", name, found, site, field)
    return found[name]


def nodes_like(model: Model, patterns: Iterable[str], site: Site) -> list[Any]:
    """The nodes that match any of the patterns (`*`, `?`), in order; each must match one."""
    found = node_names(model)
    chosen: dict[int, Any] = {}
    for pattern in patterns:
        names = [pattern] if pattern in found else [n for n in found if fnmatchcase(n, pattern)]
        if not names:
            raise absent("node", pattern, found, site, "nodes")
        chosen |= {id(found[name]): found[name] for name in names}
    return [node for node in model.graph.node if id(node) in chosen]


def tensors(model: Model) -> dict[str, Any]:
    """The type of every tensor that is computed or fed, None where it is not known."""
    graph = model.graph
    known = {value.name: value for value in [*graph.value_info, *graph.output, *graph.input]}
    made = {name: None for node in graph.node for name in node.output if name}
    return {**made, **{k: v for k, v in known.items() if k in made or v in list(graph.input)}}


def tensor_named(model: Model, name: str, site: Site, field: str) -> Any:
    """The type of a tensor that must exist."""
    found = tensors(model)
    if name not in found:
        raise absent("tensor", name, found, site, field)
    return found[name]


def output_named(model: Model, name: str | None, site: Site, field: str = "output") -> str:
    """The name of an output of the graph; without one, of its only output."""
    names = [value.name for value in model.graph.output]
    if name is None and len(names) == 1:
        return str(names[0])
    if name is None:
        raise site.error(f"which of {len(names)} outputs?", f"name one: {listed(names)}", field)
    if name not in names:
        raise absent("output", name, names, site, field)
    return name


def input_named(model: Model, name: str | None, site: Site, field: str = "input") -> Any:
    """An input of the graph; without a name, its only one."""
    inputs = {value.name: value for value in model.graph.input}
    if name is None and len(inputs) == 1:
        return next(iter(inputs.values()))
    if name is None:
        raise site.error(f"which of {len(inputs)} inputs?", f"name one: {listed(inputs)}", field)
    if name not in inputs:
        raise absent("input", name, inputs, site, field)
    return inputs[name]


def constants(model: Model) -> dict[str, Any]:
    """Every stored tensor by name: initialisers, and what Constant nodes hold."""
    found = {tensor.name: tensor for tensor in model.graph.initializer}
    for node in model.graph.node:
        for attribute in node.attribute if node.op_type == "Constant" else ():
            if attribute.name == "value":
                found[node.output[0]] = attribute.t
    return found


def constant_named(model: Model, name: str, site: Site, field: str = "name") -> Any:
    """The TensorProto of a stored tensor."""
    found = constants(model)
    if name not in found:
        raise absent("constant", name, found, site, field)
    return found[name]


def constant_value(model: Model, name: str) -> Array | None:
    """The value of a stored tensor; None for one that is computed."""
    import onnx

    found = constants(model).get(name)
    return None if found is None else onnx.numpy_helper.to_array(found)


def absent(what: str, name: str, names: Iterable[str], site: Site, field: str) -> Exception:
    """The error of a name that is not there."""
    every = list(names)
    close = nearest(name, every) or f"there are: {listed(every)}"
    return site.error(f"matches nothing: the graph has no {what} {name!r}", close, field)


def shape_of(value: Any) -> tuple[int, ...] | None:
    """The shape of a type, None unless all of it is known."""
    if value is None or not value.type.tensor_type.HasField("shape"):
        return None
    sizes = [d.dim_value for d in value.type.tensor_type.shape.dim if d.HasField("dim_value")]
    return tuple(sizes) if len(sizes) == len(value.type.tensor_type.shape.dim) else None


def dtype_of(value: Any) -> str:
    """The dtype of a type, as NumPy calls it."""
    import onnx

    return str(onnx.helper.tensor_dtype_to_np_dtype(value.type.tensor_type.elem_type).name)


def sized(model: Model, name: str, site: Site, field: str) -> tuple[int, ...]:
    """The shape of a tensor, which must be known."""
    shape = shape_of(tensor_named(model, name, site, field))
    if shape is None:
        raise site.error(
            f"the shape of {name!r} is not known",
            "give the graph's inputs their shapes first, with set_shape or in `inputs`",
            field,
        )
    return shape


def readers(model: Model, name: str) -> Iterator[tuple[Any, int]]:
    """Every node of the main graph that reads a tensor, and at which place."""
    for node in model.graph.node:
        for i, read in enumerate(node.input):
            if read == name:
                yield node, i


def free_name(model: Model, wanted: str) -> str:
    """A name that no tensor of the graph has."""
    taken = {n for node in model.graph.node for n in [*node.input, *node.output]}
    taken |= {v.name for v in [*model.graph.input, *model.graph.output, *model.graph.initializer]}
    while wanted in taken:
        wanted += "_"
    return wanted
