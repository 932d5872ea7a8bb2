"""Data sets of WAV files: windows of a stated length at a stated rate, as floats from -1 to 1.

Nothing is done to a sound that the recipe does not say: another rate is refused without `resample`,
more channels than one without `channel`, a sound shorter than a window without `pad`.
"""

from __future__ import annotations

import math
import wave
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np

from converters.datasets.place import Place, RawSamples, chosen, inside, source_place
from converters.datasets.preprocess import Array
from converters.errors import RecipeError, ZooError
from converters.recipes.recipe import Options, Sampling

ENDINGS = (".wav", ".wave")

CHANNELS = {"left": 0, "right": 1}
"""What `channel` takes of several, besides `mean`."""

FULL_SCALE = {1: 2**7, 2: 2**15, 3: 2**23, 4: 2**31}
"""The number that stands for 1.0, by the bytes of a sample."""


class Sound(NamedTuple):
    """What the head of a file says."""

    path: Path
    rate: int  # Hz
    channels: int
    frames: int
    width: int  # bytes of one number


def read(options: Options, sampling: Sampling, place: Place) -> RawSamples:
    """The windows of all files, in their order; of more than are wanted, a subset by seed."""
    subject = f"data {sampling.data}"
    if len(place.inputs) != 1:
        raise RecipeError(
            f"a sound feeds one input, the model has {len(place.inputs)}",
            subject=subject,
            remedy="use data of kind function or arrays",
        )
    sounds = [_headed(path, options, subject) for path in _files(options, place, subject)]
    windows = [(sound, start) for sound in sounds for start in _starts(sound, options, subject)]
    for number in chosen(len(windows), sampling):
        yield {place.inputs[0].name: _window(*windows[number], options)}, None


def _files(options: Options, place: Place, subject: str) -> list[Path]:
    if options.get("sources"):
        origins = [source_place(place.sources, str(key), subject) for key in options["sources"]]
    else:
        origins = [inside(place.model_folder, str(options["folder"]), subject)]
    found = [file for origin in origins for file in _below(origin)]
    wanted = options.get("names")
    unknown = [name for name in wanted or () if name not in {file.stem for file in found}]
    if unknown or not found:
        raise ZooError(
            f"no sound {', '.join(unknown)}" if unknown else "holds no sound",
            subject=subject,
            remedy=f"there are: {', '.join(file.name for file in found[:20]) or 'no .wav files'}",
        )
    return [file for file in found if not wanted or file.stem in wanted]


def _below(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    return sorted(file for file in path.rglob("*") if file.suffix.lower() in ENDINGS)


def _headed(path: Path, options: Options, subject: str) -> Sound:
    """The head of a file; an error where the recipe does not say what to do with such a one."""
    try:
        with wave.open(str(path), "rb") as file:
            sound = Sound(
                path,
                file.getframerate(),
                file.getnchannels(),
                file.getnframes(),
                file.getsampwidth(),
            )
    except (wave.Error, EOFError, OSError) as error:
        raise ZooError(
            f"{path.name} is no WAV file of plain numbers: {error}",
            subject=subject,
            remedy="save it as PCM of 8, 16, 24 or 32 bits",
        ) from error
    if sound.rate != options["rate"] and not options.get("resample"):
        raise ZooError(
            f"{path.name} has {sound.rate} Hz, the recipe says {options['rate']}",
            subject=subject,
            remedy="write `resample: true`, or correct `rate`",
        )
    wanted = options.get("channel")
    if sound.channels > 1 and wanted is None:
        raise ZooError(
            f"{path.name} has {sound.channels} channels, and nothing says which counts",
            subject=subject,
            remedy="write `channel: mean`, `left` or `right`",
        )
    return sound


def _ratio(sound: Sound, options: Options) -> tuple[int, int]:
    common = math.gcd(sound.rate, options["rate"])
    return options["rate"] // common, sound.rate // common


def _starts(sound: Sound, options: Options, subject: str) -> Iterator[int]:
    """Where windows begin, counted at the recipe's rate."""
    up, down = _ratio(sound, options)
    length, window = -(-sound.frames * up // down), options["window"]
    if length < window and not options.get("pad"):
        raise ZooError(
            f"{sound.path.name} has {length} values, a window {window}",
            subject=subject,
            remedy="write `pad: true` for silence behind it, or shorten `window`",
        )
    yield from range(0, max(length - window, 0) + 1, options.get("hop", window))


def _window(sound: Sound, start: int, options: Options) -> Array:
    """`(window,)` floats: only this part of the file is read."""
    up, down = _ratio(sound, options)
    first = start * down // up
    count = -(-options["window"] * down // up)
    with wave.open(str(sound.path), "rb") as file:
        file.setpos(min(first, sound.frames))
        values = _floats(file.readframes(count), sound)
    mixed = _mixed(values, options.get("channel"))
    if (up, down) != (1, 1):
        from scipy.signal import resample_poly

        mixed = resample_poly(mixed, up, down)
    kept = np.zeros(options["window"], np.float32)
    kept[: min(len(mixed), len(kept))] = mixed[: len(kept)]
    return kept


def _floats(content: bytes, sound: Sound) -> Array:
    """`(frames, channels)` from -1 to 1; 8 bits are counted from 0, more around it."""
    raw = np.frombuffer(content, np.uint8).reshape(-1, sound.channels, sound.width)
    if sound.width == 1:
        return (raw[..., 0].astype(np.float32) - 128) / 128
    wide = np.zeros((*raw.shape[:2], 4), np.uint8)
    wide[..., 4 - sound.width :] = raw  # the sign stands in the last byte
    numbers = wide.view("<i4")[..., 0] >> (8 * (4 - sound.width))
    return np.asarray(numbers / np.float32(FULL_SCALE[sound.width]), np.float32)


def _mixed(values: Array, channel: str | None) -> Array:
    if channel in CHANNELS and values.shape[1] > 1:
        return values[:, CHANNELS[channel]]
    return np.asarray(values.mean(axis=1))
