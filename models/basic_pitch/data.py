"""Two seconds of drawn music: notes with harmonics that fade, over a little noise."""

from collections.abc import Iterator

import numpy as np

RATE, LENGTH = 22050, 43844
LOWEST, HIGHEST = 40, 88  # MIDI numbers

Samples = Iterator[tuple[dict[str, np.ndarray], np.ndarray | None]]


def music(count: int, seed: int) -> Samples:
    """Values -1..1."""
    chance = np.random.default_rng(seed)
    for _ in range(count):
        wave = chance.normal(0, 0.002, LENGTH)
        for _note in range(int(chance.integers(3, 9))):
            begin = int(chance.uniform(0, 0.8) * LENGTH)
            wave[begin:] += note(int(chance.integers(LOWEST, HIGHEST)), LENGTH - begin, chance)
        wave *= chance.uniform(0.3, 0.9) / np.abs(wave).max()
        yield {"input_2": wave[None, :, None].astype(np.float32)}, None


def note(number: int, length: int, chance: np.random.Generator) -> np.ndarray:
    """A plucked tone: harmonics that fade, the high ones sooner."""
    time = np.arange(length) / RATE
    pitch = 440 * 2 ** ((number - 69) / 12)
    fade = chance.uniform(1.5, 5)
    harmonics = [k for k in range(1, 9) if k * pitch < RATE / 2]
    tones = [
        np.exp(-fade * k**0.5 * time) * np.sin(2 * np.pi * k * pitch * time) / k for k in harmonics
    ]
    return chance.uniform(0.3, 1) * np.sum(tones, axis=0)
