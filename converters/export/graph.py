"""Edits of an ONNX graph: names, cuts, static shapes, and the normal form that is stored."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from typing import Any

from converters.errors import RecipeError, ZooError
from converters.origin import listed, nearest
from converters.recipes.recipe import Input, Output

Model = Any
"""An `onnx.ModelProto`; onnx has no types of its own."""

OLDEST_FORMAT = 8
"""The ONNX file format written where the operators ask for no newer one."""


FIRST_FORMAT_WITH_WEIGHTS_ALONE = 4
"""The first ONNX file format in which a weight need not be an input too."""


def operators(model: Model) -> dict[str, int]:
    """How often each operator occurs, subgraphs included."""
    return dict(sorted(Counter(node.op_type for node in _nodes(model.graph)).items()))


def initialiser_bytes(model: Model) -> int:
    """The size of the stored weights."""
    import onnx

    return sum(onnx.numpy_helper.to_array(tensor).nbytes for tensor in model.graph.initializer)


def opset(model: Model) -> int:
    """The version of the standard operators that the model uses."""
    return int(next(o.version for o in model.opset_import if o.domain in ("", "ai.onnx")))


def at_opset(model: Model, wanted: int, *, subject: str, remedy: str) -> Model:
    """The same graph in the operators of another version, by ONNX's own converter."""
    import onnx

    try:
        return onnx.version_converter.convert_version(model, wanted)
    except (RuntimeError, ValueError, IndexError) as error:
        cause = f"cannot be converted from opset {opset(model)} to {wanted}: {error}"
        raise ZooError(cause, subject=subject, remedy=remedy) from error


def serialised(model: Model) -> bytes:
    """The normal form: equal models give equal bytes, and nothing tells where they were made."""
    import onnx

    clean = onnx.ModelProto()
    clean.CopyFrom(model)
    for name in ("producer_name", "producer_version", "model_version", "doc_string"):
        clean.ClearField(name)
    clean.ir_version = max(OLDEST_FORMAT, _format_of(clean))
    clean.graph.name = "model"
    _forget(clean)
    return bytes(clean.SerializeToString(deterministic=True))


def _format_of(model: Model) -> int:
    import onnx

    return int(onnx.helper.find_min_ir_version_for(model.opset_import, ignore_unknown=True))


def _forget(message: Any) -> None:
    """Remove documentation and metadata (stack traces, paths, versions) at every depth."""
    for field, value in list(message.ListFields()):
        if field.name in ("doc_string", "metadata_props"):
            message.ClearField(field.name)
        elif field.message_type is not None:
            for part in [value] if hasattr(value, "ListFields") else value:
                _forget(part)


def _nodes(graph: Any) -> Iterator[Any]:
    for node in graph.node:
        yield node
        for inner in _subgraphs(node):
            yield from _nodes(inner)


def _subgraphs(node: Any) -> Iterator[Any]:
    for attribute in node.attribute:
        if attribute.HasField("g"):
            yield attribute.g
        yield from attribute.graphs


# Inputs -------------------------------------------------------------------------------------


def without_initialisers_as_inputs(model: Model) -> Model:
    """Weights are not inputs: graphs of old exporters list them as both."""
    weights = {tensor.name for tensor in model.graph.initializer}
    kept = [value for value in model.graph.input if value.name not in weights]
    del model.graph.input[:]
    model.graph.input.extend(kept)
    model.ir_version = max(model.ir_version, FIRST_FORMAT_WITH_WEIGHTS_ALONE)
    return model


def with_static_inputs(model: Model, inputs: Sequence[Input]) -> Model:
    """The inputs as the recipe declares them, in its order, and the shapes that follow."""
    present = {value.name: value for value in model.graph.input}
    for declared in inputs:
        _check_name("inputs", declared.name, present, present)
    former = [present.pop(declared.name) for declared in inputs]
    declared_values = [_declared(*pair) for pair in zip(former, inputs, strict=True)]
    del model.graph.input[:]
    model.graph.input.extend([*declared_values, *present.values()])
    if former != declared_values:
        _forget_shapes(model)
    return inferred(model)


def _forget_shapes(model: Model) -> None:
    """What followed from other inputs; where nothing changed, some of it cannot be inferred."""
    del model.graph.value_info[:]
    for output in model.graph.output:
        output.type.tensor_type.ClearField("shape")


def check_all_declared(model: Model, inputs: Sequence[Input]) -> None:
    """Every input of the graph is one of the recipe, else it would stay dynamic."""
    extra = sorted({value.name for value in model.graph.input} - {i.name for i in inputs})
    if extra:
        raise RecipeError(
            f"the graph also has the inputs {listed(map(repr, extra))}",
            subject="inputs",
            remedy="declare them, or list only outputs that do not depend on them",
        )


def inferred(model: Model) -> Model:
    """The model with the shape of every tensor; a contradiction is an error."""
    import onnx

    try:
        return onnx.shape_inference.infer_shapes(model, strict_mode=True, data_prop=True)
    except (onnx.shape_inference.InferenceError, ValueError, RuntimeError) as error:
        raise ZooError(
            f"its shapes do not fit together: {_first_line(error)}",
            subject="onnx graph",
            remedy="the network may be bound to another input shape: "
            "correct inputs[].shape, or export it anew for this one",
        ) from error


