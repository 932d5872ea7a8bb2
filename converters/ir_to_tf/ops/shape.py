"""Ops that only say how a tensor is cut into axes: names change, bytes stay."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from converters.ir_to_tf.layout.blocks import blocks
from converters.ir_to_tf.layout.rules import regrouped_axes, renamed_axes
from converters.ir_to_tf.registry import op
from converters.ir_to_tf.site import Site


@op(
    "Reshape",
    "Squeeze",
    "Unsqueeze",
    layout=regrouped_axes,
    excused={"special_zero": "the output's shape is known", "allow_axis_skip": "shapes are known"},
)
def reshape(_: Site, x: Any, *_parameters: Any) -> Any:
    """Nothing to do: the next kernel cuts the bytes into the axes it wants."""
    return x


@op("Transpose", layout=renamed_axes)
def transpose(_: Site, x: Any, _permutation: Any) -> Any:
    """Nothing to do: the layout rule has renamed the axes, and the bytes stay."""
    return x


@op("Blocks", layout=blocks)
def move_blocks(site: Site, x: Any, _order: Any, *, mode: str) -> Any:
    """DEPTH_TO_SPACE or SPACE_TO_DEPTH, where carrying the order along is not free."""
    wide = site.shape(2 if mode == "depth_to_space" else 0)
    deep = site.shape(0 if mode == "depth_to_space" else 2)
    block = wide[1] // deep[1]
    return getattr(tf.nn, mode)(x, block)
