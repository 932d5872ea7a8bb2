"""Photographs under drawn haze, by the law that the network inverts: I = J t + A (1 - t)."""

from collections.abc import Iterator

import numpy as np
from skimage import data

PHOTOS = ("astronaut", "chelsea", "coffee", "rocket")

Samples = Iterator[tuple[dict[str, np.ndarray], np.ndarray | None]]


def hazed(count: int, seed: int) -> Samples:
    """Pictures whose transmission falls from the ground to the horizon, under a light grey sky."""
    chance = np.random.default_rng(seed)
    for _ in range(count):
        clean = getattr(data, str(chance.choice(PHOTOS)))().astype(np.float32)
        far, near = chance.uniform(0.3, 0.6), chance.uniform(0.7, 0.95)
        transmission = np.linspace(far, near, clean.shape[0], dtype=np.float32)[:, None, None]
        air = 255 * chance.uniform(0.8, 0.95)
        hazy = clean * transmission + air * (1 - transmission)
        yield {"hazy": np.rint(hazy).astype(np.uint8)}, None
