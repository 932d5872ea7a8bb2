"""What answers are drawn on where the samples are no pictures: a sound's wave, its features."""

from __future__ import annotations

import numpy as np

from converters.datasets.preprocess import Array
from converters.verify.shown.drawing import LEAST as SIDE

LEAST_WAVE = 256
"""As many values in a row are drawn as a wave; fewer mean nothing in their order."""

WHITE, INK = 255, 60


def ground_of(plane: Array | None, values: Array) -> Array:
    """Bytes `(h, w)` or `(h, w, 3)` of an input: as a picture `plane`, or of its raw `values`."""
    if plane is not None:
        return scaled(plane)
    row = values.reshape(-1)
    is_wave = values.size == max(values.shape, default=0) >= LEAST_WAVE
    return wave(row) if is_wave else np.full((SIDE, SIDE), WHITE, np.uint8)


def scaled(plane: Array) -> Array:
    """Values of 0..255 as they are; others, features maybe, from their least to their largest."""
    low, high = float(plane.min()), float(plane.max())
    if low < 0 or high <= 1.5:
        if plane.ndim == 2 and plane.shape[0] > 2 * plane.shape[1]:
            plane = plane.T[::-1]  # frames one below the other: time goes to the right
        return levels(plane, low, max(high, low + 1e-6))
    return levels(plane, 0, 255)


def levels(plane: Array, low: float, high: float) -> Array:
    """Bytes: values from `low` to `high` become 0 to 255, those beyond are cut."""
    spread: Array = np.rint(255 * (plane.astype(np.float32) - low) / (high - low))
    return np.clip(spread, 0, 255).astype(np.uint8)


def wave(row: Array) -> Array:
    """A column for each stretch of a sound, inked from its least value to its largest."""
    stretches = np.array_split(row.astype(np.float32), SIDE)
    bounds = np.array([[part.min(), part.max()] for part in stretches])
    largest = max(float(np.abs(bounds).max()), 1e-6)
    # the top line is the largest value, the middle one 0
    lines = np.rint((1 - bounds / largest) / 2 * (SIDE - 1)).astype(int)
    heights = np.arange(SIDE)[:, None]
    inked = (heights >= lines[:, 1]) & (heights <= lines[:, 0])
    return np.where(inked, INK, WHITE).astype(np.uint8)
