"""Patches of 32x32 from grey photographs, at places where something is to be seen."""

from collections.abc import Iterator

import numpy as np
from skimage import data

PHOTOS = ("camera", "brick", "gravel", "coins", "page")
SIDE = 32
LEAST_CONTRAST = 12

Samples = Iterator[tuple[dict[str, np.ndarray], np.ndarray | None]]


def patches(count: int, seed: int) -> Samples:
    """Values 0..255."""
    chance = np.random.default_rng(seed)
    for _ in range(count):
        patch = chosen(chance)
        while patch.std() < LEAST_CONTRAST:
            patch = chosen(chance)
        yield {"patch": patch}, None


def chosen(chance: np.random.Generator) -> np.ndarray:
    """One patch of one photograph."""
    photo = getattr(data, str(chance.choice(PHOTOS)))()
    top, left = (chance.integers(0, size - SIDE) for size in photo.shape)
    return photo[top : top + SIDE, left : left + SIDE]
