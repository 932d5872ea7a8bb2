"""Overrides: what a user puts right, or wants otherwise, op by op, keyed by name or pattern.

    - {op: conv_7, layout: as_written}
    - {op: "*/Resize_2", constant: {input: 1, value: [80, 80]}}
    - {op: prob, attribute: {axis: 1}}
    - {op: "act_*", replace: {type: Relu}}
    - {op: boxes, insert: {after: 0, type: Transpose, constants: [[0, 2, 1]]}}

An entry that matches nothing is an error. Layouts are pinned in the graph; all else is done to the
OpenVINO model before it is read, so that OpenVINO infers the shapes behind it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from converters.ir_to_tf.errors import ConversionError
from converters.ir_to_tf.graph import TERMINALS, Graph, Node
from converters.ir_to_tf.layout.wishes import Wish, order_of
from converters.ir_to_tf.pins import Layout, order_for, pinned
from converters.ir_to_tf.surgery import (
    Model,
    Op,
    Output,
    check_attributes,
    constant,
    created,
    instead,
)
from converters.recipes.document import read_document
from converters.recipes.problems import InvalidRecipe, listed, nearest
from converters.recipes.schema import problems_of

Entry = Mapping[str, Any]
Entries = Sequence[Entry]

NEAREST = 3


class Changed(NamedTuple):
    """A graph with its pins, what its inputs and outputs must be, and which ops were changed."""

    graph: Graph
    inputs: dict[str, Wish]
    outputs: dict[str, Wish]


def read_overrides(path: Path) -> Entries:
    """The entries of a file, checked as those of a recipe are."""
    if not path.exists():
        raise ConversionError("does not exist", subject=str(path), remedy="name a YAML file")
    document = read_document(path)
    problems = document.problems or [
        problem._replace(line=document.line(problem.path))
        for problem in problems_of(document.data, "overrides")
    ]
    if problems:
        raise InvalidRecipe("overrides", [problem.sentence(path) for problem in problems])
    return tuple(document.data)


# On the model -------------------------------------------------------------------------------------


def change_model(model: Model, entries: Entries) -> list[dict[str, Any]]:
    """Do all but the layouts to a model; per entry, the record of what it was applied to."""
    record = []
    for entry in entries:
        found = _matching(entry, model)
        names = [_names(op)[0] for op in found]
        for op in found:
            for action, change in ACTIONS.items():
                if action in entry:
                    _applied(change, op, entry[action])
        _infer(model, entry)
        record.append({**entry, "applied_to": names})
    return record


def _matching(entry: Entry, model: Model) -> list[Op]:
    """The ops that an entry names; constants are meant only where a value is given to one."""
    if not set(entry) - {"op"}:
        actions = ", ".join(("layout", *ACTIONS))
        raise _wrong(entry, "says nothing to be done", f"add one of {actions}")
    is_of_values = "constant" in entry and "input" not in entry["constant"]
    ops = [op for op in model.get_ordered_ops() if _is_constant_op(op) == is_of_values]
    is_layout = set(entry) == {"op", "layout"}
    found = [op for op in ops if _is_meant(entry["op"], op, is_layout)]
    if not found:
        raise _unmatched(entry, [_names(op)[0] for op in ops])
    return found


def _is_meant(pattern: str, op: Op, is_layout: bool) -> bool:
    """A tensor's name means the op that makes it; where a layout is wanted, the model's output."""
    is_result = op.get_type_name() == "Result"
    if is_result and not is_layout:
        return False
    names = _names(op) if is_result or not is_layout else _names(op)[:1]
    return any(matches(pattern, name) for name in names)


def _is_constant_op(op: Op) -> bool:
    return bool(op.get_type_name() == "Constant")


def _names(op: Op) -> list[str]:
    """What an op is called: by its layer, and by the tensors that it makes."""
    is_result = op.get_type_name() == "Result"
    outputs = [op.input(0).get_source_output()] if is_result else op.outputs()
    tensors = [name for output in outputs for name in sorted(output.get_names())]
    name = str(op.get_friendly_name())
    return [*tensors, name] if is_result else [name, *tensors]


def matches(pattern: str, name: str) -> bool:
    """Whether a name is the one meant, or is of the pattern; `[` means itself in a plain name."""
    return name == pattern or fnmatchcase(name, pattern)


def _unmatched(entry: Entry, names: Iterable[str]) -> ConversionError:
    import difflib

    known = list(names)
    plain = entry["op"].strip("*")
    near = [name for name in known if plain and plain in name]
    near = near or difflib.get_close_matches(plain, known, n=NEAREST, cutoff=0.3) or known
    return _wrong(
        entry, "matches no op", f"near are {', '.join(map(repr, near))}; --debug lists all"
    )


def _wrong(entry: Entry, cause: str, remedy: str = "") -> ConversionError:
    return ConversionError(cause, subject=f"override of {entry['op']!r}", remedy=remedy)


def _infer(model: Model, entry: Entry) -> None:
    try:
        model.validate_nodes_and_infer_types()
    except RuntimeError as error:
        reason = [line for line in str(error).splitlines() if line.strip()][-1]
        raise _wrong(
            entry,
            f"leaves a model whose shapes do not fit: {reason}",
            "correct what reads it as well, in an entry of its own",
        ) from error


def _applied(change: Callable[[Op, Any], None], op: Op, wanted: Any) -> None:
    if op.get_type_name() == "Parameter" and change is not _insert:
        raise ConversionError(
            "is an input: only a layout, or an op inserted after it, can be had",
            subject=f"override of {op.get_friendly_name()!r}",
            remedy="name the op that reads it",
        )
    change(op, wanted)


def _constant(op: Op, wanted: Mapping[str, Any]) -> None:
    """Another value for a constant, or for the constant that an input reads."""
    if op.get_type_name() == "Constant":
        old = op.output(0)
        instead(old, lambda: _filled(wanted["value"], old))
        return
    port = _port(op, op.inputs(), wanted["input"], "input")
    source = port.get_source_output()
    if not _is_constant(source):
        raise ConversionError(
            f"input {wanted['input']} is not a constant but {source.get_node().get_type_name()} "
            f"{source.get_node().get_friendly_name()!r}",
            subject=f"override of {op.get_friendly_name()!r}",
            remedy="insert an op before it, or replace the op that makes it",
        )
    port.replace_source_output(_filled(wanted["value"], source))


def _is_constant(source: Output) -> bool:
    """Whether a tensor is a constant, perhaps one that is kept in half precision."""
    node = source.get_node()
    if node.get_type_name() == "Convert":
        node = node.input(0).get_source_output().get_node()
    return bool(node.get_type_name() == "Constant")


def _filled(value: Any, old: Output) -> Output:
    """A value as a constant; one number fills the shape of what it replaces."""
    shape = old.get_partial_shape().to_shape()
    data = np.full(tuple(shape), value) if np.ndim(value) == 0 else np.asarray(value)
    return constant(data, like=old)


def _attribute(op: Op, wanted: Mapping[str, Any]) -> None:
    check_attributes(op, wanted)
    for name, value in wanted.items():
        op.set_attribute(name, value)
        if op.get_attributes()[name] != value:
            raise ConversionError(
                f"attribute {name!r} does not take {value!r}",
                subject=f"override of {op.get_friendly_name()!r}",
                remedy=f"it is {op.get_attributes()[name]!r} now",
            )


def _replace(op: Op, wanted: Mapping[str, Any]) -> None:
    """Another op that reads the same computed tensors, and constants of its own."""
    sources = [port.get_source_output() for port in op.inputs()]
    if "inputs" in wanted:
        read = [_port(op, sources, number, "input") for number in wanted["inputs"]]
    else:
        read = [source for source in sources if not _is_constant(source)]
    made = _made(wanted, read)
    name = op.get_friendly_name()
    for number, output in enumerate(op.outputs()):
        if output.get_target_inputs():
            new = _port(made, made.outputs(), number, "output")
            instead(output, lambda new=new: new)  # type: ignore[misc]
    op.set_friendly_name(f"{name}/replaced")
    made.set_friendly_name(name)


def _insert(op: Op, wanted: Mapping[str, Any]) -> None:
    """An op between a tensor and this op, or between this op and its readers."""
    name = f"{op.get_friendly_name()}/{wanted['type']}"
    if "before" in wanted:
        port = _port(op, op.inputs(), wanted["before"], "input")
        made = _made(wanted, [port.get_source_output()])
        port.replace_source_output(made.output(0))
    else:
        output = _port(op, op.outputs(), wanted.get("after", 0), "output")
        made = None

        def make() -> Output:
            nonlocal made
            made = _made(wanted, [output])
            return made.output(0)

        instead(output, make)
    made.set_friendly_name(name)


def _made(wanted: Mapping[str, Any], read: Sequence[Output]) -> Op:
    from converters.ir_to_tf.registry import OPS

    kind = wanted["type"]
    if kind not in OPS:
        remedy = nearest(kind, OPS) or f"ops are {listed(sorted(OPS))}"
        raise ConversionError("no op of that type is known here", subject=kind, remedy=remedy)
    values, attributes = wanted.get("constants", ()), wanted.get("attributes", {})
    try:
        return created(kind, [*read, *map(constant, values)], attributes)
    except ConversionError:
        if not read or not values:
            raise
        # Whole numbers are sizes and axes to some ops, and data to others.
        alike = (constant(value, like=read[0]) for value in values)
        return created(kind, [*read, *alike], attributes)


def _port(op: Op, ports: Sequence[Any], number: int, side: str) -> Any:
    if number >= len(ports):
        raise ConversionError(
            f"has no {side} {number}",
            subject=f"override of {op.get_friendly_name()!r}",
            remedy=f"its {side}s are numbered from 0 to {len(ports) - 1}",
        )
    return ports[number]


ACTIONS: Mapping[str, Callable[[Op, Any], None]] = {
    "constant": _constant,
    "attribute": _attribute,
    "replace": _replace,
    "insert": _insert,
}
"""What an entry can do to a model, in this order."""


# On the graph -------------------------------------------------------------------------------------


def change_graph(graph: Graph, entries: Entries) -> Changed:
    """Pin the layouts that entries ask for, as `change_model` has recorded them."""
    layouts: dict[str, Layout] = {}
    inputs: dict[str, Wish] = {}
    outputs: dict[str, Wish] = {}
    for entry in entries:
        if "layout" not in entry:
            continue
        for node in _of_graph(entry, graph):
            if node.type not in TERMINALS:
                layouts[node.name] = _fitting(entry, node)
            else:
                wishes = inputs if node.type == "Parameter" else outputs
                wishes[node.name] = _wish(entry, node)
    return Changed(pinned(graph, layouts), inputs, outputs)


def _of_graph(entry: Entry, graph: Graph) -> list[Node]:
    named = set(entry["applied_to"])
    found = [node for node in graph.nodes if named & {node.name, *node.aliases}]
    if not found:
        cause = "matches no op that is left: it was folded into a constant"
        raise _wrong(entry, cause, "leave the layout out")
    return found


def _fitting(entry: Entry, node: Node) -> Layout:
    layout: Layout = entry["layout"]
    computed = [value for value in node.values if not value.is_constant]
    if all(order_for(layout, value) is None for value in computed):
        ranks = ", ".join(str(value.rank) for value in computed)
        raise _wrong(
            entry,
            f"layout {layout} orders the axes of no tensor of {node.type} {node.name!r}",
            f"its tensors have {ranks} axes; name each axis once",
        )
    return layout


def _wish(entry: Entry, node: Node) -> Wish:
    """How an input or output is stored: of all orders, two can be had."""
    wanted, value = order_for(entry["layout"], node.values[0]), node.values[0]
    wishes: tuple[Wish, ...] = ("as_written", "channels_last")
    for wish in wishes:
        if wanted == order_of(wish, value.rank):
            return wish
    raise _wrong(
        entry,
        f"{node.name!r} is an input or output: it is stored as_written or channels_last",
        "write one of these words",
    )
