"""Ops that compute with tensors of unknown sizes, as the IR writes them."""

from __future__ import annotations

from functools import wraps
from typing import Any

import numpy as np
import tensorflow as tf

from converters.ir_to_tf.layout.rules import as_written
from converters.ir_to_tf.ops import bitwise, elementwise, normalization, transcendental
from converters.ir_to_tf.ops import computed as _computed
from converters.ir_to_tf.ops.gathering import from_start
from converters.ir_to_tf.ops.loose_shapes import row
from converters.ir_to_tf.ops.reduction import OF_TRUTH, REDUCTIONS
from converters.ir_to_tf.ops.sampling import roi_align
from converters.ir_to_tf.reader import DTYPES
from converters.ir_to_tf.registry import OPS, op
from converters.ir_to_tf.site import WrittenSite

assert _computed and normalization
AS_THEY_ARE = (
    *elementwise.SAME_IN_TENSORFLOW,
    *transcendental.TRANSCENDENTAL,
    *bitwise.BITWISE,
    *("Abs", "Sign", "IsInf", "Divide", "Mod", "Power", "Clamp", "Convert", "ConvertLike"),
    *("Elu", "Selu", "HardSigmoid", "Swish", "Gelu", "Round", "FakeQuantize"),
    *("MVN", "NormalizeL2"),
)
"""Their emitters ask for no sizes."""

for _ir_type in AS_THEY_ARE:
    OPS[f"Dynamic{_ir_type}"] = OPS[_ir_type]._replace(rule=as_written)

for _ir_type in ("Convolution", "GroupConvolution", "ConvolutionBackpropData"):
    OPS[f"Dynamic{_ir_type}"] = OPS[f"Computed{_ir_type}"]


@op("DynamicSoftmax", layout=as_written)
def softmax(_: WrittenSite, x: Any, *, axis: int) -> Any:
    """SOFTMAX."""
    return tf.nn.softmax(x, axis)


@op("DynamicLogSoftmax", layout=as_written)
def log_softmax(_: WrittenSite, x: Any, *, axis: int) -> Any:
    """LOG_SOFTMAX."""
    return tf.nn.log_softmax(x, axis)


def _reduction(ir_type: str) -> Any:
    def reduce(_: WrittenSite, x: Any, axes: Any, *, keep_dims: bool) -> Any:
        x = tf.convert_to_tensor(x)
        table = OF_TRUTH if x.dtype == tf.bool and ir_type in OF_TRUTH else REDUCTIONS
        return table[ir_type](x, row(axes), keep_dims)

    return reduce


for _ir_type in REDUCTIONS:
    op(f"Dynamic{_ir_type}", layout=as_written)(_reduction(_ir_type))


@op("DynamicMatMul", layout=as_written)
def mat_mul(_: WrittenSite, x: Any, y: Any, *, transpose_a: bool, transpose_b: bool) -> Any:
    """BATCH_MATMUL; vectors are a row on the left and a column on the right."""
    x, y = tf.convert_to_tensor(x), tf.convert_to_tensor(y)
    flat = [axis for axis, each in ((-2, x), (-1, y)) if len(each.shape) == 1]
    x, turned_a = (x[None], False) if len(x.shape) == 1 else (x, transpose_a)
    y, turned_b = (y[:, None], False) if len(y.shape) == 1 else (y, transpose_b)
    made = tf.matmul(x, y, turned_a, turned_b)
    return tf.squeeze(made, flat) if flat else made


@op("DynamicPRelu", layout=as_written)
def prelu(_: WrittenSite, x: Any, slope: Any) -> Any:
    """A slope below 0, per channel or for all."""
    rank = len(x.shape)
    if len(slope.shape) == 1 and np.prod(slope.shape) > 1 and rank > 1:
        slope = tf.reshape(slope, [-1, *[1] * (rank - 2)])
    return tf.nn.relu(x) - tf.nn.relu(-x) * slope


@op("DynamicGather", layout=as_written)
def gather(_: WrittenSite, x: Any, indices: Any, axis: Any, *, batch_dims: int = 0) -> Any:
    """GATHER; indices below 0 count from the end."""
    x, place = tf.convert_to_tensor(x), row(axis)[0]
    batch = batch_dims if batch_dims >= 0 else batch_dims + len(indices.shape)
    place = int(place) if isinstance(axis, np.ndarray) else place
    wanted = from_start(indices, tf.shape(x)[place])
    return tf.gather(x, wanted, axis=place, batch_dims=batch)


