"""Five frames of a running machine as the benchmark makes them: 128 log-mel bands each, in dB.

The sounds are drawn: a hum with harmonics, a knock now and then, noise. The features follow the
benchmark's: 16 kHz, 1024 samples every 512, squared, mel bands of Slaney's scale, 20/2 log10.
"""

from collections.abc import Iterator

import numpy as np

RATE, WINDOW, STEP, BANDS, FRAMES = 16000, 1024, 512, 128, 5

Samples = Iterator[tuple[dict[str, np.ndarray], np.ndarray | None]]


def machines(count: int, seed: int) -> Samples:
    """Loud ones and soft ones, one sample of each."""
    chance = np.random.default_rng(seed)
    filters = mel_filters()
    for _ in range(count):
        time = np.arange(WINDOW + STEP * (FRAMES - 1)) / RATE
        pitch, loudness = chance.uniform(40, 300), 10 ** chance.uniform(-3, -0.5)
        wave = chance.normal(0, 10 ** chance.uniform(-2, 0), time.size)
        for harmonic in range(1, int(chance.integers(3, 30))):
            phase = chance.uniform(0, 2 * np.pi)
            tone = np.sin(2 * np.pi * harmonic * pitch * time + phase)
            wave += tone / harmonic ** chance.uniform(0.5, 1.5)
        wave *= 1 + chance.uniform(0, 3) * np.exp(-((time - chance.uniform(0, 0.2)) ** 2) / 1e-4)
        yield {"input_1": features(loudness * wave, filters)}, None


def features(wave: np.ndarray, filters: np.ndarray) -> np.ndarray:
    """(3072,) to (640,), dB."""
    frames = np.stack([wave[STEP * i : STEP * i + WINDOW] for i in range(FRAMES)])
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)
    power = np.abs(np.fft.rfft(frames * hann)) ** 2 @ filters.T
    return (10 * np.log10(power + 1e-9)).astype(np.float32).ravel()


def mel_filters() -> np.ndarray:
    """Triangles of equal area, (128, 513)."""
    linear, steep = 15.0, np.log(6.4) / 27  # up to 1000 Hz in steps of 200/3 Hz, then by ratios

    def to_hz(mel: np.ndarray) -> np.ndarray:
        return np.where(mel < linear, mel * 200 / 3, 1000 * np.exp(steep * (mel - linear)))

    highest = linear + np.log(RATE / 2 / 1000) / steep
    corners = to_hz(np.linspace(0, highest, BANDS + 2))
    bins = np.linspace(0, RATE / 2, WINDOW // 2 + 1)
    rising = (bins - corners[:-2, None]) / np.diff(corners)[:-1, None]
    falling = (corners[2:, None] - bins) / np.diff(corners)[1:, None]
    area = 2 / (corners[2:] - corners[:-2])
    return np.maximum(0, np.minimum(rising, falling)) * area[:, None]
