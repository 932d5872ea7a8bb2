"""Formulas of many ops that are one op: found in every spelling, equal in numbers, or why not."""

from __future__ import annotations

from collections import Counter
from typing import NamedTuple

import numpy as np
import pytest
import tensorflow as tf

from converters import flatbuffer
from converters.ir_to_tf import ops
from converters.ir_to_tf.convert import convert, to_tflite
from converters.ir_to_tf.emit import emit
from converters.ir_to_tf.explain import explained
from converters.ir_to_tf.graph import Graph
from converters.ir_to_tf.layout.plan import Plan, assign_layouts
from converters.ir_to_tf.layout.wishes import Wishes
from converters.ir_to_tf.registry import OPS
from converters.ir_to_tf.simplify import simplified
from converters.ir_to_tf.simplify.fold import folded
from converters.ir_to_tf.text import parse
from tests.architectures import chain

assert ops
S = "[1,4,3,5]"
HEAD = f"x{S} = Parameter()\n"
SAME = "pads_begin=[1, 1], pads_end=[1, 1]"


def lines(*rows: str) -> str:
    """A graph of `x` alone: rows of `name = expression`, all of one shape; the last one leaves."""
    made = [
        row.replace(" =", f"{S} =", 1) if "[" not in row.split(" =")[0] else row for row in rows
    ]
    last = rows[-1].split(" =")[0].split("[")[0]
    shape = made[-1].split(" =")[0].removeprefix(last)
    return HEAD + "\n".join(made) + f"\ny{shape} = Result({last})"


CENTRED = ("m[1,4,3,1] = ReduceMean(x, [3])", "d = Subtract(x, m)")
VARIANCE = "v[1,4,3,1] = ReduceMean(q, [3])"

