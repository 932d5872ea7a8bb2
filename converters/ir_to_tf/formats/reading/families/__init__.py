"""The rows, by families of operations; importing this package registers all of them."""

from converters.ir_to_tf.formats.reading.families import (
    convolution,
    elementwise,
    indexing,
    linear,
    ordering,
    pooling,
    reduction,
    resizing,
    shape,
)

__all__ = [
    "convolution",
    "elementwise",
    "indexing",
    "linear",
    "ordering",
    "pooling",
    "reduction",
    "resizing",
    "shape",
]
