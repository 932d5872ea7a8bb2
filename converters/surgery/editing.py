"""Small changes in place: the opset, an attribute, a constant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from converters.errors import ZooError
from converters.export.graph import opset
from converters.origin import inside, listed, nearest
from converters.surgery.finding import constant_named, node_named
from converters.surgery.operation import Array, Change, Model, Site, operation
from converters.surgery.proofs import same_answers


@operation("set_opset")
def set_opset(model: Model, options: int, site: Site) -> Change:
    """The same graph in the operators of another version, by ONNX's own converter."""
    import onnx

    try:
        changed = onnx.version_converter.convert_version(model, options)
    except (RuntimeError, ValueError, IndexError) as error:
        cause = f"cannot be converted from opset {opset(model)} to {options}: {error}"
        raise site.error(cause, "ask for a nearer one, or export the network anew") from error
    says = f"opset {options} instead of {opset(model)}, the same answers"
    return Change(changed, says, same_answers())


@operation("set_attribute")
def set_attribute(model: Model, options: Mapping[str, Any], site: Site) -> Change:
    """Another value for an attribute of a node, of the type that the operator wants."""
    import onnx

    changed = type(model)()
    changed.CopyFrom(model)
    node = node_named(changed, options["node"], site)
    name, value = str(options["attribute"]), options["value"]
    kind = _attribute_type(changed, node, name, site)
    old = [each for each in node.attribute if each.name == name]
    was = onnx.helper.get_attribute_value(old[0]) if old else "its default"
    for each in old:
        node.attribute.remove(each)
    try:
        node.attribute.append(onnx.helper.make_attribute(name, value, attr_type=kind))
    except (TypeError, ValueError) as error:
        wanted = onnx.AttributeProto.AttributeType.Name(kind)
        cause = f"{value!r} is no value for {name}, which takes {wanted}"
        raise site.error(cause, "correct the value", "value") from error
    return Change(changed, f"{node.op_type} {options['node']}: {name} {value}, not {was}")


def _attribute_type(model: Model, node: Any, name: str, site: Site) -> int:
    import onnx

    present = {each.name: each.type for each in node.attribute}
    if name in present:
        return int(present[name])
    try:
        known = onnx.defs.get_schema(node.op_type, opset(model), node.domain).attributes
    except onnx.defs.SchemaError:
        known = {}
    if name not in known:
        every = [*known, *present]
        remedy = nearest(name, every) or f"it has: {listed(every)}"
        cause = f"{node.op_type} has no attribute {name!r}"
        raise site.error(cause, remedy, "attribute")
    return int(known[name].type.value)


@operation("replace_constant")
def replace_constant(model: Model, options: Mapping[str, Any], site: Site) -> Change:
    """Another value for a stored tensor, of its own dtype; one number fills it.

    Of another shape it may be where `reshape` says so: what follows is inferred and checked.
    """
    import onnx

    changed = type(model)()
    changed.CopyFrom(model)
    tensor = constant_named(changed, options["name"], site)
    old = onnx.numpy_helper.to_array(tensor)
    new = _value(options, site)
    if new.shape not in (old.shape, ()) and not options.get("reshape"):
        cause = f"has shape {list(new.shape)}, the constant {list(old.shape)}"
        remedy = "give a value of that shape, or one number to fill it; or set reshape: true"
        raise site.error(cause, remedy)
    full = new if new.shape else np.broadcast_to(new, old.shape)
    with np.errstate(all="ignore"):
        cast = full.astype(old.dtype)
    if old.dtype.kind in "iub" and not np.array_equal(cast, full):
        raise site.error(f"does not fit into {old.dtype}", "give whole numbers in its range")
    name = tensor.name
    tensor.CopyFrom(onnx.numpy_helper.from_array(np.ascontiguousarray(cast), name))
    count = int((cast != old).sum()) if cast.shape == old.shape else cast.size
    other = "" if cast.shape == old.shape else f", now {list(cast.shape)}"
    return Change(changed, f"{count} of {old.size} values of {options['name']} replaced{other}")


def _value(options: Mapping[str, Any], site: Site) -> Array:
    if ("value" in options) == ("file" in options):
        raise site.error("needs exactly one of value and file", "give one of them")
    if "value" in options:
        try:
            return np.array(options["value"])
        except ValueError as error:
            raise site.error(str(error), "give rows of one length", "value") from error
    path = inside(site.folder, str(options["file"]))
    try:
        return np.asarray(np.load(path, allow_pickle=False))
    except (ValueError, OSError, EOFError) as error:
        raise ZooError(
            f"cannot be read as an array: {error}",
            subject=f"{site.subject}.file: {options['file']}",
            remedy="write it with numpy.save, without objects",
        ) from error
