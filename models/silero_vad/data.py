"""Stretches of sound: vowels as pulses through resonances, noise, hum and near silence."""

from collections.abc import Iterator

import numpy as np

RATE, LENGTH = 16000, 576
FORMANTS = ((730, 1090, 2440), (270, 2290, 3010), (300, 870, 2240), (530, 1840, 2480))  # Hz

Samples = Iterator[tuple[dict[str, np.ndarray], np.ndarray | None]]


def sounds(count: int, seed: int) -> Samples:
    """Two vowels, then noise, hum and near silence by turns; states as speech leaves them."""
    chance = np.random.default_rng(seed)
    for number in range(count):
        kind = number % 5
        wave = vowel(chance) if kind < 2 else background(chance, kind)
        state = np.tanh(chance.normal(size=(2, 1, 128))) * (number % 3 > 0)
        state[1] *= 3  # the cell is not bounded
        yield {"input": wave[None].astype(np.float32), "state": state.astype(np.float32)}, None


def vowel(chance: np.random.Generator) -> np.ndarray:
    """Harmonics of a voice of 90 to 250 Hz, strong near the formants."""
    time = np.arange(LENGTH) / RATE + chance.uniform()
    pitch = chance.uniform(90, 250)
    wave = np.zeros(LENGTH)
    for harmonic in pitch * np.arange(1, int(4000 / pitch)):
        gains = [1 / (1 + ((harmonic - f) / 120) ** 2) for f in chance.permutation(FORMANTS)[0]]
        wave += (0.05 + sum(gains)) * np.sin(2 * np.pi * harmonic * time)
    return chance.uniform(0.1, 0.6) * wave / np.abs(wave).max() + chance.normal(0, 0.002, LENGTH)


def background(chance: np.random.Generator, kind: int) -> np.ndarray:
    time = np.arange(LENGTH) / RATE
    hum = 0.1 * np.sin(2 * np.pi * chance.uniform(50, 400) * time)
    strength = (0.0, 0.0, 0.1, 0.01, 0.0005)[kind]
    return chance.normal(0, strength, LENGTH) + (hum if kind == 3 else 0)
