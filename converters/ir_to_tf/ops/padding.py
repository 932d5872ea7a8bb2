"""Explicit pads of convolutions and pools, and where TensorFlow's SAME means the same."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import tensorflow as tf

from converters.ir_to_tf.site import Site


class Pads(NamedTuple):
    """How much goes before and behind each spatial axis, in stored order."""

    begin: list[int]
    end: list[int]

    @classmethod
    def of(cls, site: Site, begin: Sequence[int], end: Sequence[int]) -> Pads:
        """The pads that the IR states per spatial axis."""
        return cls(site.spatial(begin), site.spatial(end))

    def with_axis_before(self) -> Pads:
        """The same, behind one more spatial axis of size 1."""
        return Pads([0, *self.begin], [0, *self.end])

    def longer(self, more: Sequence[int]) -> Pads:
        """The same, with more behind each axis."""
        return Pads(self.begin, [a + b for a, b in zip(self.end, more, strict=True)])

    @property
    def any(self) -> bool:
        """Whether there is anything to do."""
        return any(self.begin) or any(self.end)


def padded(x: Any, pads: Pads, filler: float = 0.0) -> Any:
    """Pad the spatial axes of an image; negative pads crop it."""
    if min([*pads.begin, *pads.end], default=0) < 0:
        x = _cropped(x, pads)
        pads = Pads([max(0, b) for b in pads.begin], [max(0, e) for e in pads.end])
    if not pads.any:
        return x
    widths = [[0, 0], *([b, e] for b, e in zip(*pads, strict=True)), [0, 0]]
    return tf.pad(x, widths, constant_values=filler)


def _cropped(x: Any, pads: Pads) -> Any:
    cuts = [slice(max(0, -b), e if e < 0 else None) for b, e in zip(*pads, strict=True)]
    return x[(slice(None), *cuts)]


def pad_for(
    x: Any,
    pads: Pads,
    reach: Sequence[int],
    strides: Sequence[int],
    filler: float = 0.0,
) -> tuple[Any, str]:
    """The image, padded unless TensorFlow's SAME does just that, and the padding to ask for."""
    if not pads.any:
        return x, "VALID"
    for size, begin, end, k, s in zip(x.shape[1:-1], *pads, reach, strides, strict=True):
        total = _added_by_same(size, k, s)
        if total is None or (total // 2, total - total // 2) != (begin, end):
            return padded(x, pads, filler), "VALID"
    return x, "SAME"


def _added_by_same(size: int | None, reach: int, stride: int) -> int | None:
    """How much SAME adds to an axis; None where only the running model knows its size."""
    if stride == 1:
        return reach - 1
    return None if size is None else max((-(-size // stride) - 1) * stride + reach - size, 0)
