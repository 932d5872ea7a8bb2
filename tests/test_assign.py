"""Small graphs, each with the exact number of transposes that its layouts need."""

from __future__ import annotations

import pytest

from converters.ir_to_tf import ops
from converters.ir_to_tf.graph import Graph
from converters.ir_to_tf.layout.plan import Plan, assign_layouts
from converters.ir_to_tf.layout.wishes import Wishes
from converters.ir_to_tf.registry import OPS
from converters.ir_to_tf.simplify import simplified
from converters.ir_to_tf.text import parse, to_text

assert ops
SAME = "pads_begin=[1, 1], pads_end=[1, 1]"


def plan_of(text: str, **wishes: dict[str, str]) -> Plan:
    graph = simplified(parse(text))
    rules = {name: known.rule for name, known in OPS.items()}
    return assign_layouts(graph, rules, Wishes(**wishes).checked(graph))


FREE = {
    "residual block": f"""
        x[1,8,4,4] = Parameter()
        a[1,8,4,4] = Convolution(x, #[8,8,3,3], {SAME})
        r[1,8,4,4] = Relu(a)
        b[1,8,4,4] = Convolution(r, #[8,8,3,3], {SAME})
        s[1,8,4,4] = Add(x, b)
        y[1,8,4,4] = Result(s)
    """,
    "squeeze and excite": """
        x[1,8,4,4] = Parameter()
        a[1,8,4,4] = Convolution(x, #[8,8,1,1])
        m[1,8,1,1] = ReduceMean(a, [2, 3])
        d[1,4,1,1] = Convolution(m, #[4,8,1,1])
        u[1,8,1,1] = Convolution(d, #[8,4,1,1])
        g[1,8,1,1] = Sigmoid(u)
        s[1,8,4,4] = Multiply(a, g)
        y[1,8,4,4] = Result(s)
    """,
    "squeeze and excite by dense layers": """
        x[1,8,4,4] = Parameter()
        a[1,8,4,4] = Convolution(x, #[8,8,1,1])
        m[1,8] = ReduceMean(a, [2, 3], keep_dims=False)
        d[1,4] = MatMul(m, #[8,4])
        u[1,8] = MatMul(d, #[4,8])
        r[1,8,1,1] = Reshape(u, [1, 8, 1, 1])
        s[1,8,4,4] = Multiply(a, r)
        y[1,8,4,4] = Result(s)
    """,
    "detection head": """
        x[1,8,4,4] = Parameter()
        a[1,6,4,4] = Convolution(x, #[6,8,1,1])
        t[1,4,4,6] = Transpose(a, [0, 2, 3, 1])
        r[1,32,3] = Reshape(t, [1, 32, 3])
        y[1,32,3] = Result(r)
    """,
    "two detection heads joined": """
        x[1,8,4,4] = Parameter()
        p[1,8,2,2] = MaxPool(x, kernel=[2, 2], strides=[2, 2])
        a[1,6,4,4] = Convolution(x, #[6,8,1,1])
        b[1,6,2,2] = Convolution(p, #[6,8,1,1])
        t[1,4,4,6] = Transpose(a, [0, 2, 3, 1])
        u[1,2,2,6] = Transpose(b, [0, 2, 3, 1])
        v[1,32,3] = Reshape(t, [1, 32, 3])
        w[1,8,3] = Reshape(u, [1, 8, 3])
        c[1,40,3] = Concat(v, w, axis=1)
        s[1,40,3] = Softmax(c, axis=2)
        y[1,40,3] = Result(s)
    """,
    "flatten before a dense layer": """
        x[1,3,4,5] = Parameter()
        a[1,6,4,5] = Convolution(x, #[6,3,1,1])
        r[1,120] = Reshape(a, [1, 120])
        d[1,10] = MatMul(r, #[120,10])
        y[1,10] = Result(d)
    """,
    "channel shuffle of equal halves": """
        x[1,8,4,4] = Parameter()
        a[1,8,4,4] = Convolution(x, #[8,8,1,1])
        c[1,16,4,4] = Concat(a, x, axis=1)
        r[1,2,8,4,4] = Reshape(c, [1, 2, 8, 4, 4])
        t[1,8,2,4,4] = Transpose(r, [0, 2, 1, 3, 4])
        s[1,16,4,4] = Reshape(t, [1, 16, 4, 4])
        l[1,8,4,4], m[1,8,4,4] = Split(s, 1, num_splits=2)
        f[1,8,4,4] = Convolution(l, #[8,8,1,1])
        g[1,8,4,4] = Convolution(m, #[8,8,1,1])
        z[1,8,4,4] = Add(f, g)
        y[1,8,4,4] = Result(z)
    """,
    "pixel shuffle, depth first": """
        x[1,3,4,4] = Parameter()
        a[1,12,4,4] = Convolution(x, #[12,3,1,1])
        d[1,3,8,8] = DepthToSpace(a, block_size=2, mode="depth_first")
        y[1,3,8,8] = Result(d)
    """,
    "pixel shuffle, blocks first": """
        x[1,3,4,4] = Parameter()
        a[1,12,4,4] = Convolution(x, #[12,3,1,1])
        d[1,3,8,8] = DepthToSpace(a, block_size=2, mode="blocks_first")
        y[1,3,8,8] = Result(d)
    """,
    "space transposed between convolutions": """
        x[1,3,4,6] = Parameter()
        a[1,5,4,6] = Convolution(x, #[5,3,1,1])
        t[1,5,6,4] = Transpose(a, [0, 1, 3, 2])
        b[1,3,6,4] = Convolution(t, #[3,5,1,1])
        u[1,3,4,6] = Transpose(b, [0, 1, 3, 2])
        y[1,3,4,6] = Result(u)
    """,
    "group norm by reshapes": """
        x[1,8,4,4] = Parameter()
        a[1,8,4,4] = Convolution(x, #[8,8,1,1])
        r[1,2,64] = Reshape(a, [1, 2, 64])
        m[1,2,64] = MVN(r, [2], eps=1e-5, normalize_variance=True, eps_mode="inside_sqrt")
        s[1,8,4,4] = Reshape(m, [1, 8, 4, 4])
        g[1,8,4,4] = Multiply(s, #[1,8,1,1])
        y[1,8,4,4] = Result(g)
    """,
    "global norm": """
        x[1,8,4,4] = Parameter()
        r[1,128] = Reshape(x, [1, 128])
        m[1,128] = MVN(r, [1], eps=1e-5, normalize_variance=True, eps_mode="inside_sqrt")
        s[1,8,4,4] = Reshape(m, [1, 8, 4, 4])
        y[1,8,4,4] = Result(s)
    """,
    "a channel softmax": """
        x[1,8,4,4] = Parameter()
        s[1,8,4,4] = Softmax(x, axis=1)
        y[1,8,4,4] = Result(s)
    """,
    "a graph of channels-last origin": """
        x[1,3,4,6] = Parameter()
        n[1,4,6,3] = Transpose(x, [0, 2, 3, 1])
        p[1,4,6,5] = Pad(n, [0, 0, 0, 0], [0, 0, 0, 2], 0.0, pad_mode="constant")
        c[1,5,4,6] = Transpose(p, [0, 3, 1, 2])
        a[1,8,4,6] = Convolution(c, #[8,5,1,1])
        y[1,8,4,6] = Result(a)
    """,
    "focus slicing": """
        x[1,3,4,4] = Parameter()
        a[1,3,2,4] = Slice(x, [0], [4], [2], [2])
        b[1,3,2,4] = Slice(x, [1], [4], [2], [2])
        c[1,6,2,4] = Concat(a, b, axis=1)
        d[1,8,2,4] = Convolution(c, #[8,6,1,1])
        y[1,8,2,4] = Result(d)
    """,
}


