"""Replacements: ops said in others that a target likes better, each asked for by a flag.

They act on the OpenVINO model, so that OpenVINO infers the types and shapes behind them.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence

import numpy as np

from converters.ir_to_tf.errors import ConversionError
from converters.ir_to_tf.surgery import Model, Op, Output, constant, created, instead

SIXTH = 0.16666667
SIXTH_FOR_EDGETPU = 0.16666666
"""A sixth that TensorFlow Lite does not take for one: it then fuses no HARD_SWISH of it."""

APART = "/apart"
"""Ends the name of an op whose result `pins.apart` keeps: no formula is found across it again."""

SHARPNESS = 2.0**20
"""Differences below a millionth count as equal, in part, where argmax is told in arithmetic."""


def swish_and_hardswish(model: Model) -> list[str]:
    """Swish becomes HSwish, and HSwish becomes Swish."""
    both = [(op, "HSwish") for op in _swishes(model)]
    both += [(op, "Swish") for op in of_type(model, "HSwish")]
    return [renamed(op, created(kind, [_gated(op)], {})) for op, kind in both]


def _swishes(model: Model) -> Iterator[Op]:
    """Swish with a factor of 1, and x times the sigmoid of x."""
    for op in model.get_ordered_ops():
        is_swish = op.get_type_name() == "Swish" and _factor(op) == 1.0
        if is_swish or (op.get_type_name() == "Multiply" and _gate(op) is not None):
            yield op


def _factor(op: Op) -> float | None:
    if op.get_input_size() < 2:
        return 1.0
    source = op.input(1).get_source_output().get_node()
    return float(np.ravel(source.data)[0]) if source.get_type_name() == "Constant" else None


def _gate(op: Op) -> Output | None:
    """The x of a Multiply of x and the sigmoid of x."""
    sources = [port.get_source_output() for port in op.inputs()]
    for one, other in (sources, sources[::-1]):
        gate = other.get_node()
        if gate.get_type_name() == "Sigmoid" and gate.input(0).get_source_output() == one:
            return one
    return None


def _gated(op: Op) -> Output:
    found = _gate(op) if op.get_type_name() == "Multiply" else None
    return op.input(0).get_source_output() if found is None else found


def hardswish_for_edgetpu(model: Model) -> list[str]:
    """HSwish in Add, Clamp and Multiply, which TensorFlow Lite leaves as they are."""
    return [renamed(op, _hardswish(op)) for op in of_type(model, "HSwish")]


def _hardswish(op: Op) -> Op:
    x = op.input(0).get_source_output()
    line = created("Add", [x, constant(np.float32(3))], {})
    cut = created("Clamp", line.outputs(), {"min": 0.0, "max": 6.0})
    cut.set_friendly_name(f"{op.get_friendly_name()}{APART}")
    product = created("Multiply", [x, cut.output(0)], {})
    return created("Multiply", [product.output(0), constant(np.float32(SIXTH_FOR_EDGETPU))], {})


def prelu_and_minmax(model: Model) -> list[str]:
    """PRelu as the larger of x and 0, and the slope times the smaller."""
    return [renamed(op, _minmax(op)) for op in of_type(model, "PRelu")]


def _minmax(op: Op) -> Op:
    x, slope = (port.get_source_output() for port in op.inputs())
    zero = constant(np.zeros((), np.float32), like=x)
    above = created("Maximum", [x, zero], {})
    below = created("Minimum", [x, zero], {})
    below.set_friendly_name(f"{op.get_friendly_name()}{APART}")
    bent = created("Multiply", [below.output(0), _along_channels(slope, x)], {})
    return created("Add", [above.output(0), bent.output(0)], {})


def _along_channels(slope: Output, x: Output) -> Output:
    """A row of slopes stands for the channels, whichever axis numpy would align it with."""
    rank, shape = len(x.get_partial_shape()), slope.get_partial_shape()
    if len(shape) != 1 or shape.to_shape()[0] == 1 or rank < 2:
        return slope
    target = constant(np.array([1, -1, *[1] * (rank - 2)], np.int64))
    reshaped: Output = created("Reshape", [slope, target], {"special_zero": False}).output(0)
    return reshaped


def argmax(model: Model, in_floats: bool = False) -> list[str]:
    """TopK of one as arithmetic: the largest, and what remains of a falling row where it stands.

    `in_floats`: indices are floats, and what would turn them into whole numbers is left out.
    """
    return [_argmax(op, in_floats) for op in of_type(model, "TopK") if _is_argmax(op)]


def _is_argmax(op: Op) -> bool:
    count = op.input(1).get_source_output().get_node()
    is_one = count.get_type_name() == "Constant" and np.ravel(count.data).tolist() == [1]
    is_float = op.get_input_element_type(0).get_type_name() in ("f32", "f16")
    return is_one and is_float and op.get_attributes()["mode"] == "max"


def _argmax(op: Op, in_floats: bool) -> str:
    x, name = op.input(0).get_source_output(), str(op.get_friendly_name())
    axis = int(op.get_attributes()["axis"]) % len(x.get_partial_shape())
    keep = {"keep_dims": True}
    axes = constant(np.array([axis], np.int64))
    largest = created("ReduceMax", [x, axes], keep)
    index = _position(x, largest.output(0), axes)
    wanted = op.get_attributes()["index_element_type"]
    if not in_floats:
        index = created("Convert", index.outputs(), {"destination_type": wanted})
    largest.set_friendly_name(f"{name}/values")
    index.set_friendly_name(name)
    instead(op.output(0), lambda: largest.output(0))
    made = instead(op.output(1), lambda: index.output(0))
    if in_floats:
        _drop_conversions(made)
    return name


def _position(x: Output, largest: Output, axes: Output) -> Op:
    """Where the first of the largest elements stands."""
    axis = int(axes.get_node().data[0])
    count = x.get_partial_shape()[axis].get_length()
    shape = [count if i == axis else 1 for i in range(len(x.get_partial_shape()))]
    falling = constant(np.arange(count, 0, -1, dtype=np.float32).reshape(shape), like=x)
    one, sharp, most = (constant(np.array(n), like=x) for n in (1.0, SHARPNESS, float(count)))
    below = created("Subtract", [largest, x], {})
    far = created("Multiply", [below.output(0), sharp], {})
    here = created("Relu", created("Subtract", [one, far.output(0)], {}).outputs(), {})
    left = created("Multiply", [here.output(0), falling], {})
    first = created("ReduceMax", [left.output(0), axes], {"keep_dims": True})
    return created("Subtract", [most, first.output(0)], {})


SHAPERS = ("Squeeze", "Unsqueeze", "Reshape", "Transpose")


def _drop_conversions(output: Output) -> None:
    """Leave out the conversions that follow an output, also behind ops that only shape it."""
    for op in reversed(list(_conversions(output))):
        source = op.input(0).get_source_output()
        instead(op.output(0), lambda source=source: source)  # type: ignore[misc]


def _conversions(output: Output) -> Iterator[Op]:
    for reader in output.get_target_inputs():
        op = reader.get_node()
        if op.get_type_name() == "Convert":
            yield op
        if op.get_type_name() in (*SHAPERS, "Convert"):
            yield from _conversions(op.output(0))


def of_type(model: Model, kind: str) -> list[Op]:
    """The ops of a kind, in an order in which they can be computed."""
    return [op for op in model.get_ordered_ops() if op.get_type_name() == kind]


def renamed(old: Op, new: Op) -> str:
    """Put an op in the place of another, and give it that one's name."""
    name = str(old.get_friendly_name())
    instead(old.output(0), lambda: new.output(0))
    old.set_friendly_name(f"{name}/replaced")
    new.set_friendly_name(name)
    return name


