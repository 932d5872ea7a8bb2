"""A retina as other cameras and other eyes would show it: parts of it, turned and tinted."""

from collections.abc import Iterator

import numpy as np
from skimage import data

Samples = Iterator[tuple[dict[str, np.ndarray], np.ndarray | None]]


def turned(count: int, seed: int) -> Samples:
    """Parts of two thirds to all of its width, by quarter turns, lighter or darker."""
    chance = np.random.default_rng(seed)
    eye = data.retina()
    for _ in range(count):
        side = int(chance.uniform(0.66, 0.95) * eye.shape[0])
        top, left = chance.integers(0, eye.shape[0] - side, 2)
        part = np.rot90(eye[top : top + side, left : left + side], int(chance.integers(4)))
        light = np.clip(part * chance.uniform(0.8, 1.15), 0, 255)
        yield {"input": np.rint(light).astype(np.uint8)}, None
