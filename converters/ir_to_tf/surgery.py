"""Surgery: changes to an OpenVINO model before it is read, so that OpenVINO infers the shapes.

Ops go by their friendly names, which are the names that the IR gives its layers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from converters.ir_to_tf.errors import ConversionError
from converters.ir_to_tf.graph import TERMINALS
from converters.ir_to_tf.reader import DTYPES

Model = Any
Op = Any
Output = Any

OPSET = "opset13"


def layer_names(path: Path) -> dict[int, str]:
    """Name of each layer by the number that the IR's file gives it; nothing for other files."""
    from xml.etree import ElementTree

    if path.suffix != ".xml":
        return {}
    try:
        layers = ElementTree.parse(path).getroot().find("layers")
    except ElementTree.ParseError as error:
        raise ConversionError(
            f"is no XML that can be read: {error}",
            subject=path.name,
            remedy="give an IR's .xml; entities are not known in it",
        ) from error
    return {int(each.attrib["id"]): each.attrib["name"] for each in (layers or ())}


def created(kind: str, inputs: Sequence[Output], attributes: Mapping[str, Any]) -> Op:
    """A new op of a type, attributes unknown to it refused."""
    from openvino.runtime.opset_utils import _get_node_factory

    try:
        made = _get_node_factory(OPSET).create(kind, list(inputs), dict(attributes))
    except RuntimeError as error:
        reason = str(error).strip().splitlines()[-1]
        raise ConversionError(f"OpenVINO refuses such an op: {reason}", subject=kind) from error
    check_attributes(made, attributes)
    return made


def check_attributes(op: Op, attributes: Iterable[str]) -> None:
    """Refuse attributes that an op does not have: OpenVINO ignores them."""
    known = op.get_attributes() if op.get_type_name() not in TERMINALS else {}
    for name in attributes:
        if name not in known:
            raise ConversionError(
                f"has no attribute {name!r}",
                subject=f"{op.get_type_name()} {op.get_friendly_name()!r}",
                remedy=f"its attributes are {', '.join(known) or 'none'}",
            )


def constant(values: Any, like: Output | None = None) -> Output:
    """A constant, of the element type that another output has."""
    from openvino.runtime import op

    data = np.asarray(values)
    if like is not None:
        data = data.astype(DTYPES[like.get_element_type().get_type_name()])
    elif data.dtype == np.float64:
        data = data.astype(np.float32)
    return op.Constant(data).output(0)


def instead(old: Output, make: Callable[[], Output]) -> Output:
    """Have all readers of an output read what `make` gives; public names go along."""
    readers, names = list(old.get_target_inputs()), set(old.get_names())
    new = make()
    for reader in readers:
        reader.replace_source_output(new)
    if names:
        old.set_names(set())
        new.set_names(names | set(new.get_names()))
    return new


def _made_by(op: Op) -> dict[str, Output]:
    """What an op makes, by public name; of an output of the model, what it shows."""
    name = str(op.get_friendly_name())
    if op.get_type_name() == "Result":
        source = op.input(0).get_source_output()
        return {min(source.get_names(), default=name): source}
    outputs = op.outputs()
    return {name if len(outputs) == 1 else f"{name}.{i}": o for i, o in enumerate(outputs)}


def ended_at(model: Model, wanted: Sequence[str]) -> Model:
    """The model with other outputs: everything that some ops make."""
    import openvino as ov
    from openvino.runtime import op as ops

    by_name = {op.get_friendly_name(): op for op in model.get_ordered_ops()}
    results = []
    for name in wanted:
        for public, output in _made_by(by_name[name]).items():
            output.set_names({public, *output.get_names()})
            result = ops.Result(output)
            result.set_friendly_name(public)
            results.append(result)
    cut = ov.Model(results, model.get_parameters())
    read = {
        port.get_source_output().get_node().get_friendly_name()
        for op in cut.get_ordered_ops()
        for port in op.inputs()
    }
    needed = [each for each in model.get_parameters() if each.get_friendly_name() in read]
    return ov.Model(results, needed)
