"""Small graphs, each with the exact number of transposes that its layouts need."""

from __future__ import annotations

import numpy as np
import pytest
import tensorflow as tf

from converters.ir_to_tf import ops
from converters.ir_to_tf.emit import emit
from converters.ir_to_tf.errors import NotOptimalError
from converters.ir_to_tf.graph import Graph
from converters.ir_to_tf.layout import assign, prices
from converters.ir_to_tf.layout.alternatives import explanations
from converters.ir_to_tf.layout.plan import Plan, assign_layouts
from converters.ir_to_tf.layout.wishes import Wishes
from converters.ir_to_tf.registry import OPS
from converters.ir_to_tf.simplify import simplified
from converters.ir_to_tf.text import parse, to_text

assert ops
SAME = "pads_begin=[1, 1], pads_end=[1, 1]"


def plan_of(text: str, target: str = "cpu", **wishes: dict[str, str]) -> Plan:
    graph = simplified(parse(text))
    rules = {name: known.rule for name, known in OPS.items()}
    wanted = Wishes(**wishes).checked(graph)
    return assign_layouts(graph, rules, wanted, prices.PRICES[target])


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


ATTENTION = """
    x[9,16]     = Parameter()
    q[9,48]     = MatMul(x, #[16,48])
    r[9,3,2,8]  = Reshape(q, [9, 3, 2, 8])
    t[3,2,9,8]  = Transpose(r, [1, 2, 0, 3])
    a[1,2,9,8], b[1,2,9,8], c[1,2,9,8] = Split(t, 0, num_splits=3)
    s[1,2,9,9]  = MatMul(a, b, transpose_b=True)
    p[1,2,9,9]  = Softmax(s, axis=3)
    v[1,2,9,8]  = MatMul(p, c)
    u[1,9,2,8]  = Transpose(v, [0, 2, 1, 3])
    w[9,16]     = Reshape(u, [9, 16])
    d[9,16]     = MatMul(w, #[16,16])
    y[9,16]     = Result(d)
"""


def test_attention_needs_one_transpose_where_every_kernel_is_allowed():
    """Heads merge for nothing in `W x`, which leaves the rows last: one turn, at the end."""
    plan = plan_of(ATTENTION)
    assert plan.bound.count == 1
    kernels = {assign.fewest(plan.problem)[node].kernel for node in plan.graph.nodes}
    assert kernels & {"x W per head", "W x", "W x^T"}


SPLIT_BY_HEADS = """
    x[4,9,16]   = Parameter()
    q[4,9,24]   = MatMul(x, #[16,24])
    r[4,9,3,8]  = Reshape(q, [4, 9, 3, 8])
    t[4,3,9,8]  = Transpose(r, [0, 2, 1, 3])
    y[4,3,9,8]  = Result(t)
"""


def test_a_product_per_head_makes_heads_without_a_transpose():
    plan = plan_of(SPLIT_BY_HEADS, outputs={"y": "as_written"})
    assert (plan.count, plan.bound.count) == (1, 0)
    least = assign.fewest(plan.problem)
    assert "x W per head" in {choice.kernel for choice in least.values()}


@pytest.mark.parametrize("text", [ATTENTION, SPLIT_BY_HEADS], ids=["attention", "heads"])
def test_the_bound_computes_the_same_as_the_priced_plan(text):
    plan = plan_of(text, outputs={"y": "as_written"})
    least = Plan(plan.graph, plan.atoms, plan.frames, assign.fewest(plan.problem), plan.bound)
    (given,) = plan.graph.inputs
    data = np.random.default_rng(0).standard_normal(given.outputs[0].shape).astype(np.float32)
    results = [emit(each, {"x": tf.constant(data)})["y"] for each in (plan, least)]
    np.testing.assert_allclose(*results, rtol=1e-4, atol=1e-4)


def test_an_edge_tpu_gets_plain_kernels_only():
    for text in (ATTENTION, SPLIT_BY_HEADS, *FREE.values()):
        plan = plan_of(text, target="edgetpu", outputs={"y": "as_written"})
        assert all(prices.EDGETPU.allows(choice.efforts) for choice in plan.assignment.values())
        assert plan.bound.count == plan_of(text, outputs={"y": "as_written"}).bound.count


def test_a_reshape_shares_the_copy_of_what_it_renames():
    plan = plan_of(
        """
        x[1,6,4,4]  = Parameter()
        p[1,6,4,4]  = Pad(x, [0, 0, 1, 0], [0, 0, 0, 0], 0.0, pad_mode="constant")
        r[1,6,16]   = Reshape(x, [1, 6, 16])
        y[1,6,4,4]  = Result(x)
        z[1,6,16]   = Result(r)
        """,
        inputs={"x": "channels_last"},
        outputs={"y": "as_written", "z": "as_written"},
    )
    assert plan.count == 1


def test_equal_parts_stay_whole_where_nothing_interleaves_them():
    plan = plan_of(
        """
        x[1,3,4,4] = Parameter()
        a[1,3,4,4] = Convolution(x, #[3,3,1,1])
        c[1,6,4,4] = Concat(a, x, axis=1)
        b[1,3,4,4] = Convolution(c, #[3,6,1,1])
        y[1,3,4,4] = Result(b)
        """
    )
    efforts = [effort for choice in plan.assignment.values() for effort in choice.efforts]
    assert {effort.kind for effort in efforts} == {prices.WHOLE}


def test_every_transpose_tells_what_it_is_cheaper_than():
    plan = plan_of(
        """
        x[1,8,40,40] = Parameter()
        a[1,6,40,40] = Convolution(x, #[6,8,1,1])
        y[1,6,40,40] = Result(a)
        """,
        outputs={"y": "as_written"},
    )
    (only,) = explanations(plan)
    assert "cheaper by" in only and "Convolution 'a' as W x" in only


def test_a_transpose_without_an_alternative_says_so():
    plan = plan_of(FREE["residual block"], outputs={"y": "as_written"})
    (only,) = explanations(plan)
    assert only.endswith("nothing else is possible") or "cheaper by" in only


def test_what_is_not_proven_is_an_error(monkeypatch):
    class Unsolved:
        status, message = 1, "iteration limit reached"

    monkeypatch.setattr(assign, "linprog", lambda *_, **__: Unsolved)
    with pytest.raises(NotOptimalError, match="without a proven optimum"):
        plan_of(FREE["residual block"])
