"""Features of a second of sound as the benchmark makes them: 49 frames of 10 MFCC.

The sounds are drawn: gliding voices with pauses, noise, and next to silence. The arithmetic is that
of the benchmark's own: 40 bands of 20 to 4000 Hz, frames of 30 ms every 20 ms, log(x + 1e-6).
"""

from collections.abc import Iterator

import numpy as np

RATE, WINDOW, STEP, TRANSFORM = 16000, 480, 320, 512
BANDS, COEFFICIENTS = 40, 10
LOWEST, HIGHEST = 20.0, 4000.0  # Hz

Samples = Iterator[tuple[dict[str, np.ndarray], np.ndarray | None]]


def features(count: int, seed: int) -> Samples:
    """Three voices, then noise and near silence by turns."""
    chance = np.random.default_rng(seed)
    for number in range(count):
        kind = number % 5
        noise = chance.normal(0, (0.002, 0.005, 0.01, 0.3, 1e-5)[kind], RATE)
        wave = noise + (voice(chance) if kind < 3 else 0)
        yield {"input_1": mfcc(np.clip(wave, -1, 1))[..., None].astype(np.float32)}, None


def voice(chance: np.random.Generator) -> np.ndarray:
    """One or two syllables, each a pitch and two resonances that glide."""
    wave = np.zeros(RATE)
    start = int(chance.uniform(0.1, 0.3) * RATE)
    for _ in range(int(chance.integers(1, 3))):
        length = int(chance.uniform(0.15, 0.3) * RATE)
        end = min(RATE, start + length)
        wave[start:end] += syllable(chance, end - start)
        start = min(end + int(chance.uniform(0.02, 0.08) * RATE), RATE - 1)
    return wave


def syllable(chance: np.random.Generator, length: int) -> np.ndarray:
    time = np.arange(length) / RATE
    part = np.linspace(0, 1, length)
    pitch = chance.uniform(100, 220) * (1 + chance.uniform(-0.2, 0.2) * part)
    first, second = chance.uniform(300, 800), chance.uniform(900, 2400)
    glide = 1 + chance.uniform(-0.3, 0.3) * part
    wave = np.zeros(length)
    for harmonic in range(1, 25):
        tone = harmonic * pitch
        gain = 1 / (1 + ((tone - first * glide) / 100) ** 2)
        gain = gain + 0.6 / (1 + ((tone - second * glide) / 150) ** 2)
        wave += gain * np.sin(2 * np.pi * harmonic * pitch * time)
    return chance.uniform(0.1, 0.5) * np.sin(np.pi * part) * wave / max(np.abs(wave).max(), 1e-6)


def mfcc(wave: np.ndarray) -> np.ndarray:
    """(16000,) to (49, 10)."""
    starts = range(0, len(wave) - WINDOW + 1, STEP)[:49]
    frames = np.stack([wave[start : start + WINDOW] for start in starts])
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)
    strength = np.abs(np.fft.rfft(frames * hann, TRANSFORM))
    levels = np.log(strength @ bands().T + 1e-6)
    places = np.pi * (np.arange(BANDS) + 0.5) / BANDS
    cosines = np.sqrt(2 / BANDS) * np.cos(np.arange(COEFFICIENTS)[:, None] * places)
    return levels @ cosines.T


def mel(frequency: np.ndarray | float) -> np.ndarray:
    return 1127 * np.log1p(np.asarray(frequency) / 700)


def bands() -> np.ndarray:
    """(40, 257): triangles of equal width on the mel scale."""
    edges = np.linspace(mel(LOWEST), mel(HIGHEST), BANDS + 2)
    scale = mel(np.arange(TRANSFORM // 2 + 1) * RATE / TRANSFORM)
    rising = (scale - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - scale) / np.diff(edges)[1:, None]
    return np.clip(np.minimum(rising, falling), 0, None)
