"""Products of matrices."""

from __future__ import annotations

from typing import Any

import numpy as np
from keras import layers, ops

from converters.ir_to_tf.formats.reading.node import Node
from converters.ir_to_tf.formats.reading.table import row

TRANSPOSED = {"MatMul": ("transpose_a", "transpose_b"), "BatchMatMulV2": ("adj_x", "adj_y")}


@row(*TRANSPOSED)
def product(node: Node, x: Any, y: Any) -> Any:
    """A Dense layer where the right matrix is constant, with bias and activation taken in."""
    turn_x, turn_y = (bool(node.attribute(name)) for name in TRANSPOSED[node.op.type])
    if not isinstance(y, np.ndarray) or y.ndim != 2 or turn_x or isinstance(x, np.ndarray):
        left, right = node.tensor(0), node.tensor(1)
        return ops.matmul(_turned(left) if turn_x else left, _turned(right) if turn_y else right)
    if x.shape[-1] is None:
        raise node.refuse("its sizes are open")
    kernel = y.T if turn_y else y
    bias, activation = node.absorbed_bias(kernel.shape[1]), node.absorbed_activation()
    return node.layer(
        layers.Dense,
        x,
        weights=[kernel] if bias is None else [kernel, bias],
        units=kernel.shape[1],
        use_bias=bias is not None,
        activation=activation,
        kernel_initializer="zeros",
    )


def _turned(x: Any) -> Any:
    return ops.swapaxes(x, -1, -2)


@row("Einsum")
def einsum(node: Node, *inputs: Any) -> Any:
    """The same equation."""
    operands = [node.tensor(port) for port in range(len(inputs))]
    return ops.einsum(node.attribute("equation"), *operands)