@op("DynamicGatherND", layout=as_written)
def gather_nd(_: WrittenSite, x: Any, indices: Any, *, batch_dims: int) -> Any:
    """GATHER_ND."""
    depth = int(indices.shape[-1])
    sizes = tf.shape(x)[batch_dims : batch_dims + depth]
    return tf.gather_nd(x, from_start(indices, sizes), batch_dims=batch_dims)


@op("DynamicGatherElements", layout=as_written)
def gather_elements(_: WrittenSite, x: Any, indices: Any, *, axis: int) -> Any:
    """GATHER_ND of every index's own place, but along one axis."""
    x, indices = tf.convert_to_tensor(x), tf.convert_to_tensor(indices)
    axis %= len(x.shape)
    wanted = tf.reshape(from_start(indices, tf.shape(x)[axis]), [-1, 1])
    places = tf.cast(tf.where(tf.ones_like(indices, tf.bool)), wanted.dtype)
    places = tf.concat([places[:, :axis], wanted, places[:, axis + 1 :]], 1)
    return tf.reshape(tf.gather_nd(x, places), tf.shape(indices))


@op("DynamicScatterNDUpdate", layout=as_written)
def scatter_nd(
    site: WrittenSite, x: Any, indices: Any, updates: Any, *, reduction: str = "none"
) -> Any:
    """SCATTER_ND."""
    if reduction != "none":
        raise site.refuse("a reduction is not supported where sizes are unknown")
    depth = int(indices.shape[-1])
    wanted = from_start(indices, tf.shape(x)[:depth])
    return tf.tensor_scatter_nd_update(tf.convert_to_tensor(x), wanted, updates)


@op("DynamicTopK", layout=as_written, excused={"stable": "equal elements come in order anyway"})
def top_k(
    _: WrittenSite, x: Any, k: Any, *, axis: int, mode: str, sort: str, index_element_type: str
) -> Any:
    """TOPK_V2, along the last axis."""
    rank = len(x.shape)
    order = [*(a for a in range(rank) if a != axis % rank), axis % rank]
    turned = tf.transpose(x, order)
    values, steps = tf.math.top_k(turned if mode == "max" else -turned, row(k)[0])
    values = values if mode == "max" else -values
    if sort == "index":
        places = tf.argsort(steps, axis=-1)
        values = tf.gather(values, places, batch_dims=rank - 1)
        steps = tf.gather(steps, places, batch_dims=rank - 1)
    back = np.argsort(order)
    return tf.transpose(values, back), tf.cast(
        tf.transpose(steps, back), DTYPES[index_element_type]
    )


@op("DynamicOneHot", layout=as_written)
def one_hot(site: WrittenSite, indices: Any, depth: Any, on: Any, off: Any, *, axis: int) -> Any:
    """ONE_HOT."""
    on, off = (tf.reshape(value, []) for value in (on, off))
    return tf.one_hot(indices, row(depth)[0], on, off, site.axis_of_output(axis))


@op("DynamicCumSum", layout=as_written)
def cum_sum(_: WrittenSite, x: Any, axis: Any, *, exclusive: bool, reverse: bool) -> Any:
    """CUMSUM."""
    return tf.cumsum(x, row(axis)[0], exclusive, reverse)


@op("DynamicEinsum", layout=as_written)
def einsum(_: WrittenSite, *tensors: Any, equation: str) -> Any:
    """As TensorFlow finds best."""
    return tf.einsum(equation, *tensors)


@op("DynamicROIAlign", layout=as_written)
@wraps(roi_align)
def roi_align_of_some(site: WrittenSite, x: Any, boxes: Any, batch: Any, **words: Any) -> Any:
    """Channels last, and back: how many boxes there are is not known."""
    images = tf.transpose(x, [0, 2, 3, 1])
    made = roi_align(site, images, boxes, batch, **words)  # type: ignore[arg-type]
    return tf.transpose(made, [0, 3, 1, 2])


@op("DynamicEye", layout=as_written)
def eye(
    _: WrittenSite, rows: Any, columns: Any, shift: Any, batch: Any = None, *, output_type: str
) -> Any:
    """Ones on a diagonal."""
    down, across = tf.range(row(rows)[0]), tf.range(row(columns)[0])
    plane = tf.cast(tf.equal(across[None], down[:, None] + row(shift)[0]), DTYPES[output_type])
    lead = np.zeros(0, np.int32) if batch is None else row(batch)
    return tf.broadcast_to(plane, tf.concat([lead, tf.shape(plane)], 0))
