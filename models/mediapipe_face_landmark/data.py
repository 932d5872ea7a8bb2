"""Faces cut out with some room around them, as a detector would hand them on."""

from collections.abc import Iterator

import numpy as np
from skimage import data
from skimage.transform import resize

FACES = 100  # of the 200 pictures of 25x25 in scikit-image's subset, the first half
HELD_BACK = 10  # of these, for what is shown
ASTRONAUT = (20, 148, 160)  # top, left and side of her face

Samples = Iterator[tuple[dict[str, np.ndarray], np.ndarray | None]]


def faces(count: int, seed: int) -> Samples:
    """Small grey faces with more or less room around them."""
    chance = np.random.default_rng(seed)
    small = data.lfw_subset()
    for _ in range(count):
        face = small[chance.integers(FACES - HELD_BACK)]
        yield {"input": framed(face, int(chance.integers(0, 6)))}, None


def shown(count: int, seed: int) -> Samples:
    """An astronaut in colour, and then small faces that calibrate nothing."""
    chance = np.random.default_rng(seed)
    top, left, side = ASTRONAUT
    yield {"input": data.astronaut()[top : top + side, left : left + side]}, None
    small = data.lfw_subset()
    for _ in range(count - 1):
        yield {"input": framed(small[FACES - 1 - chance.integers(HELD_BACK)], 3)}, None


def framed(face: np.ndarray, room: int) -> np.ndarray:
    """A face of 25x25, 0..1, in colour and enlarged, its edge repeated for room."""
    wide = np.pad(face / max(face.max(), 1e-6), room, mode="edge")
    levels = np.rint(255 * resize(wide, (128, 128), order=1)).astype(np.uint8)
    return np.dstack([levels] * 3)