FOUND = {
    "relu": (["Relu"], lines("a = Maximum(x, 0.0)")),
    "relu6": (["Clamp"], lines("a = Relu(x)", "b = Minimum(a, 6.0)")),
    "clamp": (["Clamp"], lines("a = Maximum(x, -0.5)", "b = Minimum(0.75, a)")),
    "clamp from above": (["Clamp"], lines("a = Minimum(x, 0.5)", "b = Maximum(a, -1.0)")),
    "hard sigmoid": (
        ["HSigmoid"],
        lines("a = Add(3.0, x)", "b = Clamp(a, min=0.0, max=6.0)", "c = Divide(b, 6.0)"),
    ),
    "hard sigmoid by line": (
        ["HSigmoid"],
        lines("a = Multiply(x, 0.16666667)", "b = Add(a, 0.5)", "c = Clamp(b, min=0, max=1)"),
    ),
    "hard sigmoid of two limits": (
        ["HSigmoid"],
        lines(
            "a = Add(x, 3.0)", "r = Relu(a)", "b = Minimum(r, 6.0)", "c = Multiply(b, 0.1666667)"
        ),
    ),
    "hard swish": (
        ["HSwish"],
        lines(
            "a = Add(x, 3.0)",
            "b = Clamp(a, min=0.0, max=6.0)",
            "c = Multiply(b, x)",
            "e = Multiply(c, 0.16666667)",
        ),
    ),
    "hard swish of a gate": (
        ["HSwish"],
        lines("a = HardSigmoid(x, 0.16666667, 0.5)", "b = Multiply(x, a)"),
    ),
    "swish": (["Swish"], lines("a = Sigmoid(x)", "b = Multiply(a, x)")),
    "swish with a factor": (
        ["Swish"],
        lines("t = Multiply(x, 1.702)", "a = Sigmoid(t)", "b = Multiply(a, x)"),
    ),
    "softplus": (["SoftPlus"], lines("a = Exp(x)", "b = Add(1.0, a)", "c = Log(b)")),
    "mish": (
        ["Mish"],
        lines("a = Exp(x)", "b = Add(a, 1.0)", "c = Log(b)", "t = Tanh(c)", "e = Multiply(x, t)"),
    ),
    "gelu": (
        ["Gelu"],
        lines(
            "a = Divide(x, 1.4142135)",
            "b = Erf(a)",
            "c = Add(b, 1.0)",
            "h = Multiply(x, c)",
            "e = Multiply(h, 0.5)",
        ),
    ),
    "gelu, halved first": (
        ["Gelu"],
        lines(
            "a = Multiply(x, 0.70710678)",
            "b = Erf(a)",
            "c = Add(1.0, b)",
            "h = Multiply(x, 0.5)",
            "e = Multiply(h, c)",
        ),
    ),
    "gelu by tanh": (
        ["Gelu"],
        lines(
            "p = Power(x, 3.0)",
            "a = Multiply(p, 0.044715)",
            "b = Add(x, a)",
            "c = Multiply(b, 0.79788456)",
            "t = Tanh(c)",
            "o = Add(t, 1.0)",
            "h = Multiply(x, 0.5)",
            "e = Multiply(h, o)",
        ),
    ),
    "gelu by tanh, factored": (
        ["Gelu"],
        lines(
            "q = Multiply(x, x)",
            "a = Multiply(q, 0.044715)",
            "b = Add(a, 1.0)",
            "g = Multiply(x, 0.79788456)",
            "c = Multiply(g, b)",
            "t = Tanh(c)",
            "o = Add(t, 1.0)",
            "h = Multiply(x, o)",
            "e = Multiply(0.5, h)",
        ),
    ),
    "leaky relu": (["PRelu"], lines("a = Multiply(x, 0.1)", "b = Maximum(x, a)")),
    "leaky relu of two halves": (
        ["PRelu"],
        lines(
            "a = Relu(x)",
            "n = Negative(x)",
            "r = Relu(n)",
            "s = Multiply(r, 0.25)",
            "b = Subtract(a, s)",
        ),
    ),
    "prelu": (
        ["PRelu"],
        lines(
            "a = Relu(x)",
            "n = Multiply(x, -1.0)",
            "r = Relu(n)",
            "s = Multiply(r, #[1,4,1,1])",
            "b = Add(a, s)",
        ),
    ),
    "mean": (
        ["ReduceMean"],
        lines(
            "s[1,4,1,1] = ReduceSum(x, [2, 3], keep_dims=True)",
            "b[1,4,1,1] = Multiply(s, 0.0666667)",
        ),
    ),
    "layer norm": (
        ["MVN"],
        lines(
            *CENTRED,
            "q = Power(d, 2.0)",
            VARIANCE,
            "e[1,4,3,1] = Add(v, 1e-5)",
            "r[1,4,3,1] = Sqrt(e)",
            "b = Divide(d, r)",
        ),
    ),
    "layer norm by a power": (
        ["MVN"],
        lines(
            *CENTRED,
            "q = Multiply(d, d)",
            VARIANCE,
            "e[1,4,3,1] = Add(v, 1e-5)",
            "r[1,4,3,1] = Power(e, -0.5)",
            "b = Multiply(r, d)",
        ),
    ),
    "layer norm, added outside": (
        ["MVN"],
        lines(
            *CENTRED,
            "q = Multiply(d, d)",
            VARIANCE,
            "r[1,4,3,1] = Sqrt(v)",
            "e[1,4,3,1] = Add(r, 1e-5)",
            "b = Divide(d, e)",
        ),
    ),
    "length one": (
        ["NormalizeL2"],
        lines(
            "n[1,4,3,1] = ReduceL2(x, [3], keep_dims=True)",
            "c[1,4,3,1] = Clamp(n, min=1e-6, max=3.4e38)",
            f"w{S} = Broadcast(c, [1, 4, 3, 5])",
            "b = Divide(x, w)",
        ),
    ),
    "length one of a sum": (
        ["NormalizeL2"],
        lines(
            "q = Multiply(x, x)",
            "s[1,4,3,1] = ReduceSum(q, [3], keep_dims=True)",
            "e[1,4,3,1] = Add(s, 1e-6)",
            "r[1,4,3,1] = Sqrt(e)",
            "b = Divide(x, r)",
        ),
    ),
    "local response norm": (
        ["LRN"],
        lines(
            "q = Multiply(x, x)",
            "r[1,1,4,3,5] = Reshape(q, [1, 1, 4, 3, 5])",
            "p[1,1,4,3,5] = AvgPool(r, kernel=[3, 1, 1], pads_begin=[1, 0, 0], pads_end=[1, 0, 0],"
            " exclude_pad=False)",
            "s = Reshape(p, [1, 4, 3, 5])",
            "a = Multiply(s, 0.01)",
            "b = Add(a, 2.0)",
            "w = Power(b, 0.75)",
            "c = Divide(x, w)",
        ),
    ),
    "nothing done": (
        ["Relu"],
        lines(
            "a = Add(x, 0.0)",
            "b = Multiply(a, 1.0)",
            "c = Reshape(b, [1, 4, 3, 5])",
            "t = Transpose(c, [0, 1, 2, 3])",
            'p = Pad(t, [0, 0, 0, 0], [0, 0, 0, 0], 0.0, pad_mode="constant")',
            "s = Slice(p, [0], [99], [1], [2])",
            "k = Power(s, 1.0)",
            "r = Relu(k)",
        ),
    ),
    "broadcast before an op that broadcasts": (
        ["ReduceMean", "Multiply"],
        lines(
            "m[1,4,1,1] = ReduceMean(x, [2, 3])",
            "w = Broadcast(m, [1, 4, 3, 5])",
            "b = Multiply(x, w)",
        ),
    ),
    "slices that share a tensor": (
        ["VariadicSplit", "Multiply"],
        lines(
            "l[1,2,3,5] = Slice(x, [0], [2], [1], [1])",
            "r[1,2,3,5] = Slice(x, [2], [99], [1], [1])",
            "b[1,2,3,5] = Multiply(l, r)",
        ),
    ),
}


