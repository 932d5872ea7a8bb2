"""Texts as numbers of words, frequent words with low numbers, as a vocabulary counts them."""

from collections.abc import Iterator

import numpy as np

LENGTH, WORDS = 256, 10000
BEGIN, FIRST = 1, 4  # 0 pads, 1 begins a text, 2 stands for words that are not known

Samples = Iterator[tuple[dict[str, np.ndarray], np.ndarray | None]]


def reviews(count: int, seed: int) -> Samples:
    """20 to 255 words, their frequencies by Zipf's law."""
    chance = np.random.default_rng(seed)
    for _ in range(count):
        text = np.zeros((1, LENGTH), np.int32)
        length = int(chance.integers(20, LENGTH))
        text[0, 0] = BEGIN
        ranks = chance.zipf(1.2, length - 1)
        text[0, 1:length] = FIRST + ranks % (WORDS - FIRST)
        yield {"input_3": text}, None