def _declared(value: Any, declared: Input) -> Any:
    import onnx

    tensor = value.type.tensor_type
    dtype = onnx.helper.tensor_dtype_to_np_dtype(tensor.elem_type).name
    rank = len(tensor.shape.dim) if tensor.HasField("shape") else len(declared.shape)
    if dtype != declared.dtype or rank != len(declared.shape):
        raise RecipeError(
            f"the graph has {dtype} of rank {rank}, "
            f"the recipe {declared.dtype} of shape {list(declared.shape)}",
            subject=f"inputs: {declared.name}",
            remedy="correct dtype and shape of the input in the recipe",
        )
    return onnx.helper.make_tensor_value_info(declared.name, tensor.elem_type, declared.shape)


# Outputs ------------------------------------------------------------------------------------


def with_public_outputs(model: Model, outputs: Sequence[Output], inputs: Sequence[Input]) -> Model:
    """Only the recipe's outputs, in its order, under their public names; all if none is listed."""
    if not outputs:
        return model
    public = [output.public_name for output in outputs]
    declared = {i.name for i in inputs}
    if declared & set(public) or len(set(public)) < len(public):
        raise RecipeError(
            f"the names {listed(map(repr, public))} are not all different from each other "
            "and from the inputs",
            subject="outputs",
            remedy="give each output its own `rename`",
        )
    model = cut(model, [output.name for output in outputs], declared)
    return renamed(model, {o.name: o.public_name for o in outputs})


def cut(model: Model, outputs: Sequence[str], kept_inputs: Set[str] = frozenset()) -> Model:
    """The part of the graph that the named tensors need; they become its outputs, in order."""
    graph = model.graph
    typed = {value.name: value for value in _typed(graph)}
    _check_outputs(graph, outputs, typed)
    needed = set(outputs)
    nodes = []
    for node in reversed(graph.node):
        if needed & set(node.output):
            needed |= _read(node)
            nodes.append(node)
    fields = {
        "node": nodes[::-1],
        "initializer": [t for t in graph.initializer if t.name in needed],
        "sparse_initializer": [t for t in graph.sparse_initializer if t.values.name in needed],
        "input": [value for value in graph.input if value.name in needed | kept_inputs],
        "output": [typed[name] for name in outputs],
        "value_info": [value for value in graph.value_info if value.name in needed - set(outputs)],
    }
    result = type(model)()
    result.CopyFrom(model)
    for name, items in fields.items():
        result.graph.ClearField(name)
        getattr(result.graph, name).extend(items)
    return result


def _check_outputs(graph: Any, outputs: Sequence[str], typed: Iterable[str]) -> None:
    ready = {value.name for value in graph.input} | {t.name for t in graph.initializer}
    for index, name in enumerate(outputs):
        _check_name("outputs", name, (value.name for value in graph.output), typed)
        if name in ready or name in outputs[:index]:
            raise RecipeError(
                "is an input, a weight or listed twice: nothing computes it",
                subject=f"outputs: {name}",
                remedy="leave it out of the outputs",
            )


def _typed(graph: Any) -> Iterator[Any]:
    """Every tensor of the graph with its type, as far as it is known."""
    import onnx

    known = {v.name: v for v in [*graph.value_info, *graph.input, *graph.output]}
    yield from known.values()
    for node in graph.node:
        for name in node.output:
            if name and name not in known:
                yield onnx.helper.make_empty_tensor_value_info(name)


def _read(node: Any) -> set[str]:
    """The tensors that a node reads, also from inside its subgraphs."""
    inner = (name for graph in _subgraphs(node) for part in graph.node for name in _read(part))
    last = (value.name for graph in _subgraphs(node) for value in graph.output)
    return {name for name in [*node.input, *inner, *last] if name}


def renamed(model: Model, names: Mapping[str, str]) -> Model:
    """Tensors renamed for every user at once; inner tensors make room for the new names."""
    mapping = {old: new for old, new in names.items() if old != new}
    every = {name for node in _nodes(model.graph) for name in [*node.input, *node.output]}
    for new in sorted(set(mapping.values()) & every - set(mapping)):
        mapping[new] = _free(f"{new}/inner", every | set(names.values()))
    _rename(model.graph, mapping)
    return model


def _free(name: str, taken: set[str]) -> str:
    while name in taken:
        name += "_"
    return name


def _rename(graph: Any, mapping: Mapping[str, str]) -> None:
    for value in [*graph.input, *graph.output, *graph.value_info, *graph.initializer]:
        value.name = mapping.get(value.name, value.name)
    for node in graph.node:
        node.input[:] = [mapping.get(name, name) for name in node.input]
        node.output[:] = [mapping.get(name, name) for name in node.output]
        for inner in _subgraphs(node):
            _rename(inner, mapping)


def _check_name(field: str, wanted: str, shown: Iterable[str], present: Iterable[str]) -> None:
    have = list(present)
    if wanted not in have:
        raise RecipeError(
            f"the graph has no such tensor; its {field} are {listed(map(repr, shown))}",
            subject=f"{field}: {wanted}",
            remedy=nearest(wanted, have) or f"correct the name in the recipe's {field}",
        )


def _first_line(error: Exception) -> str:
    return next((line for line in str(error).splitlines() if line.strip()), type(error).__name__)