def kinds(graph: Graph) -> list[str]:
    return [node.type for node in graph.nodes if node.type not in ("Parameter", "Result")]


def plan_of(graph: Graph) -> Plan:
    rules = {name: known.rule for name, known in OPS.items()}
    names = [node.name for node in graph.inputs]
    wishes = Wishes(dict.fromkeys(names, "as_written"), {"y": "as_written"})
    return assign_layouts(graph, rules, wishes)


def computed(graph: Graph, data: dict[str, np.ndarray]) -> np.ndarray:
    return np.asarray(emit(plan_of(graph), {k: tf.constant(v) for k, v in data.items()})["y"])


def drawn(graph: Graph) -> dict[str, np.ndarray]:
    chance = np.random.default_rng(4)
    return {
        node.name: np.asarray(chance.uniform(-4, 4, node.outputs[0].shape), np.float32)
        for node in graph.inputs
    }


@pytest.mark.parametrize("name", FOUND)
def test_formula_is_found_and_equal(name: str) -> None:
    wanted, text = FOUND[name]
    graph = parse(text)
    simple = simplified(graph)
    assert kinds(simple) == wanted
    data = drawn(graph)
    before, after = computed(folded(graph), data), computed(simple, data)
    np.testing.assert_allclose(after, before, rtol=2e-5, atol=2e-6)


class Miss(NamedTuple):
    text: str
    note: str


MISSED = {
    "another limit": Miss(
        lines(
            "a = Add(x, 3.0)",
            "b = Clamp(a, min=0.0, max=5.0)",
            "c = Multiply(b, x)",
            "e = Multiply(c, 0.16666667)",
        ),
        "max=5.0",
    ),
    "another factor": Miss(
        lines(
            "a = Divide(x, 1.3)",
            "b = Erf(a)",
            "c = Add(b, 1.0)",
            "h = Multiply(x, c)",
            "e = Multiply(h, 0.5)",
        ),
        "its number is 0.769231, not 0.707107",
    ),
    "a steep slope": Miss(lines("a = Multiply(x, 1.5)", "b = Maximum(x, a)"), "a slope of 1.5"),
    "not a mean": Miss(
        lines("s[1,4,1,1] = ReduceSum(x, [2, 3], keep_dims=True)", "b[1,4,1,1] = Multiply(s, 0.1)"),
        "0.1 is not 1 / 15",
    ),
    "another tensor": Miss(
        lines(
            "z = Tanh(x)",
            "a = Divide(z, 1.4142135)",
            "b = Erf(a)",
            "c = Add(b, 1.0)",
            "h = Multiply(x, c)",
            "e = Multiply(h, 0.5)",
        ),
        "is another tensor than",
    ),
}


@pytest.mark.parametrize("name", MISSED)
def test_what_nearly_fits_says_why_not(name: str) -> None:
    text, note = MISSED[name]
    graph = parse(text)
    simple = simplified(graph)
    notes = simple.notes
    assert any(each.startswith("not ") and note in each for each in notes), notes
    data = drawn(graph)
    np.testing.assert_allclose(computed(simple, data), computed(folded(graph), data), rtol=1e-5)


def test_what_was_found_is_noted() -> None:
    plan = plan_of(simplified(parse(FOUND["swish"][1])))
    assert "swish: Multiply 'b'" in explained(plan)


def test_a_part_that_others_read_stays() -> None:
    """Of a hard swish, the shifted tensor is an output too: it stays, and so does the rest."""
    graph = parse(
        f"""
        x{S} = Parameter()
        a{S} = Add(x, 3.0)
        b{S} = Clamp(a, min=0.0, max=6.0)
        c{S} = Multiply(b, x)
        e{S} = Multiply(c, 0.16666667)
        y{S} = Result(e)
        z{S} = Result(c)
        """
    )
    assert kinds(simplified(graph)) == ["Add", "Clamp", "Multiply", "Multiply"]


# In the file -------------------------------------------------------------------------------------

CONVOLUTION = f"c[1,4,8,8] = Convolution(x, #[4,3,3,3], {SAME})"

