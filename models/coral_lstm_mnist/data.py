"""Handwritten digits, enlarged to 28x28."""

from collections.abc import Iterator

import numpy as np
from skimage.transform import resize
from sklearn.datasets import load_digits

Samples = Iterator[tuple[dict[str, np.ndarray], np.ndarray | None]]


def digits(count: int, seed: int) -> Samples:
    """Values 0..255, ink on 0; the target is the digit."""
    known = load_digits()
    for number in np.random.default_rng(seed).integers(0, len(known.images), count):
        ink = np.zeros((28, 28))
        ink[4:24, 4:24] = resize(known.images[number] / 16, (20, 20), order=1)
        yield {"x": np.rint(255 * ink)[None].astype(np.uint8)}, np.array(known.target[number])
