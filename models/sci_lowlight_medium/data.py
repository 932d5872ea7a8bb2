"""Photographs as a short exposure would show them."""

from collections.abc import Iterator

import numpy as np
from skimage import data

PHOTOS = ("astronaut", "chelsea", "coffee", "rocket")

Samples = Iterator[tuple[dict[str, np.ndarray], np.ndarray | None]]


def dimmed(count: int, seed: int) -> Samples:
    """A fifth to a half of the light, through a gamma of 1 to 1.5."""
    chance = np.random.default_rng(seed)
    for _ in range(count):
        light = getattr(data, str(chance.choice(PHOTOS)))() / 255.0
        dark = chance.uniform(0.2, 0.5) * light ** chance.uniform(1, 1.5)
        yield {"input": np.rint(255 * dark).astype(np.uint8)}, None
