"""Loops and branches of OpenVINO, told without: a body per iteration, both branches and a choice.

The number of iterations must be known. What remains is a plain graph, which the layouts run
through: nothing is transposed on the way in or out of a body.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from converters.ir_to_tf.errors import ConversionError
from converters.ir_to_tf.graph import Node, Value

Values = tuple[Value, ...]
ReadBody = Callable[[Any], Sequence[Node]]
"""The nodes of a body, its Parameters first and its Results last, in the order of their ports."""


@dataclass
class Unrolling:
    """The nodes that say what a loop or a branch says, while they are made."""

    op: Any
    name: str
    inputs: Values
    nodes: list[Node]

    def refuse(self, cause: str, remedy: str) -> ConversionError:
        """An error about this layer, to raise."""
        return ConversionError(
            cause, subject=f"{self.op.get_type_name()} {self.name!r}", remedy=remedy
        )

    def add(self, name: str, kind: str, inputs: Values, made: Value, **attributes: Any) -> Value:
        """One more node, and what it makes."""
        self.nodes.append(Node(f"{self.name}/{name}", kind, inputs, (made,), attributes))
        return made

    def copy(self, body: Sequence[Node], given: Mapping[int, Value], prefix: str) -> list[Value]:
        """One more copy of a body, reading given values; what its Results hold."""
        new: dict[Value, Value] = {}
        results, parameters = [], 0
        for node in body:
            inputs = tuple(new.get(value, value) for value in node.inputs)
            if node.type == "Result":
                results.append(inputs[0])
            elif node.type == "Parameter":
                new[node.outputs[0]] = given[parameters]
                parameters += 1
            else:
                name = f"{self.name}/{prefix}/{node.name}"
                for number, old in enumerate(node.outputs):
                    new[old] = replace(old, name=f"{name}:{number}")
                outputs = tuple(new[old] for old in node.outputs)
                self.nodes.append(Node(name, node.type, inputs, outputs, node.attributes))
        return results


def unrolled(op: Any, name: str, inputs: Values, read: ReadBody) -> tuple[list[Node], list[Value]]:
    """The nodes in place of a loop or branch, and its outputs."""
    work = Unrolling(op, name, inputs, [])
    return work.nodes, UNROLLED[op.get_type_name()](work, read)


def _loop(work: Unrolling, read: ReadBody) -> list[Value]:
    op = work.op
    body = read(op.get_function())
    merged = _inputs_of(work, "Merged")
    results: list[Value] = []
    history: list[list[Value]] = []
    _check_condition(work, body)
    count = op.get_num_iterations()
    if count < 0:
        raise work.refuse(
            "the number of its iterations is not known before the model runs",
            "export the model with a fixed number of steps",
        )
    for turn in range(count):
        given = {d.body_parameter_index: work.inputs[d.input_index] for d in _invariant(work)}
        given |= {d.body_parameter_index: _part(work, d, turn, count) for d in _sliced(work)}
        for d in merged:
            first = work.inputs[d.input_index]
            given[d.body_parameter_index] = results[d.body_value_index] if results else first
        given |= _turn(work, body, turn)
        results = work.copy(body, given, str(turn))
        history.append(results)
    return [_gathered(work, d, history) for d in _ordered(op.get_output_descriptions())]


def _ordered(descriptions: Sequence[Any]) -> list[Any]:
    return sorted(descriptions, key=lambda d: int(d.output_index))


def _inputs_of(work: Unrolling, kind: str) -> list[Any]:
    found = work.op.get_input_descriptions()
    return [d for d in found if type(d).__name__ == f"{kind}InputDescription"]


def _invariant(work: Unrolling) -> list[Any]:
    return _inputs_of(work, "Invariant")


def _sliced(work: Unrolling) -> list[Any]:
    return _inputs_of(work, "Slice")


def _check_condition(work: Unrolling, body: Sequence[Node]) -> None:
    """A Loop may end early; only one that never does has a known number of iterations."""
    if work.op.get_type_name() != "Loop":
        return
    _, port = work.op.get_special_body_ports()
    results = [node for node in body if node.type == "Result"]
    goes_on = results[port].inputs[0].constant
    if goes_on is None or not goes_on.all():
        raise work.refuse(
            "whether it goes on is computed in its body",
            "export the model with a fixed number of steps",
        )


def _turn(work: Unrolling, body: Sequence[Node], turn: int) -> dict[int, Value]:
    """The number of the iteration, where the body of a Loop reads it."""
    if work.op.get_type_name() != "Loop":
        return {}
    port, _ = work.op.get_special_body_ports()
    if port < 0:
        return {}
    wanted = [node for node in body if node.type == "Parameter"][port].outputs[0]
    return {port: Value.of(np.full(wanted.shape, turn, wanted.dtype))}


def _part(work: Unrolling, description: Any, turn: int, count: int) -> Value:
    """What one iteration sees of an input that is cut along an axis."""
    data, length = work.inputs[description.input_index], int(description.part_size)
    axis = int(description.axis) % data.rank
    if length * count != data.shape[axis] or abs(int(description.stride)) != length:
        raise work.refuse("it cuts its input in other than equal parts", "export it otherwise")
    step = turn if description.stride > 0 else count - 1 - turn
    if data.constant is not None:
        return Value.of(np.take(data.constant, range(step * length, (step + 1) * length), axis))
    bounds = (step * length, (step + 1) * length, 1, axis)
    shape = (*data.shape[:axis], length, *data.shape[axis + 1 :])
    name = f"{turn}/slice{description.body_parameter_index}"
    made = Value(f"{work.name}/{name}:0", shape, data.dtype)
    known = tuple(Value.of(np.array([bound], np.int64)) for bound in bounds)
    return work.add(name, "Slice", (data, *known), made)


def _gathered(work: Unrolling, description: Any, history: Sequence[Sequence[Value]]) -> Value:
    """An output: of one iteration, or of all, one behind the other."""
    port = description.body_value_index
    if type(description).__name__ == "BodyOutputDescription":
        return history[int(description.iteration)][int(port)]
    parts = [results[port] for results in history]
    if description.stride < 0:
        parts.reverse()
    axis = int(description.axis) % parts[0].rank
    total = sum(part.shape[axis] for part in parts)
    shape = (*parts[0].shape[:axis], total, *parts[0].shape[axis + 1 :])
    name = f"concat{description.output_index}"
    made = Value(f"{work.name}/{name}:0", shape, parts[0].dtype)
    return work.add(name, "Concat", tuple(parts), made, axis=axis)


def _branches(work: Unrolling, read: ReadBody) -> list[Value]:
    """Of a known condition one branch; else both are computed, and the condition selects."""
    condition = work.inputs[0]
    bodies = (work.op.get_then_body, work.op.get_else_body)
    wanted = (0, 1) if condition.constant is None else (0,) if condition.constant.all() else (1,)
    made = [list(_branch(work, number, read(bodies[number]()))) for number in wanted]
    if len(made) == 1:
        return made[0]
    return [_selected(work, number, pair) for number, pair in enumerate(zip(*made, strict=True))]


def _branch(work: Unrolling, number: int, body: Sequence[Node]) -> Iterator[Value]:
    given = {
        d.body_parameter_index: work.inputs[d.input_index]
        for d in work.op.get_input_descriptions(number)
    }
    results = work.copy(body, given, ("then", "else")[number])
    descriptions = work.op.get_output_descriptions(number)
    yield from (results[d.body_value_index] for d in _ordered(descriptions))


def _selected(work: Unrolling, number: int, pair: tuple[Value, ...]) -> Value:
    if pair[0].shape != pair[1].shape:
        raise work.refuse("its branches give different shapes", "choose a branch at export")
    name = f"select{number}"
    made = Value(f"{work.name}/{name}:0", pair[0].shape, pair[0].dtype)
    return work.add(name, "Select", (work.inputs[0], *pair), made)


UNROLLED: dict[str, Callable[[Unrolling, ReadBody], list[Value]]] = {
    "TensorIterator": _loop,
    "Loop": _loop,
    "If": _branches,
}
"""The op types that hold bodies."""
