"""Scikit-learn's handwritten digits (UCI, 1797 pictures of 8 by 8), split once and for all.

They ship inside the package; nothing is downloaded.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator

import numpy as np
from sklearn.datasets import load_digits

SPLIT_SEED = 8
HELDOUT = 360  # pictures, a fifth of all

Sample = tuple[dict[str, np.ndarray], np.ndarray]


@functools.cache
def split() -> tuple[np.ndarray, np.ndarray]:
    """Numbers of the pictures for training, and of those held out."""
    order = np.random.default_rng(SPLIT_SEED).permutation(len(load_digits().target))
    return order[HELDOUT:], order[:HELDOUT]


def samples(numbers: np.ndarray) -> Iterator[Sample]:
    """Pictures (8 x 8, uint8, 0 to 16) under the name x, and the digit each shows."""
    digits = load_digits()
    for number in numbers:
        yield {"x": digits.images[number].astype(np.uint8)}, np.int64(digits.target[number])


def training() -> Iterator[Sample]:
    """All that may be learned from."""
    return samples(split()[0])


def calibration(count: int, seed: int) -> Iterator[Sample]:
    """Some of the training pictures."""
    return samples(np.random.default_rng(seed).permutation(split()[0])[:count])


def heldout(count: int, seed: int) -> Iterator[Sample]:
    """Some of the pictures that training never sees."""
    return samples(np.random.default_rng(seed).permutation(split()[1])[:count])
