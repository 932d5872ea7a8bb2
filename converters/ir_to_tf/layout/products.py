"""Layout rules of products: dense layers with constant weights, and MatMul of computed tensors."""

from __future__ import annotations

from collections.abc import Iterator

from converters.ir_to_tf.graph import Node, Value
from converters.ir_to_tf.layout.prices import PER_COPY
from converters.ir_to_tf.layout.rules import Labels, as_written
from converters.ir_to_tf.layout.spec import Arrangement, Dims, Groups, Spec

TURNED = 2.5
"""Price of `W x` and its kin, as multiples of the bytes of x; accelerators do not have them."""


def turned_price(data: Value) -> float:
    """What `W x` costs more than a dense layer or a convolution of 1x1."""
    return TURNED * data.nbytes + 2 * PER_COPY


PLAIN, LEFT, LEFT_TURNED = "x W", "W x", "W x^T"


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
    price = turned_price(node.inputs[data])

    def ports_of(taken: Dims, given: Dims) -> tuple[Dims | None, ...]:
        return (*[None] * data, taken, *[None] * (len(ports) - data - 2), given)

    def arrange(orders: Groups) -> Iterator[Arrangement]:
        r, k, n = orders["rest"], orders["k"], orders["made"]
        yield Arrangement(ports_of((r, k), (r, n)), PLAIN)
        for cut in range(len(r)):
            a, b = r[:cut], r[cut:]
            yield Arrangement(ports_of((a, k, b), (a, n, b)), LEFT, price)
            yield Arrangement(ports_of((a, b, k), (a, n, b)), LEFT_TURNED, price)

    return Spec(
        ports,
        frozenset(units),
        groups={"rest": rest, "k": ("k",), "made": (made,)},
        arrange=arrange,
    )


def batched(node: Node, ports: tuple[Labels | None, ...], batch: Labels) -> Spec:
    """A product of two computed tensors, or its transpose y^T x^T."""
    alike = node.inputs[0].shape[:-2] == node.inputs[1].shape[:-2]
    bytes_of_x, bytes_of_y = (value.nbytes for value in node.inputs)

    def arrange(orders: Groups) -> Iterator[Arrangement]:
        b, m, k, n = (orders[name] for name in "bmkn")
        dims = (b,) if alike else tuple((place,) for place in b)
        for x, x_turned in (((m, k), False), ((k, m), True)):
            for y, y_turned in (((k, n), False), ((n, k), True)):
                taken = ((*dims, *x), (*dims, *y))
                price = float(bytes_of_x * x_turned)
                yield Arrangement((*taken, (*dims, m, n)), f"x y {x_turned:d}{y_turned:d}", price)
                price = float(bytes_of_y * (not y_turned))
                kernel = f"y x {not y_turned:d}{not x_turned:d}"
                yield Arrangement((*taken, (*dims, n, m)), kernel, price)

    return Spec(
        ports,
        groups={"b": batch, "m": ("m",), "k": ("k",), "n": ("n",)},
        arrange=arrange,
    )
