"""Products over any axes, named by letters."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from converters.ir_to_tf.layout.rules import as_written
from converters.ir_to_tf.registry import op
from converters.ir_to_tf.site import Site


@op("Einsum", layout=as_written)
def einsum(_: Site, *tensors: Any, equation: str) -> Any:
    """Transposes, sums and BATCH_MATMUL, as TensorFlow finds best."""
    return tf.einsum(equation, *tensors)
