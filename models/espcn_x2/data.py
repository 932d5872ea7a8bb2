"""Pairs of a small and a large grey picture, cut from the photographs of scikit-image.

They lie in the package itself; nothing is downloaded. No photograph serves both training and
the held-out pairs. The small picture is the large one halved by PIL's bicubic filter.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from importlib.resources import files
from typing import NamedTuple

import numpy as np
from PIL import Image

TRAINING_PHOTOS = (
    "astronaut.png",
    "brick.png",
    "camera.png",
    "chelsea.png",
    "clock_motion.png",
    "gravel.png",
    "ihc.png",
    "moon.png",
    "motorcycle_left.png",
    "page.png",
)
HELDOUT_PHOTOS = ("coffee.png", "coins.png", "grass.png", "hubble_deep_field.jpg", "rocket.jpg")
FACTOR = 2

Sample = tuple[dict[str, np.ndarray], np.ndarray]
Size = tuple[int, int]  # height and width of the small picture


class Stream(NamedTuple):
    """A source of pairs with seeds of its own."""

    number: int
    photos: tuple[str, ...]


TRAINING = Stream(1, TRAINING_PHOTOS)
CALIBRATION = Stream(2, TRAINING_PHOTOS)
HELDOUT = Stream(3, HELDOUT_PHOTOS)


def calibration_64x64(count: int, seed: int) -> Iterator[Sample]:
    """Cuts of the training photographs."""
    return samples(CALIBRATION, seed, range(count), (64, 64))


def calibration_120x160(count: int, seed: int) -> Iterator[Sample]:
    """Cuts of the training photographs."""
    return samples(CALIBRATION, seed, range(count), (120, 160))


def heldout_64x64(count: int, seed: int) -> Iterator[Sample]:
    """Cuts of photographs that training never saw."""
    return samples(HELDOUT, seed, range(count), (64, 64))


def heldout_120x160(count: int, seed: int) -> Iterator[Sample]:
    """Cuts of photographs that training never saw."""
    return samples(HELDOUT, seed, range(count), (120, 160))


def training(count: int, seed: int, start: int, size: Size) -> Iterator[Sample]:
    """Pairs number `start` and on."""
    return samples(TRAINING, seed, range(start, start + count), size)


def samples(stream: Stream, seed: int, numbers: range, size: Size) -> Iterator[Sample]:
    """Small pictures (uint8) under the name x, each with its large one (float32, 0 to 1)."""
    wanted = (FACTOR * size[0], FACTOR * size[1])
    photos = [name for name in stream.photos if _holds(photograph(name), wanted)]
    for number in numbers:
        rng = np.random.default_rng([stream.number, seed, number])
        large = cut(rng, photograph(photos[number % len(photos)]), wanted)
        yield {"x": halved(large)}, large.astype(np.float32) / 255


@functools.cache
def photograph(name: str) -> np.ndarray:
    """The luma of a picture of the scikit-image package."""
    with (files("skimage") / "data" / name).open("rb") as stream:
        return np.asarray(Image.open(stream).convert("L"))


def _holds(photo: np.ndarray, size: Size) -> bool:
    return photo.shape[0] >= size[0] and photo.shape[1] >= size[1]


def cut(rng: np.random.Generator, photo: np.ndarray, size: Size) -> np.ndarray:
    """A part of a photograph, perhaps mirrored."""
    top = rng.integers(photo.shape[0] - size[0] + 1)
    left = rng.integers(photo.shape[1] - size[1] + 1)
    part = photo[top : top + size[0], left : left + size[1]]
    return np.ascontiguousarray(part[:: rng.choice([-1, 1]), :: rng.choice([-1, 1])])


def halved(large: np.ndarray) -> np.ndarray:
    """Half the height and width."""
    height, width = large.shape
    image = Image.fromarray(large)
    return np.asarray(image.resize((width // FACTOR, height // FACTOR), Image.Resampling.BICUBIC))


def enlarged(small: np.ndarray) -> np.ndarray:
    """What bicubic interpolation makes of a small picture: the result to beat, 0 to 1."""
    image = Image.fromarray(small.astype(np.float32) / 255)
    size = (FACTOR * small.shape[1], FACTOR * small.shape[0])
    return np.clip(np.asarray(image.resize(size, Image.Resampling.BICUBIC)), 0, 1)
