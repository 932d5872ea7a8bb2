"""Carriers: in which types ops compute what TensorFlow Lite's kernels have no type for.

TensorFlow Lite computes in float32, int32 and int64. Small whole numbers are exact in int32, and
wrap round when they are cast back. What is only moved travels as whole numbers with the same bits.
float64 is computed in float32, as OpenVINO does, and so are products of whole numbers.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf

from converters.ir_to_tf.graph import Node

Carriers = Mapping[str, str]
"""The type to compute in, for each type that has none of its own."""

COMPUTED: Carriers = {
    "float64": "float32",
    "float16": "float32",
    "int8": "int32",
    "int16": "int32",
    "uint8": "int32",
    "uint16": "int32",
    "uint32": "int64",
    "uint64": "int64",
}
MOVED: Carriers = {
    "float64": "int64",
    "float16": "float32",
    "int16": "int32",
    "uint16": "int32",
    "uint32": "int32",
    "uint64": "int64",
}
FILLED: Carriers = {**MOVED, "int8": "int32", "uint8": "int32"}
BITS: Carriers = {**COMPUTED, "uint32": "int32"}
SAMPLES: Carriers = dict.fromkeys(COMPUTED, "float32")
PIXELS: Carriers = {**SAMPLES, "int32": "float32", "int64": "float32"}
NAMED: Carriers = {}  # by the ops themselves

KINDS = (
    (MOVED, "Blocks Concat Gather ComputedGather GatherElements GatherND Reverse"),
    (MOVED, "ReverseSequence Roll Slice Split VariadicSplit"),
    (FILLED, "Broadcast ExtractImagePatches Pad Tile"),
    (BITS, "BitwiseAnd BitwiseOr BitwiseXor BitwiseNot"),
    (SAMPLES, "Interpolate"),  # sizes may be among its tensors
    (PIXELS, "AvgPool MaxPool MatMul Convolution GroupConvolution"),
    (PIXELS, "ComputedConvolution ComputedGroupConvolution"),
    (NAMED, "Convert ConvertLike"),
)
BY_TYPE = {kind: carriers for carriers, kinds in KINDS for kind in kinds.split()}


def carriers_of(node: Node) -> Carriers:
    """The types that a node's tensors are carried in."""
    return BY_TYPE.get(node.type.removeprefix("Dynamic"), COMPUTED)


def carried(tensor: Any, carriers: Carriers) -> Any:
    """A tensor, or a constant, in the type to compute in."""
    if tensor is None:
        return None
    dtype = tf.as_dtype(tensor.dtype).name
    return recast(tensor, carriers[dtype]) if dtype in carriers else tensor


def recast(tensor: Any, wanted: str) -> Any:
    """A tensor, or a constant, in another type; the bits stay where types are equally wide.

    CAST knows no uint64: it goes by way of int64.
    """
    given = tf.as_dtype(tensor.dtype).name
    if given == wanted:
        return tensor
    if (given, wanted) in SAME_BITS:
        is_constant = isinstance(tensor, (np.ndarray, np.generic))
        return np.asarray(tensor).view(wanted) if is_constant else tf.bitcast(tensor, wanted)
    if "uint64" in (given, wanted):
        return recast(recast(tensor, "int64"), wanted)
    if isinstance(tensor, (np.ndarray, np.generic)):
        return np.asarray(tensor).astype(wanted)
    return tf.cast(tensor, wanted)


PAIRS = (("uint64", "int64"), ("uint32", "int32"), ("float64", "int64"))
SAME_BITS = {*PAIRS, *(pair[::-1] for pair in PAIRS)}
"""Between which types the bits are kept: float64 is an int64 only where it is moved."""