@pytest.mark.parametrize("name", FREE)
def test_needs_no_transpose(name):
    plan = plan_of(FREE[name])
    assert list(map(str, plan.transpositions)) == []
    assert plan.bound.count == 0


COUNTED = {
    "an output kept channels first": (1, {"outputs": {"y": "as_written"}}, FREE["residual block"]),
    "an input kept channels first": (1, {"inputs": {"x": "as_written"}}, FREE["residual block"]),
    "softmax along rows, on a fixed output": (
        2,
        {"inputs": {"x": "as_written"}, "outputs": {"y": "as_written"}},
        """
        x[2,3,4] = Parameter()
        s[2,3,4] = Softmax(x, axis=1)
        y[2,3,4] = Result(s)
        """,
    ),
    "one copy for two readers": (
        1,
        {"inputs": {"x": "as_written"}},
        """
        x[1,3,4,4] = Parameter()
        a[1,8,4,4] = Convolution(x, #[8,3,1,1])
        b[1,8,4,4] = Convolution(x, #[8,3,1,1])
        s[1,8,4,4] = Add(a, b)
        y[1,8,4,4] = Result(s)
        """,
    ),
}


@pytest.mark.parametrize("name", COUNTED)
def test_needs_exactly_so_many(name):
    count, wishes, text = COUNTED[name]
    plan = plan_of(text, **wishes)
    assert plan.count == count
    assert plan.bound.count <= count


def test_the_bound_may_be_below_the_price():
    """`W x` would give rows that lead; its price makes the transpose the better choice."""
    plan = plan_of(
        """
        x[1,8,40,40] = Parameter()
        a[1,6,40,40] = Convolution(x, #[6,8,1,1])
        y[1,6,40,40] = Result(a)
        """,
        outputs={"y": "as_written"},
    )
    assert (plan.count, plan.bound.count) == (1, 0)


def test_every_transpose_names_who_forces_it():
    plan = plan_of(FREE["residual block"], outputs={"y": "as_written"})
    (only,) = plan.transpositions
    assert "512 bytes" in str(only) and "Result 'y'" in str(only) and "Add 's'" in str(only)


def test_a_free_output_prefers_channels_last():
    """Bytes of one channel lie the same in both orders; the shape must still be an image's."""
    plan = plan_of(
        """
        x[1,3,4,4] = Parameter()
        a[1,1,4,4] = Convolution(x, #[1,3,1,1])
        y[1,1,4,4] = Result(a)
        """
    )
    (output,) = plan.graph.outputs
    assert plan.order(output) == (0, 2, 3, 1)


def test_compressed_weights_are_folded():
    plan = plan_of(
        """
        x[1,3,4,4] = Parameter()
        s[8,3,1,1] = Multiply(#[8,3,1,1], #[8,1,1,1])
        a[1,8,4,4] = Convolution(x, s)
        y[1,8,4,4] = Result(a)
        """
    )
    assert [node.type for node in plan.graph.nodes] == ["Parameter", "Convolution", "Result"]


def test_text_is_read_back():
    graph = parse(FREE["detection head"])
    again = parse(to_text(graph).replace("  # ", "\n#").replace("\n#", "  # "))
    assert [node.type for node in again.nodes] == [node.type for node in graph.nodes]
    assert isinstance(again, Graph)
