"""The lines of a card's program that make features of a waveform.

They repeat `datasets.features` for the numbers of one recipe: a test runs them beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from converters.datasets.features import LEAST
from converters.recipes.recipe import Input, Options


def log_mel(options: Options) -> Iterator[str]:
    """From `x`, a waveform `(n,)`, to `x`, `(frames, bands)`."""
    rate, frame, step, bands = (options[key] for key in ("rate", "frame", "step", "bands"))
    low, high = options.get("low", 0), options.get("high", rate / 2)
    size = 1 << (frame - 1).bit_length()
    yield f"frames = [x[i : i + {frame}] for i in range(0, len(x) - {frame - 1}, {step})]"
    yield f"hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange({frame}) / {frame})"
    yield f"strength = np.abs(np.fft.rfft(np.array(frames, np.float64) * hann, {size}))"
    yield "mel = lambda hertz: 1127 * np.log1p(np.asarray(hertz) / 700)"
    yield f"edges = np.linspace(mel({low}), mel({high}), {bands + 2})"
    yield f"place = mel(np.linspace(0, {rate / 2}, {size // 2 + 1}))[:, None]"
    yield "rising = (place - edges[:-2]) / np.diff(edges)[:-1]"
    yield "falling = (edges[2:] - place) / np.diff(edges)[1:]"
    yield f"x = np.log(strength @ np.clip(np.minimum(rising, falling), 0, None) + {LEAST})"


def mfcc(options: Options) -> Iterator[str]:
    """From `x`, a waveform `(n,)`, to `x`, `(frames, count)`."""
    bands, count = options["bands"], options["count"]
    yield from log_mel(options)
    yield f"angles = np.pi / {bands} * np.outer(np.arange({bands}) + 0.5, np.arange({count}))"
    yield f"x = x @ np.cos(angles) * np.sqrt(2 / {bands})"


FEATURES: Mapping[str, Callable[[Options], Iterator[str]]] = {"log_mel": log_mel, "mfcc": mfcc}


def is_heard(spec: Input) -> bool:
    """Whether the samples of an input are sounds, as far as a recipe tells."""
    return any(name in FEATURES for step in spec.preprocess for name in step)
