"""Ops said as the Edge TPU's compiler knows them: what `target: edgetpu` does to a model.

Each form gives the numbers of what it replaces, up to float rounding, unless its docstring says by
how much it differs. They act on the OpenVINO model, as replacements do; what the compiler knows
stands in converters/edgetpu_mapping.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from math import prod
from typing import Any

import numpy as np

from converters.ir_to_tf.layout.prices import Target
from converters.ir_to_tf.replacements import (
    APART,
    hardswish_for_edgetpu,
    of_type,
    renamed,
)
from converters.ir_to_tf.surgery import Model, Op, Output, constant, created, instead

MOST_RESIZED = 2 * 2**20
"""Bytes of an output, channels rounded up to four, that the compiler was seen to resize."""

NEARLY = 1e-20
"""Zeros that differ: of zeros that are all alike TensorFlow Lite makes a RELU, and fuses it."""

TWICE_ROOT = 1.5957691216057308  # 2 sqrt(2 / pi)
CUBIC = 0.044715

NOT_NEGATIVE = {"Relu", "Sigmoid", "SoftMax", "Softmax", "Abs"}
SHAPE_PRESERVING = {"MaxPool", "Reshape", "Transpose", "Squeeze", "Unsqueeze"}


def spread_pixels(model: Model) -> list[str]:
    """One pixel is enlarged by copies of it, however it is interpolated: copies are precise."""
    found = [op for op in _resizes(model) if _sizes(op.input(0)) == (1, 1)]
    return [renamed(op, _copied(op)) for op in found if op.get_attributes()["mode"] != "nearest"]


def _copied(op: Op) -> Op:
    x = op.input(0).get_source_output()
    sizes = constant(np.array(_sizes(op.output(0)), np.int64))
    axes = constant(np.array([2, 3], np.int64))
    plain = {**_interpolation(op), "mode": "nearest", "shape_calculation_mode": "sizes"}
    return created("Interpolate", [x, sizes, axes], plain)


def _interpolation(op: Op) -> dict[str, Any]:
    return {**op.get_attributes(), "pads_begin": [0] * 4, "pads_end": [0] * 4}


def resize_in_parts(model: Model) -> list[str]:
    """A resize whose output is too large goes over a part of the channels at a time."""
    return [
        renamed(op, _in_parts(op, count)) for op in _resizes(model) if (count := _parts(op)) > 1
    ]


def _resizes(model: Model) -> Iterator[Op]:
    """Interpolations of the two spatial axes of pictures whose sizes are known, without pads."""
    for op in of_type(model, "Interpolate"):
        if op.get_type_info().version_id not in ("opset4", "opset11") or _has_pads(op):
            continue
        shapes = [op.get_input_partial_shape(0), op.get_output_partial_shape(0)]
        if all(shape.is_static and len(shape) == 4 for shape in shapes):
            before, after = (list(shape.to_shape()) for shape in shapes)
            if before[:2] == after[:2] and before != after:
                yield op


def _has_pads(op: Op) -> bool:
    return any([*op.get_attributes()["pads_begin"], *op.get_attributes()["pads_end"]])


def _sizes(port: Output) -> tuple[int, int]:
    return tuple(port.get_partial_shape().to_shape()[2:])


def _parts(op: Op) -> int:
    """Into how many equal parts of a multiple of four channels; 1 if none is small enough."""
    _, channels, *sizes = op.get_output_partial_shape(0).to_shape()
    fours = channels // 4
    if channels % 4 or channels * prod(sizes) <= MOST_RESIZED:
        return 1
    fitting = [
        count
        for count in range(2, fours + 1)
        if fours % count == 0 and channels // count * prod(sizes) <= MOST_RESIZED
    ]
    return fitting[0] if fitting else 1


def _in_parts(op: Op, count: int) -> Op:
    x, axis = op.input(0).get_source_output(), constant(np.array(1, np.int64))
    split = created("Split", [x, axis], {"num_splits": count})
    rest = _sizes_and_axes(op)
    made = [
        created("Interpolate", [part, *rest], _interpolation(op)).output(0)
        for part in split.outputs()
    ]
    return created("Concat", made, {"axis": 1})


def _sizes_and_axes(op: Op) -> list[Output]:
    """The inputs behind the first, as the newer opset has them: sizes or factors, and axes."""
    given = [port.get_source_output() for port in op.inputs()[1:]]
    if op.get_type_info().version_id == "opset4":
        by_factor = op.get_attributes()["shape_calculation_mode"] == "scales"
        return [given[1] if by_factor else given[0], *given[2:]]
    return given


def activation_apart(model: Model) -> list[str]:
    """An activation behind a transposed convolution is a MAXIMUM: fused, it is not parsed."""
    found = [op for op in model.get_ordered_ops() if _is_behind_transposed(op)]
    return [renamed(op, _bounded(op)) for op in found]


def _is_behind_transposed(op: Op) -> bool:
    if not _is_cut(op) or not _has_channels(op):
        return False
    source = op.input(0).get_source_output().get_node()
    if source.get_type_name() == "Add":
        kinds = [port.get_source_output().get_node().get_type_name() for port in source.inputs()]
        return any(kind in TRANSPOSED for kind in kinds)
    return source.get_type_name() in TRANSPOSED


def _is_cut(op: Op) -> bool:
    kind = op.get_type_name()
    return bool(kind == "Relu" or (kind == "Clamp" and op.get_attributes()["min"] == 0.0))


TRANSPOSED = {"ConvolutionBackpropData", "GroupConvolutionBackpropData"}


def _has_channels(op: Op) -> bool:
    shape = op.get_input_partial_shape(0)
    return len(shape) == 4 and shape[1].is_static


def _bounded(op: Op) -> Op:
    x = op.input(0).get_source_output()
    channels = op.get_input_partial_shape(0)[1].get_length()
    unlike = -NEARLY * np.arange(1, channels + 1, dtype=np.float32).reshape(1, -1, 1, 1)
    made = created("Maximum", [x, constant(unlike)], {})
    if op.get_type_name() == "Clamp":
        most = np.float32(op.get_attributes()["max"])
        above = np.nextafter(most, np.float32(np.inf))
        bounds = np.full((1, channels, 1, 1), most, np.float32)
        bounds[:, ::2] = above if channels > 1 else most
        made = created("Minimum", [made.output(0), constant(bounds)], {})
    return made


def gelu_by_sigmoid(model: Model) -> list[str]:
    """GELU as x sigmoid(2 sqrt(2 / pi) (x + 0.044715 x^3)): of the tanh form the same numbers.

    The form by erf differs from it by at most 4.8e-4, a thirtieth of a step of 8 bits over 4.
    """
    return [renamed(op, _gelu(op)) for op in of_type(model, "Gelu")]


def _gelu(op: Op) -> Op:
    x = op.input(0).get_source_output()
    square = created("Multiply", [x, x], {})
    bent = created("Multiply", [square.output(0), constant(np.float32(TWICE_ROOT * CUBIC))], {})
    factor = created("Add", [bent.output(0), constant(np.float32(TWICE_ROOT))], {})
    inner = created("Multiply", [x, factor.output(0)], {})
    gate = created("Sigmoid", inner.outputs(), {})
    gate.set_friendly_name(f"{op.get_friendly_name()}{APART}")
    return created("Multiply", [x, gate.output(0)], {})


def depth_to_space_by_convolution(model: Model) -> list[str]:
    """Channels put in their places by a transposed convolution whose weights are 0 and 1."""
    found = [op for op in of_type(model, "DepthToSpace") if _has_channels(op)]
    return [renamed(op, _placed(op)) for op in found]


def _placed(op: Op) -> Op:
    x, given = op.input(0).get_source_output(), op.get_attributes()
    block, read = int(given["block_size"]), op.get_input_partial_shape(0)[1].get_length()
    made = read // block**2
    blocks_first = str(given["mode"]).lower() == "blocks_first"
    weights = np.zeros((read, made, block, block), np.float32)
    for channel, row, column in np.ndindex(made, block, block):
        place = row * block + column
        source = place * made + channel if blocks_first else channel * block**2 + place
        weights[source, channel, row, column] = 1
    words: dict[str, Any] = {
        "strides": [block, block],
        "dilations": [1, 1],
        "output_padding": [0, 0],
    }
    words |= {"pads_begin": [0, 0], "pads_end": [0, 0], "auto_pad": "explicit"}
    return created("ConvolutionBackpropData", [x, constant(weights, like=x)], words)


def activation_before_max_pool(model: Model) -> list[str]:
    """An activation behind a max pool goes before it: fused, the pool is not mapped."""
    found = [op for op in model.get_ordered_ops() if _is_cut(op) and _is_behind_pool(op)]
    return [renamed(op, _swapped(op)) for op in found]


def _is_behind_pool(op: Op) -> bool:
    source = op.input(0).get_source_output()
    is_pool = source.get_node().get_type_name() == "MaxPool" and source.get_index() == 0
    return is_pool and len(source.get_target_inputs()) == 1


def _swapped(op: Op) -> Op:
    pool = op.input(0).get_source_output().get_node()
    x = pool.input(0).get_source_output()
    cut = created(op.get_type_name(), [x], op.get_attributes())
    return created("MaxPool", cut.outputs(), _pooling(pool))


def _pooling(op: Op) -> dict[str, Any]:
    """The attributes of a max pool, as the newer opset has them."""
    given = op.get_attributes()
    steps = [1] * len(given["kernel"])
    return {"dilations": steps, "index_element_type": "i64", "axis": 0, **given}


def edge_before_max_pool(model: Model) -> list[str]:
    """A max pool that pads pads its edge: every window that sees the copy sees the original too.

    What is not negative is left alone: its PAD has zeros, and is no PADV2.
    """
    return [_padded(op) for op in of_type(model, "MaxPool") if _needs_padv2(op)]


def _needs_padv2(op: Op) -> bool:
    given, shape = _pooling(op), op.get_input_partial_shape(0)
    is_plain = len(shape) == 4 and shape.is_static and set(given["dilations"]) == {1}
    is_explicit = str(given["auto_pad"]).lower() == "explicit"
    if not is_plain or not is_explicit or _is_positive(op) or given["rounding_type"] != "floor":
        return False
    begin, end = given["pads_begin"], given["pads_end"]
    is_inside = all(p < k for p, k in zip([*begin, *end], list(given["kernel"]) * 2, strict=True))
    return any([*begin, *end]) and is_inside and not _is_same(op)


def _is_same(op: Op) -> bool:
    """Whether the pads are those that TensorFlow calls SAME, which cost nothing."""
    given, sizes = _pooling(op), op.get_input_partial_shape(0).to_shape()[2:]
    names = ("strides", "kernel", "pads_begin", "pads_end")
    for size, stride, kernel, begin, end in zip(sizes, *(given[n] for n in names), strict=True):
        whole = max((-(-size // stride) - 1) * stride + kernel - size, 0)
        if (begin, end) != (whole // 2, whole - whole // 2):
            return False
    return True


def _is_positive(op: Op) -> bool:
    source = op.input(0).get_source_output().get_node()
    kind = source.get_type_name()
    if kind in NOT_NEGATIVE or (kind == "Clamp" and source.get_attributes()["min"] >= 0.0):
        return True
    return kind in SHAPE_PRESERVING and _is_positive(source)


def _padded(op: Op) -> str:
    x, given = op.input(0).get_source_output(), _pooling(op)
    for axis, (begin, end) in enumerate(
        zip(given["pads_begin"], given["pads_end"], strict=True), 2
    ):
        x = _with_edges(x, axis, begin, end)
    none = [0] * len(given["pads_begin"])
    pool = created("MaxPool", [x], {**given, "pads_begin": none, "pads_end": none})
    name = str(op.get_friendly_name())
    instead(op.output(0), lambda: pool.output(0))
    op.set_friendly_name(f"{name}/replaced")
    pool.set_friendly_name(name)
    return name


def _with_edges(x: Output, axis: int, begin: int, end: int) -> Output:
    """The first row of an axis `begin` times, all of it, and the last row `end` times."""
    size = x.get_partial_shape()[axis].get_length()
    first, last = _row(x, axis, 0), _row(x, axis, size - 1)
    parts = [*[first] * begin, x, *[last] * end]
    return created("Concat", parts, {"axis": axis}).output(0) if len(parts) > 1 else x


def _row(x: Output, axis: int, place: int) -> Output:
    limits = [constant(np.array([n], np.int64)) for n in (place, place + 1, 1, axis)]
    row: Output = created("Slice", [x, *limits], {}).output(0)
    return row


FORMS: dict[str, Callable[[Model], list[str]]] = {
    "hard swish in plain arithmetic": hardswish_for_edgetpu,
    "GELU by a sigmoid": gelu_by_sigmoid,
    "one pixel copied": spread_pixels,
    "resize in parts": resize_in_parts,
    "depth to space by a transposed convolution": depth_to_space_by_convolution,
    "activation apart from a transposed convolution": activation_apart,
    "activation before a max pool": activation_before_max_pool,
    "edge repeated before a max pool": edge_before_max_pool,
}
"""By what is done, in the order in which it is done."""


def adapted_to(target: Target, model: Model) -> dict[str, list[str]]:
    """Nothing is said otherwise for a CPU."""
    return adapted(model) if target == "edgetpu" else {}


def adapted(model: Model) -> dict[str, list[str]]:
    """Say ops as the compiler knows them; the names of the ops, by form, where there were any."""
    done = {form: change(model) for form, change in FORMS.items()}
    model.validate_nodes_and_infer_types()
    return {form: names for form, names in done.items() if names}
