"""What stands before the network: type, colour order and normalisation of an input."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from converters.surgery.finding import dtype_of, free_name, input_named, sized
from converters.surgery.operation import Array, Change, Model, Site, operation
from converters.surgery.proofs import Values, formula
from converters.surgery.sketch import Sketch


@operation("normalise")
def normalise(model: Model, options: Mapping[str, Any], site: Site) -> Change:
    """(x - mean) / std of an input that then takes raw values, its channels turned, its type cast.

    The order is: cast to the network's type, reverse the channels, subtract, divide.
    """
    value = input_named(model, options.get("input"), site)
    name, inner_type = str(value.name), dtype_of(value)
    shape = sized(model, name, site, "input")
    axis = _axis(options, shape, site)
    dtype = str(options.get("dtype", inner_type))
    mean, std = (_per_channel(options, f, shape, axis, site) for f in ("mean", "std"))
    sketch = Sketch(model, f"{name}/normalise", site)
    inner = _moved(sketch.model, name, dtype)
    x = name
    if dtype != inner_type:
        x = sketch.node("Cast", x, to=value.type.tensor_type.elem_type)
    if options.get("reverse_channels"):
        order = sketch.constant(np.arange(shape[axis])[::-1].copy(), "int64")
        x = sketch.node("Gather", x, order, axis=axis)
    if mean is not None:
        x = sketch.node("Sub", x, sketch.constant(mean, inner_type))
    if std is not None:
        x = sketch.node("Div", x, sketch.constant(std, inner_type))
    if x == name:
        raise site.error("changes nothing", "give mean, std, reverse_channels or dtype")
    sketch.node("Identity", x, name=inner)

    def compute(feed: Values) -> dict[str, Array]:
        y = feed[name].astype(inner_type)
        y = np.flip(y, axis) if options.get("reverse_channels") else y
        y = y if mean is None else y - mean.astype(inner_type)
        return {inner: y if std is None else y / std.astype(inner_type)}

    says = f"the input {name} takes {dtype}, and the network sees {_told(options)}"
    return Change(sketch.before(), says, formula([name], [inner], compute))


def _told(options: Mapping[str, Any]) -> str:
    x = "x with its channels reversed" if options.get("reverse_channels") else "x"
    x = f"({x} - {options['mean']})" if "mean" in options else x
    return f"{x} / {options['std']}" if "std" in options else x


def _axis(options: Mapping[str, Any], shape: tuple[int, ...], site: Site) -> int:
    axis = int(options.get("axis", 1))
    if not -len(shape) <= axis < len(shape):
        raise site.error(f"{axis} is no axis of {list(shape)}", "name the channels' axis", "axis")
    return axis % len(shape)


def _per_channel(
    options: Mapping[str, Any], field: str, shape: tuple[int, ...], axis: int, site: Site
) -> Array | None:
    if field not in options:
        return None
    numbers = np.array(options[field], np.float32).reshape(-1)
    if field == "std" and not numbers.all():
        raise site.error("divides by zero", "give numbers other than 0", "std")
    if numbers.size not in (1, shape[axis]):
        cause = f"has {numbers.size} numbers for {shape[axis]} channels"
        raise site.error(cause, "give one number, or one per channel", field)
    return numbers.reshape([-1 if a == axis else 1 for a in range(len(shape))])


def _moved(model: Model, name: str, dtype: str) -> str:
    """Make room for a new input of the same name: what read the old one reads the name returned."""
    import onnx

    inner = free_name(model, f"{name}/normalised")
    for node in model.graph.node:
        node.input[:] = [inner if read == name else read for read in node.input]
    value = next(each for each in model.graph.input if each.name == name)
    kept = onnx.ValueInfoProto()
    kept.CopyFrom(value)
    kept.name = inner
    model.graph.value_info.append(kept)
    value.type.tensor_type.elem_type = onnx.helper.np_dtype_to_tensor_dtype(np.dtype(dtype))
    return inner
