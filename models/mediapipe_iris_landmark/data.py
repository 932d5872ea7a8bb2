"""Eyes cut out with some room around them."""

from collections.abc import Iterator

import numpy as np
from skimage import data

ASTRONAUT = ((85, 185), (85, 222))  # top and left of her eyes
SIDE = 40
FACES = 100  # of the 200 pictures of 25x25 in scikit-image's subset, the first half
EYE = (4, 3, 9)  # top, left and side in those

Samples = Iterator[tuple[dict[str, np.ndarray], np.ndarray | None]]


def eyes(count: int, seed: int) -> Samples:
    """Eyes of small grey faces, and one of an astronaut with more or less room."""
    chance = np.random.default_rng(seed)
    small = data.lfw_subset()
    for number in range(count):
        if number % 3 == 0:
            yield {"input_1": astronaut(0, int(chance.integers(-6, 10)))}, None
            continue
        top, left, side = EYE
        face = small[chance.integers(FACES)]
        part = face[top : top + side, left : left + side] / face.max()
        yield {"input_1": np.dstack([np.rint(255 * part).astype(np.uint8)] * 3)}, None


def shown(count: int, seed: int) -> Samples:
    """The astronaut's other eye, closer each time."""
    for number in range(count):
        yield {"input_1": astronaut(1, 2 * (number + seed))}, None


def astronaut(eye: int, room: int) -> np.ndarray:
    top, left = ASTRONAUT[eye]
    return data.astronaut()[top - room : top + SIDE + room, left - room : left + SIDE + room]
