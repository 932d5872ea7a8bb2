"""Products: dense layers and MatMul of computed tensors."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from converters.ir_to_tf.graph import Array
from converters.ir_to_tf.layout.products import HEADS, LEFT, LEFT_TURNED, PLAIN, matmul
from converters.ir_to_tf.ops.convolution import product_with
from converters.ir_to_tf.registry import op
from converters.ir_to_tf.site import Site


@op("MatMul", layout=matmul)
def mat_mul(site: Site, x: Any, y: Any, *, transpose_a: bool, transpose_b: bool) -> Any:
    """FULLY_CONNECTED with a constant matrix, else BATCH_MATMUL."""
    if site.kernel in (PLAIN, LEFT, LEFT_TURNED, HEADS):
        computed = 0 if site.node.inputs[1].is_constant else 1
        return product_with(site, _matrix(site, computed), (x, y)[computed])
    if site.kernel:
        order, turned = site.kernel.rsplit(" ", 1)
        left, right = (x, y) if order == "x y" else (y, x)
        return tf.matmul(left, right, *(digit == "1" for digit in turned))
    return _of_vectors(site, (x, y), (transpose_a, transpose_b))


def _matrix(site: Site, computed: int) -> Array:
    """The constant operand as [made, summed], both as the computed tensors store them."""
    node = site.node
    constant = node.known(1 - computed)
    matrix = constant.reshape(constant.shape[-2:])
    is_turned = bool(node["transpose_b"]) if computed == 0 else not node["transpose_a"]
    matrix = matrix if is_turned else matrix.T
    labels = site.frame.spec.ports
    taken, given = labels[computed] or (), labels[-1] or ()
    made = "n" if computed == 0 else "m"
    rows = site.steps(2, given.index(made))
    return matrix[rows][:, site.steps(computed, taken.index("k"))]


def _of_vectors(site: Site, operands: tuple[Any, Any], turned: tuple[bool, bool]) -> Any:
    """Vectors are matrices of one row, on the left, or one column, on the right."""
    x, y = (tf.convert_to_tensor(operand) for operand in operands)
    x = x[None] if x.shape.rank == 1 else (tf.linalg.matrix_transpose(x) if turned[0] else x)
    y = y[:, None] if y.shape.rank == 1 else (tf.linalg.matrix_transpose(y) if turned[1] else y)
    return tf.reshape(tf.matmul(x, y), site.node.outputs[0].shape)
