"""Crops of grey photographs with the noise that the network was trained on."""

from collections.abc import Iterator

import numpy as np
from skimage import data

PHOTOS = ("brick", "camera", "coins", "grass", "gravel", "moon")
SIDE = 128
SIGMA = 25  # of 255

Samples = Iterator[tuple[dict[str, np.ndarray], np.ndarray | None]]


def noisy(count: int, seed: int) -> Samples:
    """Noisy crops; the target is the noise, as the network's output is."""
    chance = np.random.default_rng(seed)
    for _ in range(count):
        photo = getattr(data, str(chance.choice(PHOTOS)))()
        top, left = (chance.integers(0, size - SIDE + 1) for size in photo.shape)
        clean = photo[top : top + SIDE, left : left + SIDE].astype(np.float32)
        picture = np.clip(np.rint(clean + chance.normal(0, SIGMA, clean.shape)), 0, 255)
        noise = ((picture - clean) / 255).astype(np.float32)
        yield {"noisy": picture.astype(np.uint8)}, noise[None]
