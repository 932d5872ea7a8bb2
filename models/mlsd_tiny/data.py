"""Photographs of 320x320 with a fourth channel of ones, as the network was trained on them."""

from collections.abc import Iterator, Sequence

import numpy as np
from skimage import data
from skimage.transform import resize

SIDE = 320
SHOWN = ("rocket", "text")

Samples = Iterator[tuple[dict[str, np.ndarray], np.ndarray | None]]


def shown(count: int, seed: int, names: Sequence[str] = SHOWN) -> Samples:
    """Whole photographs, one after another."""
    for number in range(count):
        name = names[(number + seed) % len(names)]
        yield {"input_image_with_alpha": prepared(in_colour(name))}, None


def in_colour(name: str) -> np.ndarray:
    photo = getattr(data, name)()
    return photo if photo.ndim == 3 else np.dstack([photo] * 3)


def prepared(photo: np.ndarray) -> np.ndarray:
    """(1, 320, 320, 4), 0..255 and ones."""
    small = resize(photo, (SIDE, SIDE), order=1, anti_aliasing=True, preserve_range=True)
    return np.concatenate([small, np.ones((SIDE, SIDE, 1))], axis=2)[None].astype(np.float32)
