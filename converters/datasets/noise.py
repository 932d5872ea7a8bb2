"""Random inputs, to try a model's structure: they calibrate nothing and prove little."""

from __future__ import annotations

import numpy as np

from converters.datasets.place import Place, RawSamples
from converters.datasets.preprocess import GEOMETRY, PICTURE_LAYOUTS, Array
from converters.recipes.recipe import Input, Options, Sampling


def read(options: Options, sampling: Sampling, place: Place) -> RawSamples:  # noqa: ARG001
    """Random pictures where the input is a picture, else normal or whole numbers."""
    chance = np.random.default_rng(sampling.seed)
    for _ in range(sampling.count):
        yield {spec.name: drawn(spec, chance) for spec in place.inputs}, None


def drawn(spec: Input, chance: np.random.Generator) -> Array:
    """One raw sample for an input."""
    if spec.layout in PICTURE_LAYOUTS and _channels(spec) in (1, 3):
        height, width = picture_size(spec)
        return chance.integers(0, 256, (height, width, 3), dtype=np.uint8)
    if np.dtype(spec.dtype).kind in "iu":
        return chance.integers(0, 2, spec.shape[1:]).astype(spec.dtype)
    return chance.standard_normal(spec.shape[1:]).astype(np.float32)


def picture_size(spec: Input) -> tuple[int, int]:
    """The height and width that a picture needs for an input."""
    sizes = [step[name] for step in spec.preprocess for name in GEOMETRY if name in step]
    axes = spec.layout.index("H"), spec.layout.index("W")
    height, width = sizes[0] if sizes else (spec.shape[axis] for axis in axes)
    return int(height), int(width)


def _channels(spec: Input) -> int:
    return spec.shape[spec.layout.index("C")]
