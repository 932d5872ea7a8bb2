"""Interpolate: TensorFlow's kernels where they compute the same, else a matrix per axis."""

# ruff: noqa: PLR0913 - an emitter's signature is the IR's schema

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import tensorflow as tf

from converters.ir_to_tf.graph import Node
from converters.ir_to_tf.interpolation import MODES, Resize, nearest_steps
from converters.ir_to_tf.layout.rules import image_axes
from converters.ir_to_tf.layout.spec import Spec
from converters.ir_to_tf.registry import op
from converters.ir_to_tf.site import Site


class Kernel(NamedTuple):
    """A resize of TensorFlow, and the rules of the IR that it follows."""

    function: Any
    coordinates: str
    rounding: str
    options: dict[str, bool]


NEAREST, LINEAR = tf.compat.v1.image.resize_nearest_neighbor, tf.compat.v1.image.resize_bilinear
KERNELS = {
    "nearest": (
        Kernel(NEAREST, "asymmetric", "floor", {}),
        Kernel(NEAREST, "tf_half_pixel_for_nn", "floor", {"half_pixel_centers": True}),
        Kernel(NEAREST, "align_corners", "round_prefer_ceil", {"align_corners": True}),
    ),
    "linear": (
        Kernel(LINEAR, "half_pixel", "", {"half_pixel_centers": True}),
        Kernel(LINEAR, "align_corners", "", {"align_corners": True}),
        Kernel(LINEAR, "asymmetric", "", {}),
    ),
}
KERNELS["linear_onnx"] = KERNELS["linear"]


PADS = ("pads_begin", "pads_end")


def resized_axes(node: Node) -> tuple[int, ...]:
    """The axes that change size; at least two of an image's, since kernels want two."""
    data, made = node.inputs[0], node.outputs[0]
    pads = {a for name in PADS for a, n in enumerate(node.attributes.get(name, ())) if n}
    changed = tuple(a for a in range(data.rank) if data.shape[a] != made.shape[a] or a in pads)
    listed = sorted(listed_axes(node))
    spatial = tuple(range(2, data.rank))
    if data.rank == 4 and set(changed) <= set(spatial):
        return spatial if len(listed) != 2 else tuple(listed)
    return changed


def listed_axes(node: Node) -> tuple[int, ...]:
    """The axes that sizes or scales are given for, in their order."""
    port = len(node.inputs) - 1
    given = port > 1 and node.inputs[port].dtype.kind == "i"
    return node.axes(port) if given else tuple(range(node.inputs[0].rank))


def interpolated(node: Node) -> Spec:
    """Channels last; the axes resized are the spatial ones, wherever the IR has them."""
    return image_axes(node, resized_axes(node))


@op(
    "Interpolate",
    layout=interpolated,
    excused={"version": "the inputs tell", "axes": "of version 0, an input since"},
)
def interpolate(
    site: Site,
    x: Any,
    *_parameters: Any,
    mode: str,
    coordinate_transformation_mode: str = "half_pixel",
    nearest_mode: str = "round_prefer_floor",
    shape_calculation_mode: str = "sizes",
    cube_coeff: float = -0.75,
    antialias: bool = False,
    pads_begin: Sequence[int] = (),
    pads_end: Sequence[int] = (),
) -> Any:
    """RESIZE_BILINEAR or RESIZE_NEAREST_NEIGHBOR where their samples are the IR's."""
    rank = site.node.inputs[0].rank
    pads = list(zip(*([*p, *[0] * rank][:rank] for p in (pads_begin, pads_end)), strict=True))
    if mode not in MODES:
        raise site.refuse(f"mode {mode} is not supported", "resize by linear, cubic or nearest")
    scales = _scales(site.node) if shape_calculation_mode == "scales" else {}
    resizes = []
    axes = site.spatial(resized_axes(site.node))
    if any(map(any, pads)):
        behind = [(0, 0)] * (len(x.shape) - len(axes) - 1)
        x = tf.pad(x, [(0, 0), *(pads[axis] for axis in axes), *behind])
    for axis in axes:
        size, made = site.node.inputs[0].shape[axis], site.node.outputs[0].shape[axis]
        size += sum(pads[axis])
        resizes.append(
            Resize(
                size,
                made,
                scales.get(axis, made / size),
                mode,
                coordinate_transformation_mode,
                nearest_mode,
                cube_coeff,
                antialias,
            )
        )
    return _resized(x, resizes)


def _scales(node: Node) -> dict[int, float]:
    port = next(p for p, value in enumerate(node.inputs) if p and value.dtype.kind == "f")
    scales = np.ravel(node.known(port))
    return dict(zip(listed_axes(node), map(float, scales), strict=False))


def _resized(x: Any, resizes: list[Resize]) -> Any:
    if all(resize.size == resize.made and _is_identity(resize) for resize in resizes):
        return tf.identity(x)
    kernel = next((k for k in KERNELS.get(resizes[0].mode, ()) if _computes(k, resizes)), None)
    if kernel and len(resizes) == 2:
        return kernel.function(x, [resize.made for resize in resizes], **kernel.options)
    for place, resize in enumerate(resizes):
        if not _is_identity(resize):
            x = _along(x, 1 + place, resize)
    return x


def _computes(kernel: Kernel, resizes: list[Resize]) -> bool:
    return all(
        np.allclose(r.swapped(kernel.coordinates, kernel.rounding).matrix(), r.matrix(), atol=1e-5)
        if kernel.rounding
        else np.allclose(
            Resize(r.size, r.made, r.made / r.size, "linear_onnx", kernel.coordinates).matrix(),
            r.matrix(),
            atol=1e-5,
        )
        for r in resizes
    )


def _is_identity(resize: Resize) -> bool:
    return resize.size == resize.made and np.allclose(resize.matrix(), np.eye(resize.size))


def _along(x: Any, place: int, resize: Resize) -> Any:
    """Resize one axis by itself: GATHER, or a product with a constant matrix."""
    if resize.mode == "nearest":
        return tf.gather(x, nearest_steps(resize), axis=place)
    shape = list(x.shape)
    outer, inner = int(np.prod(shape[:place])), int(np.prod(shape[place + 1 :]))
    flat = tf.reshape(x, [outer, resize.size, inner])
    made = tf.matmul(resize.matrix()[None].astype(np.float32), flat)
    return tf.reshape(made, [*shape[:place], resize.made, *shape[place + 1 :]])
