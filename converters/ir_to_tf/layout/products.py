"""Layout rules of products: dense layers with constant weights, and MatMul of computed tensors."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from math import prod

from converters.ir_to_tf.graph import Node, Value
from converters.ir_to_tf.layout import prices
from converters.ir_to_tf.layout.rules import Labels, as_written
from converters.ir_to_tf.layout.spec import Arrangement, Dims, Effort, Groups, Order, Spec

PLAIN, LEFT, LEFT_TURNED, HEADS = "x W", "W x", "W x^T", "x W per head"

MOST_RUNS = 4
"""Stretches of rows, and of what is made between them: the axes that a BATCH_MATMUL makes."""


def turned(data: Value, made: Value, length: int) -> dict[str, tuple[Effort, ...]]:
    """What each kernel takes beyond a dense layer or a convolution of 1x1 that sums `length`."""
    left = Effort(prices.UNUSUAL, 1), Effort(prices.LEFT, data.nbytes)
    return {
        LEFT: left,
        LEFT_TURNED: (*left, Effort(prices.TURNED, prod(made.shape) * length)),
        HEADS: (Effort(prices.UNUSUAL, 1), Effort(prices.HEADS, data.nbytes)),
    }


def per_head(order: Order, rows: Order, summed: Order) -> tuple[Dims, Dims] | None:
    """The axes of x and of the product, where parts of what is made lead rows of x.

    None for an order that a plain kernel makes, and for one that no single product does.
    """
    stretches = [(own, tuple(g)) for own, g in groupby(order, lambda place: place in rows)]
    owns = [own for own, _ in stretches]
    if not 3 <= len(owns) <= MOST_RUNS or owns[-2:] != [True, False]:
        return None
    taken = tuple(stretch if own else () for own, stretch in stretches[:-1])
    return (*taken, summed), tuple(stretch for _, stretch in stretches)


def matmul(node: Node) -> Spec:
    """The dense layer where one operand is a constant matrix, else the batched product."""
    x, y = node.inputs
    if min(x.rank, y.rank) < 2:
        return as_written(node)
    batch = tuple(range(node.outputs[0].rank - 2))
    left = batch[len(batch) - (x.rank - 2) :] + _pair("m", "k", bool(node["transpose_a"]))
    right = batch[len(batch) - (y.rank - 2) :] + _pair("k", "n", bool(node["transpose_b"]))
    made = (*batch, "m", "n")
    if y.is_constant and set(y.shape[:-2]) <= {1}:
        return linear(node, (left, None, made), rest=(*batch, "m"), made="n")
    if x.is_constant and set(x.shape[:-2]) <= {1}:
        return linear(node, (None, right, made), rest=(*batch, "n"), made="m")
    return batched(node, (left, right, made), batch)


def _pair(row: str, column: str, turned: bool) -> Labels:
    return (column, row) if turned else (row, column)


def linear(
    node: Node, ports: tuple[Labels | None, ...], rest: Labels, made: str, units: Labels = ()
) -> Spec:
    """A dense layer: `k` is summed over and becomes `made`; the rest may be in any order."""
    data = next(port for port, labels in enumerate(ports) if labels is not None)
    length = node.inputs[data].shape[(ports[data] or ()).index("k")]
    efforts = turned(node.inputs[data], node.outputs[0], length)

    def ports_of(taken: Dims, given: Dims) -> tuple[Dims | None, ...]:
        return (*[None] * data, taken, *[None] * (len(ports) - data - 2), given)

    def arrange(orders: Groups) -> Iterator[Arrangement]:
        r, k, n = orders["rest"], orders["k"], orders["made"]
        yield Arrangement(ports_of((r, k), (r, n)), PLAIN, loose=bool(r))
        for cut in range(len(r)):
            a, b = r[:cut], r[cut:]
            yield Arrangement(ports_of((a, k, b), (a, n, b)), LEFT, efforts=efforts[LEFT])
            turn = efforts[LEFT_TURNED]
            yield Arrangement(ports_of((a, b, k), (a, n, b)), LEFT_TURNED, efforts=turn)

    def weave(order: Order, orders: Mapping[str, Sequence[Order]]) -> Iterator[Arrangement]:
        r = tuple(place for place in order if place.label in rest)
        if sorted(map(str, order)) != sorted(map(str, (*orders["rest"][0], *orders["made"][0]))):
            return
        for k in orders["k"]:
            if found := per_head(order, r, k):
                yield Arrangement(ports_of(*found), HEADS, efforts=efforts[HEADS])

    return Spec(
        ports,
        frozenset(units),
        groups={"rest": rest, "k": ("k",), "made": (made,)},
        arrange=arrange,
        weave=weave,
    )


def batched(node: Node, ports: tuple[Labels | None, ...], batch: Labels) -> Spec:
    """A product of two computed tensors, or its transpose y^T x^T."""
    x, y = node.inputs
    alike = x.shape[:-2] == y.shape[:-2]
    length = x.shape[(ports[0] or ()).index("k")]
    inside = Effort(prices.ADJOINT_RIGHT, prod(node.outputs[0].shape) * length)

    def efforts(left: Value, left_turned: bool, right_turned: bool) -> tuple[Effort, ...]:
        own = Effort(prices.ADJOINT_LEFT, left.nbytes)
        return (own,) * left_turned + (inside,) * right_turned

    def arrange(orders: Groups) -> Iterator[Arrangement]:
        b, m, k, n = (orders[name] for name in "bmkn")
        dims = (b,) if alike else tuple((place,) for place in b)
        for left, flip_x in (((m, k), False), ((k, m), True)):
            for right, flip_y in (((k, n), False), ((n, k), True)):
                taken = ((*dims, *left), (*dims, *right))
                work = efforts(x, flip_x, flip_y)
                kernel = f"x y {flip_x:d}{flip_y:d}"
                yield Arrangement((*taken, (*dims, m, n)), kernel, efforts=work)
                work = efforts(y, not flip_y, not flip_x)
                kernel = f"y x {not flip_y:d}{not flip_x:d}"
                yield Arrangement((*taken, (*dims, n, m)), kernel, efforts=work)

    return Spec(
        ports,
        groups={"b": batch, "m": ("m",), "k": ("k",), "n": ("n",)},
        arrange=arrange,
    )