REPLACEMENTS: dict[str, Callable[[Model], list[str]]] = {
    "replace_swish_and_hardswish": swish_and_hardswish,
    "optimizing_hardswish_for_edgetpu": hardswish_for_edgetpu,
    "replace_prelu_and_minmax": prelu_and_minmax,
    "replace_argmax": argmax,
    "replace_argmax_indices_to_float32": lambda model: argmax(model, in_floats=True),
}
"""By flag, in the order in which they are done."""


def kept_apart(done: Mapping[str, Sequence[str]]) -> set[str]:
    """The names of ops across which no formula is to be found again, of what was replaced."""
    return {f"{name}{APART}" for names in done.values() for name in names}


def replaced(model: Model, flags: Collection[str]) -> dict[str, list[str]]:
    """Do what flags ask for; the names of the ops replaced, by flag."""
    if "replace_argmax_indices_to_float32" in flags:  # it does more of the same
        flags = set(flags) - {"replace_argmax"}
    done = {flag: replace(model) for flag, replace in REPLACEMENTS.items() if flag in flags}
    try:
        model.validate_nodes_and_infer_types()
    except RuntimeError as error:
        raise ConversionError(
            f"types do not fit behind it: {str(error).strip().splitlines()[-1]}",
            subject=", ".join(f"--{flag}" for flag in done),
            remedy="leave the flag out: what it replaces is read by ops that want the old type",
        ) from error
    return done
