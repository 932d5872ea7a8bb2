"""Features of sounds: what a recipe's preprocessing makes of a waveform, where it says so.

Formulas are those of `tf.signal`, without TensorFlow: frames of `frame` values every `step`, a
periodic Hann window, the magnitude of an FFT of the next power of two, mel bands (HTK), their log.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from converters.errors import ZooError

Array = npt.NDArray[Any]

LEAST = 1e-6
"""Added before the logarithm."""


def log_mel(values: Array, options: Any) -> Array:
    """`(frames, bands)` of a waveform `(n,)`: log(mel + 1e-6)."""
    rate, frame, step = options["rate"], options["frame"], options["step"]
    if values.ndim != 1 or len(values) < frame:
        raise ZooError(
            f"wants a waveform of at least {frame} values, the sample has shape {values.shape}",
            subject="log_mel",
            remedy="use data of kind sounds, and a window of one frame or more",
        )
    size = 1 << (frame - 1).bit_length()
    places = np.arange(0, len(values) - frame + 1, step)[:, None] + np.arange(frame)
    hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(frame) / frame)
    magnitudes = np.abs(np.fft.rfft(values[places].astype(np.float64) * hann, size))
    high = options.get("high", rate / 2)
    bands = mel_bands(options["bands"], size // 2 + 1, rate, options.get("low", 0), high)
    return np.asarray(np.log(magnitudes @ bands + LEAST), np.float32)


def mfcc(values: Array, options: Any) -> Array:
    """`(frames, count)`: the first coefficients of the bands' cosine transform (DCT-II)."""
    logs = log_mel(values, options)
    bands = logs.shape[1]
    angles = np.pi / bands * (np.arange(bands) + 0.5)[:, None] * np.arange(options["count"])
    return np.asarray(logs @ (2 * np.cos(angles)) / np.sqrt(2 * bands), np.float32)


def mel_bands(count: int, bins: int, rate: float, low: float, high: float) -> Array:
    """`(bins, count)` triangles, equally wide in mel = 1127 ln(1 + f / 700); no constant bin."""
    frequencies = _mel(np.linspace(0, rate / 2, bins)[1:, None])
    edges = np.linspace(_mel(low), _mel(high), count + 2)
    lower, middle, upper = edges[:-2], edges[1:-1], edges[2:]
    rising = (frequencies - lower) / (middle - lower)
    falling = (upper - frequencies) / (upper - middle)
    return np.pad(np.maximum(0, np.minimum(rising, falling)), [(1, 0), (0, 0)])


def _mel(frequency: Any) -> Any:
    return 1127 * np.log1p(np.asarray(frequency, np.float64) / 700)
