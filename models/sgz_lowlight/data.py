"""Photographs as a short exposure would show them."""

from collections.abc import Iterator, Sequence

import numpy as np
from skimage import data

PHOTOS = ("chelsea", "motorcycle", "rocket")
SHOWN = ("astronaut", "coffee", "motorcycle")

Samples = Iterator[tuple[dict[str, np.ndarray], np.ndarray | None]]


def dimmed(count: int, seed: int) -> Samples:
    """For calibration."""
    chance = np.random.default_rng(seed)
    names = [str(chance.choice(PHOTOS)) for _ in range(count)]
    yield from darkened(names, chance)


def shown(count: int, seed: int) -> Samples:
    """Photographs that calibrate nothing; of the motorcycle, what the other eye saw."""
    names = [SHOWN[number % len(SHOWN)] for number in range(count)]
    yield from darkened(names, np.random.default_rng(seed), eye=1)


def darkened(names: Sequence[str], chance: np.random.Generator, eye: int = 0) -> Samples:
    """A fifth to a half of the light, through a gamma of 1 to 1.5."""
    for name in names:
        light = photo(name, eye) / 255.0
        dark = chance.uniform(0.2, 0.5) * light ** chance.uniform(1, 1.5)
        yield {"input": np.rint(255 * dark).astype(np.uint8)}, None


def photo(name: str, eye: int) -> np.ndarray:
    return data.stereo_motorcycle()[eye] if name == "motorcycle" else getattr(data, name)()
