"""Features of sound as the benchmark makes them: 30 frames of 40 log-mel bands, from 0 to 1.

The sounds are drawn: gliding voices, noise, and near silence. The arithmetic is that of the
benchmark's own: frames of 64 ms every 32 ms, the high ones raised, bands of 0 to 8000 Hz,
(10 log10 + 52) / 64 cut to [0, 1].
"""

from collections.abc import Iterator

import numpy as np

RATE, WINDOW, STEP, TRANSFORM, FRAMES = 16000, 1024, 512, 1024, 30
BANDS = 40
LOWEST, HIGHEST = 0.0, 8000.0  # Hz
OFFSET = 52.0  # dB
EMPHASIS = 1 - 2**-5

Samples = Iterator[tuple[dict[str, np.ndarray], np.ndarray | None]]


def features(count: int, seed: int) -> Samples:
    """Two voices, then noise and near silence by turns."""
    chance = np.random.default_rng(seed)
    for number in range(count):
        kind = number % 4
        noise = chance.normal(0, (0.003, 0.02, 0.3, 0.001)[kind], WINDOW + STEP * (FRAMES - 1))
        wave = noise + (voice(chance, noise.size) if kind < 2 else 0)
        yield {"input_1": levels(np.clip(wave, -1, 1)).astype(np.float32)[:, None]}, None


def voice(chance: np.random.Generator, length: int) -> np.ndarray:
    """A pitch and two resonances that glide, somewhere in the time."""
    time, part = np.arange(length) / RATE, np.linspace(0, 1, length)
    pitch = chance.uniform(90, 240) * (1 + chance.uniform(-0.2, 0.2) * part)
    first, second = chance.uniform(300, 800), chance.uniform(900, 2800)
    glide, wave = 1 + chance.uniform(-0.3, 0.3) * part, np.zeros(length)
    for harmonic in range(1, 25):
        tone = harmonic * pitch
        gain = 1 / (1 + ((tone - first * glide) / 100) ** 2)
        gain = gain + 0.6 / (1 + ((tone - second * glide) / 150) ** 2)
        wave += gain * np.sin(2 * np.pi * harmonic * pitch * time)
    envelope = np.exp(-(((part - chance.uniform(0.3, 0.7)) / chance.uniform(0.1, 0.3)) ** 2))
    return chance.uniform(0.05, 0.9) * envelope * wave / np.abs(wave).max()


def levels(wave: np.ndarray) -> np.ndarray:
    """To (30, 40)."""
    wave = wave - EMPHASIS * np.append(0, wave[:-1])
    frames = np.stack([wave[STEP * i : STEP * i + WINDOW] for i in range(FRAMES)])
    power = np.abs(np.fft.rfft(frames * np.hamming(WINDOW), TRANSFORM)) ** 2 / WINDOW
    decibels = 10 * np.log10(power @ bands().T + 1e-12)
    return np.clip((decibels + OFFSET) / 64, 0, 1)


def mel(frequency: np.ndarray | float) -> np.ndarray:
    return 1127 * np.log1p(np.asarray(frequency) / 700)


def bands() -> np.ndarray:
    """(40, 513): triangles of equal width on the mel scale."""
    edges = np.linspace(mel(LOWEST), mel(HIGHEST), BANDS + 2)
    scale = mel(np.arange(TRANSFORM // 2 + 1) * RATE / TRANSFORM)
    rising = (scale - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - scale) / np.diff(edges)[1:, None]
    return np.clip(np.minimum(rising, falling), 0, None)