FILES = {
    "one axis, as two": (
        {
            "CONV_2D": 2,
            "MAX_POOL_2D": 1,
            "AVERAGE_POOL_2D": 1,
            "RESHAPE": 2,
            "DEPTHWISE_CONV_2D": 1,
        },
        """
        x[1,3,16] = Parameter()
        a[1,4,16] = Convolution(x, #[4,3,3], pads_begin=[1], pads_end=[1])
        r[1,4,16] = Relu(a)
        p[1,4,8] = MaxPool(r, kernel=[2], strides=[2])
        d[1,4,8] = GroupConvolution(p, #[4,1,1,3], pads_begin=[1], pads_end=[1])
        e[1,4,8] = Add(d, #[1,4,1])
        m[1,4,4] = AvgPool(e, kernel=[2], strides=[2])
        g[1,2,4] = Convolution(m, #[2,4,1])
        y[1,2,4] = Result(g)
        """,
    ),
    "a maximum padded behind an activation": (
        {"CONV_2D": 1, "PAD": 1, "MAX_POOL_2D": 1},
        f"""
        x[1,3,8,8] = Parameter()
        {CONVOLUTION}
        r[1,4,8,8] = Relu(c)
        p[1,4,4,4] = MaxPool(r, kernel=[3, 3], strides=[2, 2], {SAME})
        y[1,4,4,4] = Result(p)
        """,
    ),
    "a maximum that SAME pads": (
        {"CONV_2D": 1, "MAX_POOL_2D": 1},
        f"""
        x[1,3,8,8] = Parameter()
        {CONVOLUTION}
        r[1,4,8,8] = Relu(c)
        p[1,4,8,8] = MaxPool(r, kernel=[3, 3], strides=[1, 1], {SAME})
        y[1,4,8,8] = Result(p)
        """,
    ),
    "a maximum of any numbers": (
        {"CONV_2D": 1, "PADV2": 1, "MAX_POOL_2D": 1},
        f"""
        x[1,3,8,8] = Parameter()
        {CONVOLUTION}
        p[1,4,4,4] = MaxPool(c, kernel=[3, 3], strides=[2, 2], {SAME})
        y[1,4,4,4] = Result(p)
        """,
    ),
    "space to depth, spelled out": (
        {"SPACE_TO_DEPTH": 1, "CONV_2D": 1},
        """
        x[1,3,8,8] = Parameter()
        a[1,3,4,2,4,2] = Reshape(x, [1, 3, 4, 2, 4, 2])
        t[1,3,2,2,4,4] = Transpose(a, [0, 1, 3, 5, 2, 4])
        r[1,12,4,4] = Reshape(t, [1, 12, 4, 4])
        c[1,4,4,4] = Convolution(r, #[4,12,3,3], pads_begin=[1, 1], pads_end=[1, 1])
        y[1,4,4,4] = Result(c)
        """,
    ),
    "depth to space, spelled out": (
        {"DEPTH_TO_SPACE": 1, "CONV_2D": 1},
        """
        x[1,3,4,4] = Parameter()
        c[1,8,4,4] = Convolution(x, #[8,3,1,1])
        a[1,2,2,2,4,4] = Reshape(c, [1, 2, 2, 2, 4, 4])
        t[1,2,4,2,4,2] = Transpose(a, [0, 1, 4, 2, 5, 3])
        r[1,2,8,8] = Reshape(t, [1, 2, 8, 8])
        y[1,2,8,8] = Result(r)
        """,
    ),
    "length one along the last axis": (
        {"L2_NORMALIZATION": 1},
        """
        x[4,8] = Parameter()
        n[4,1] = ReduceL2(x, [1], keep_dims=True)
        c[4,1] = Maximum(n, 1e-6)
        b[4,8] = Divide(x, c)
        y[4,8] = Result(b)
        """,
    ),
}


@pytest.mark.parametrize("name", FILES)
def test_file_has_these_operators(name: str, tmp_path) -> None:
    from ai_edge_litert.interpreter import Interpreter

    wanted, text = FILES[name]
    graph = parse(text)
    converted = convert(graph, chain.options_of(graph, rows=graph.outputs[0].values[0].rank < 3))
    path = tmp_path / "model.tflite"
    path.write_bytes(to_tflite(converted))
    assert flatbuffer.operators(path) == Counter(wanted)
    data = drawn(graph)
    runner = Interpreter(model_path=str(path), num_threads=1).get_signature_runner()
    (taken,), (given,) = converted.inputs, converted.outputs
    made = runner(x=data["x"].transpose(taken.order))["y"]
    before = computed(folded(graph), data).transpose(given.order)
    np.testing.assert_allclose(made, before, rtol=1e-4, atol=1e-5)
