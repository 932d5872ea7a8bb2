"""Text: graphs as lines that a person can write and read, for tests and for eyes.

    x[1,8,4,4] = Parameter()
    a[1,6,4,4] = Convolution(x, #[6,8,3,3], pads_begin=[1, 1], pads_end=[1, 1])
    y[1,6,4,4] = Result(a)

`#[...]` is a constant of some numbers; a list or a number is a constant of just these. Attributes
left out of a windowed op are those of a plain one.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from converters.ir_to_tf.errors import ConversionError
from converters.ir_to_tf.graph import Graph, Node, Value

WINDOWED = {
    "Convolution": ("strides", "dilations", "pads_begin", "pads_end"),
    "GroupConvolution": ("strides", "dilations", "pads_begin", "pads_end"),
    "MaxPool": ("strides", "dilations", "pads_begin", "pads_end"),
    "AvgPool": ("strides", "pads_begin", "pads_end"),
}
PLAIN = {"strides": 1, "dilations": 1, "pads_begin": 0, "pads_end": 0}
DEFAULTS: dict[str, dict[str, Any]] = {
    "MatMul": {"transpose_a": False, "transpose_b": False},
    "ReduceMean": {"keep_dims": True},
    "Broadcast": {"mode": "numpy"},
    "Gather": {"batch_dims": 0},
    "AvgPool": {"exclude_pad": True},
}


def parse(text: str) -> Graph:
    """The graph that some lines describe."""
    values: dict[str, Value] = {}
    lines = [line.strip() for line in text.splitlines()]
    return Graph(tuple(_node(line, values) for line in lines if line)).checked()


def _node(line: str, values: dict[str, Value]) -> Node:
    left, _, right = line.partition(" = ")
    made = [
        Value(name, tuple(int(size) for size in shape.split(",") if size), np.dtype(np.float32))
        for name, shape in re.findall(r"([\w.]+)\[([\d,]*)\]", left)
    ]
    expression = ast.parse(_without_marks(right), mode="eval").body
    if not isinstance(expression, ast.Call) or not made:
        raise ConversionError("not `name[shape] = Type(inputs, attribute=value)`", subject=line)
    kind = ast.unparse(expression.func)
    inputs = tuple(_input(argument, values, line) for argument in expression.args)
    given = {word.arg: ast.literal_eval(word.value) for word in expression.keywords if word.arg}
    attributes = {**_defaults(kind, inputs), **given}
    values.update({value.name: value for value in made})
    return Node(made[0].name, kind, inputs, () if kind == "Result" else tuple(made), attributes)


def _without_marks(right: str) -> str:
    """`#[2,3]` as Python can parse it: a set, which nothing else here is."""
    return re.sub(r"#\[([\d,]*)\]", r"{(\1,)}", right.strip())


def _input(argument: ast.expr, values: Mapping[str, Value], line: str) -> Value:
    if isinstance(argument, ast.Name):
        if argument.id not in values:
            raise ConversionError(f"reads {argument.id}, which no line above makes", subject=line)
        return values[argument.id]
    literal = ast.literal_eval(argument)
    if isinstance(literal, set):
        (shape,) = literal
        return Value.of(np.asarray(np.random.default_rng(0).standard_normal(shape), np.float32))
    return Value.of(np.asarray(literal))


def _defaults(kind: str, inputs: tuple[Value, ...]) -> dict[str, Any]:
    depth = inputs[0].rank - 2 if inputs else 0
    plain = {name: [PLAIN[name]] * depth for name in WINDOWED.get(kind, ())}
    return {**plain, **DEFAULTS.get(kind, {})}


def to_text(graph: Graph) -> str:
    """A graph as lines; constants of more than eight numbers by their shape."""
    return "\n".join(_lines(graph))


def _lines(graph: Graph) -> Iterator[str]:
    names: dict[Value, str] = {}
    for node in graph.nodes:
        for value in node.outputs:
            names[value] = f"v{len(names)}"
        left = ", ".join(f"{names[v]}{_shape(v)}" for v in node.outputs)
        words = [names.get(v) or _constant(v) for v in node.inputs]
        words += [f"{name}={value!r}" for name, value in node.attributes.items()]
        left = left or f"y{_shape(node.inputs[0])}"
        yield f"{left} = {node.type}({', '.join(words)})  # {node.name}"


def _shape(value: Value) -> str:
    return "[" + ",".join(map(str, value.shape)) + "]"


def _constant(value: Value) -> str:
    if value.constant is None or value.constant.size > 8:
        return f"#{_shape(value)}"
    return str(value.constant.tolist())
