"""Other sizes: of the batch, and of whole inputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from converters.recipes.recipe import Input
from converters.surgery.finding import constants, input_named, readers, shape_of, tensors
from converters.surgery.operation import Array, Change, Model, Proof, Site, operation
from converters.surgery.proofs import Draw, feed_for, ran, same_answers, worst


@operation("set_shape")
def set_shape(model: Model, options: Mapping[str, Any], site: Site) -> Change:
    """Shapes by the names of inputs; all others follow."""
    changed = forgotten(model)
    was_open = True
    for name, shape in options.items():
        value = input_named(changed, name, site, name)
        rank = len(value.type.tensor_type.shape.dim)
        if value.type.tensor_type.HasField("shape") and rank != len(shape):
            cause = f"the input has {rank} axes, {list(shape)} has {len(shape)}"
            raise site.error(cause, "give a number for each axis", name)
        was_open &= _admits(value, shape)
        _give(value, shape)
    told = ", ".join(f"{name} is {list(shape)}" for name, shape in options.items())
    proof = same_answers() if was_open else None
    return Change(changed, f"{told}; all else follows", proof)


@operation("set_batch")
def set_batch(model: Model, options: int, site: Site) -> Change:
    """So many samples in every input, and in every Reshape that spells out the batch."""
    changed = forgotten(model)
    old = {_leading(value) for value in changed.graph.input}
    if len(old) > 1:
        cause = f"the inputs begin with different sizes: {sorted(map(str, old))}"
        raise site.error(cause, "use set_shape: the first axis is not the batch of all")
    for value in changed.graph.input:
        _give(value, [options, *[_size(d) for d in value.type.tensor_type.shape.dim][1:]])
    was = next(iter(old))
    mended = list(_reshapes(model, changed, was, options)) if was else []
    more = f", and {len(mended)} Reshapes with it" if mended else ""
    return Change(changed, f"a batch of {options}{more}; each sample alone", _each_alone(was or 1))


def _each_alone(was: int) -> Proof:
    """Of a batch the graph makes what it made of its samples one by one (or few by few)."""

    def proof(before: Model, after: Model, draw: Draw) -> float:
        feed = feed_for(after, draw)
        count = next(iter(feed.values())).shape[0]
        if count % was:
            return worst({}, {}) if ran(after, feed) else 0.0
        parts = [
            ran(before, {name: value[i : i + was] for name, value in feed.items()})
            for i in range(0, count, was)
        ]
        wanted = {name: np.concatenate([part[name] for part in parts]) for name in parts[0]}
        return worst(wanted, ran(after, feed))

    return proof


def _reshapes(before: Model, changed: Model, was: int, count: int) -> Iterator[str]:
    """Give the constant shapes that begin with the batch the new one."""
    import onnx

    known, stored = tensors(before), constants(changed)
    for node in changed.graph.node:
        if node.op_type != "Reshape" or node.input[1] not in stored:
            continue
        shape = onnx.numpy_helper.to_array(stored[node.input[1]])
        source = shape_of(known.get(node.input[0]))
        if not shape.size or shape[0] != was or not source or source[0] != was:
            continue
        new = np.array([count, *shape[1:]], shape.dtype)
        _own_shape(changed, node, new)
        yield node.name or node.output[0]


def _own_shape(model: Model, node: Any, shape: Array) -> None:
    """A shape of its own for a Reshape: others may share the old constant."""
    import onnx

    name = f"{node.output[0]}/shape"
    model.graph.initializer.append(onnx.numpy_helper.from_array(shape, name))
    old = node.input[1]
    node.input[1] = name
    if not any(True for _ in readers(model, old)):
        for kept in [t for t in model.graph.initializer if t.name == old]:
            model.graph.initializer.remove(kept)


def forgotten(model: Model) -> Model:
    """A copy without the shapes that follow from the inputs'."""
    changed = type(model)()
    changed.CopyFrom(model)
    del changed.graph.value_info[:]
    for output in changed.graph.output:
        output.type.tensor_type.ClearField("shape")
    return changed


def _give(value: Any, shape: Any) -> None:
    import onnx

    made = onnx.helper.make_tensor_value_info(
        value.name, value.type.tensor_type.elem_type, list(shape)
    )
    value.CopyFrom(made)


def _size(dimension: Any) -> Any:
    return dimension.dim_value if dimension.HasField("dim_value") else dimension.dim_param or None


def _leading(value: Any) -> int | None:
    dims = value.type.tensor_type.shape.dim
    return int(dims[0].dim_value) if dims and dims[0].HasField("dim_value") else None


def _admits(value: Any, shape: Any) -> bool:
    """Whether a type leaves open, or already says, what a shape says."""
    dims = value.type.tensor_type.shape.dim
    pairs = zip(dims, shape, strict=True) if dims else ()
    return all(not d.HasField("dim_value") or d.dim_value == size for d, size in pairs)


def fitted(model: Model, inputs: Sequence[Input]) -> Model:
    """The sizes that the graph leaves open, where the recipe's input of that name says them."""
    declared = {spec.name: spec.shape for spec in inputs}
    given = {
        value.name: declared[value.name]
        for value in model.graph.input
        if value.name in declared
        and shape_of(value) is None
        and len(value.type.tensor_type.shape.dim) == len(declared[value.name])
        and _admits(value, declared[value.name])
    }
    changed = forgotten(model) if given else model
    for value in changed.graph.input:
        if value.name in given:
            _give(value, given[value.name])
    return changed
