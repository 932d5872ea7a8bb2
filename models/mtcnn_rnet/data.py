"""Candidates such as the cascade's first network passes on: faces, and what is none."""

from collections.abc import Iterator

import numpy as np
from skimage import data

FACES = 100  # of the 200 pictures of 25x25 in scikit-image's subset, the first half
PATCHES = ("brick", "coffee", "grass", "gravel", "rocket")

Samples = Iterator[tuple[dict[str, np.ndarray], np.ndarray | None]]


def candidates(count: int, seed: int) -> Samples:
    """Faces and patches by turns; the target is the class: 1 for a face."""
    chance = np.random.default_rng(seed)
    small = data.lfw_subset()
    for number in range(count):
        if number % 2:
            yield {"input": patch(chance)}, np.array(0)
        else:
            grey = small[chance.integers(FACES)]
            levels = np.rint(255 * grey / grey.max()).astype(np.uint8)
            yield {"input": np.dstack([levels] * 3)}, np.array(1)


def patch(chance: np.random.Generator) -> np.ndarray:
    """A square of a picture without a face, in colour."""
    photo = getattr(data, str(chance.choice(PATCHES)))()
    side = int(chance.integers(60, 120))
    top, left = (chance.integers(0, size - side) for size in photo.shape[:2])
    square = photo[top : top + side, left : left + side]
    return square if square.ndim == 3 else np.dstack([square] * 3)
