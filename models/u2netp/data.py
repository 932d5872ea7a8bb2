"""Saliency pictures made up on the spot: an object of one texture before a ground of another.

Photographs come from the scikit-image package itself, never from a download; those behind the
held-out pictures are not among those behind training and calibration. The same seed draws the
same pictures.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from importlib.resources import files
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.random import Generator
from PIL import Image, ImageDraw, ImageFilter

TRAINING_PHOTOS = (
    "astronaut.png",
    "brick.png",
    "camera.png",
    "chelsea.png",
    "clock_motion.png",
    "color.png",
    "gravel.png",
    "ihc.png",
    "moon.png",
    "motorcycle_left.png",
    "retina.jpg",
)
HELDOUT_PHOTOS = (
    "cell.png",
    "coffee.png",
    "grass.png",
    "hubble_deep_field.jpg",
    "rocket.jpg",
)
SIZE = 320  # pixels a side, of calibration and held-out pictures
FINE = 2  # masks are drawn this much larger, then reduced
WEAKEST_CONTRAST = 45  # grey levels between the means of object and ground

Sample = tuple[dict[str, np.ndarray], np.ndarray]
Picture = np.ndarray  # height, width, RGB: float32, 0 to 255
Polygons = list[np.ndarray]  # each points x 2, about -1 to 1


class Stream(NamedTuple):
    """A source of pictures that shares neither seeds nor, where named, photographs."""

    number: int
    photos: tuple[str, ...]


TRAINING = Stream(1, TRAINING_PHOTOS)
CALIBRATION = Stream(2, TRAINING_PHOTOS)
HELDOUT = Stream(3, HELDOUT_PHOTOS)


def calibration(count: int, seed: int) -> Iterator[Sample]:
    """Pictures to measure ranges on: like those of training, none of them the same."""
    return (sample(CALIBRATION, seed, index) for index in range(count))


def heldout(count: int, seed: int) -> Iterator[Sample]:
    """Pictures over photographs that training never saw."""
    return (sample(HELDOUT, seed, index) for index in range(count))


def training(count: int, seed: int, start: int = 0, size: int = SIZE) -> Iterator[Sample]:
    """Pictures number `start` and on, drawn at any size."""
    return (sample(TRAINING, seed, index, size) for index in range(start, start + count))


def sample(stream: Stream, seed: int, index: int, size: int = SIZE) -> Sample:
    """One picture (size x size x RGB, uint8) under the name x, and its mask of 0 and 1."""
    rng = np.random.default_rng([stream.number, seed, index])
    ground = blurred(texture(rng, stream.photos, size), rng.choice([0, 0, 1, 2]) * size / SIZE)
    fine_mask = silhouette(rng, size * FINE)
    soft = reduced(fine_mask, size)
    mask = (soft >= 0.5).astype(np.float32)
    filling = contrasting(rng, stream.photos, ground, mask)
    scene = composed(rng, ground, filling, soft)
    scene += rng.normal(0, rng.uniform(0, 8), scene.shape)
    return {"x": np.clip(np.rint(scene), 0, 255).astype(np.uint8)}, mask


# Textures


@functools.cache
def photograph(name: str) -> Image.Image:
    """A picture of the scikit-image package, in colour."""
    with (files("skimage") / "data" / name).open("rb") as stream:
        return Image.open(stream).convert("RGB")


def photo_crop(rng: Generator, photos: tuple[str, ...], size: int) -> Picture:
    """A square cut of a photograph, turned, mirrored and tinted."""
    photo = photograph(photos[rng.integers(len(photos))])
    side = min(photo.size) * rng.uniform(0.35, 1.0)
    left, top = rng.uniform(0, photo.width - side), rng.uniform(0, photo.height - side)
    box = (left, top, left + side, top + side)
    cut = np.asarray(photo.resize((size, size), Image.Resampling.BILINEAR, box), np.float32)
    cut = np.rot90(cut[:, :: rng.choice([-1, 1])], rng.integers(4))
    tint = rng.normal(1, 0.12, 3) * rng.uniform(0.7, 1.2)
    return np.clip(cut * tint.astype(np.float32), 0, 255)


def random_colour(rng: Generator) -> Picture:
    return rng.uniform(0, 255, (1, 1, 3)).astype(np.float32)


def gradient(rng: Generator, size: int) -> Picture:
    """One colour turning into another along a line."""
    ramp = along(rng, size)
    ramp = (ramp - ramp.min()) / (np.ptp(ramp) + 1e-6)
    return random_colour(rng) * ramp + random_colour(rng) * (1 - ramp)


def stripes(rng: Generator, size: int) -> Picture:
    """Two colours in waves."""
    wave = 0.5 + 0.5 * np.sin(along(rng, size) * rng.uniform(10, 60))
    return random_colour(rng) * wave + random_colour(rng) * (1 - wave)


def clouds(rng: Generator, size: int) -> Picture:
    """Two colours in soft patches."""
    cells = int(rng.integers(3, 16))
    noise = Image.fromarray(rng.uniform(0, 1, (cells, cells)).astype(np.float32))
    patch = np.asarray(noise.resize((size, size), Image.Resampling.BICUBIC))[..., None]
    return random_colour(rng) * patch + random_colour(rng) * (1 - patch)


def flat(rng: Generator, size: int) -> Picture:
    """A single colour with a little grain."""
    return random_colour(rng) + rng.normal(0, 6, (size, size, 1)).astype(np.float32)


PROCEDURAL: tuple[Callable[[Generator, int], Picture], ...] = (gradient, stripes, clouds, flat)


def along(rng: Generator, size: int) -> np.ndarray:
    """Where each pixel lies on a line of random direction."""
    angle = rng.uniform(0, 2 * np.pi)
    y, x = np.mgrid[:size, :size].astype(np.float32) / size
    return (x * np.cos(angle) + y * np.sin(angle)).astype(np.float32)[..., None]


def texture(rng: Generator, photos: tuple[str, ...], size: int) -> Picture:
    """Mostly a photograph, at times a procedural one."""
    if rng.random() < 0.65:
        return photo_crop(rng, photos, size)
    return PROCEDURAL[rng.integers(len(PROCEDURAL))](rng, size)


def contrasting(
    rng: Generator, photos: tuple[str, ...], ground: Picture, mask: np.ndarray
) -> Picture:
    """A texture whose mean colour under the mask stands out from the ground."""
    inside = mask > 0
    ground_colour = ground[inside].mean(axis=0)
    for _ in range(8):
        filling = texture(rng, photos, len(mask))
        difference = filling[inside].mean(axis=0) - ground_colour
        if np.abs(difference).max() >= WEAKEST_CONTRAST:
            return filling
    away = -90.0 if ground_colour.mean() > 127 else 90.0
    return np.clip(filling + away, 0, 255)


# Outlines


def ellipse(rng: Generator) -> Polygons:
    t = np.linspace(0, 2 * np.pi, 60, endpoint=False)
    return [np.stack((np.cos(t), rng.uniform(0.4, 1) * np.sin(t)), axis=1)]


def polygon(rng: Generator) -> Polygons:
    corners = int(rng.integers(3, 8))
    t = np.sort(2 * np.pi * (np.arange(corners) + rng.uniform(-0.3, 0.3, corners)) / corners)
    return [np.stack((np.cos(t), np.sin(t)), axis=1)]


def star(rng: Generator) -> Polygons:
    points = int(rng.integers(4, 9))
    t = np.pi * np.arange(2 * points) / points
    radius = np.where(np.arange(2 * points) % 2, rng.uniform(0.4, 0.7), 1)
    return [np.stack((radius * np.cos(t), radius * np.sin(t)), axis=1)]


def blob(rng: Generator) -> Polygons:
    """A closed curve of a few random waves."""
    t = np.linspace(0, 2 * np.pi, 90, endpoint=False)
    waves = range(2, 6)
    radius = 1 + sum(
        rng.normal(0, 0.35 / n) * np.cos(n * t + rng.uniform(0, 2 * np.pi)) for n in waves
    )
    return [np.stack((radius * np.cos(t), radius * np.sin(t)), axis=1) / radius.max()]


def cluster(rng: Generator) -> Polygons:
    """A body with parts that overlap it: something like a creature or a tool."""
    parts = [blob(rng)[0] * 0.6]
    for _ in range(rng.integers(1, 4)):
        centre = rng.uniform(-0.55, 0.55, 2)
        part = OUTLINES[rng.integers(4)](rng)[0]
        parts.append(part * rng.uniform(0.25, 0.5) + centre)
    return parts


def strokes(rng: Generator) -> Polygons:
    """Thick bars joined at right angles and slants, as letters are."""
    knots = rng.uniform(-0.9, 0.9, (int(rng.integers(3, 6)), 2))
    half = rng.uniform(0.12, 0.2)
    bars = []
    for a, b in pairwise(knots):
        ahead = (b - a) / (np.hypot(*(b - a)) + 1e-6) * half
        aside = np.array([-ahead[1], ahead[0]])
        ends = (a - ahead + aside, b + ahead + aside, b + ahead - aside, a - ahead - aside)
        bars.append(np.stack(ends))
    return bars


OUTLINES: tuple[Callable[[Generator], Polygons], ...] = (
    ellipse,
    polygon,
    star,
    blob,
    cluster,
    strokes,
)


def silhouette(rng: Generator, size: int) -> np.ndarray:
    """One object or two, placed and turned at will: size x size, 0 or 1."""
    canvas = Image.new("L", (size, size))
    draw = ImageDraw.Draw(canvas)
    count = 2 if rng.random() < 0.2 else 1
    for _ in range(count):
        radius = rng.uniform(0.18, 0.45) / count**0.5
        centre = rng.uniform(min(radius, 0.4), 1 - min(radius, 0.4), 2)
        angle = rng.uniform(0, 2 * np.pi)
        turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        for part in OUTLINES[rng.integers(len(OUTLINES))](rng):
            points = (part @ turn * radius + centre) * size
            draw.polygon([(float(x), float(y)) for x, y in points], fill=1)
    return np.asarray(canvas, np.float32)


# Composition


def reduced(mask: np.ndarray, size: int) -> np.ndarray:
    """A mask at a whole fraction of its size: how much of each pixel it covers."""
    factor = len(mask) // size
    return mask.reshape(size, factor, size, factor).mean(axis=(1, 3))


def blurred(picture: np.ndarray, radius: float) -> np.ndarray:
    """Gaussian blur of a picture (height, width, RGB) or a map (height, width), by 0 to 255."""
    if radius <= 0:
        return picture
    image = Image.fromarray(np.clip(picture, 0, 255).astype(np.uint8))
    return np.asarray(image.filter(ImageFilter.GaussianBlur(float(radius))), np.float32)


def shifted(mask: np.ndarray, by: np.ndarray) -> np.ndarray:
    """Moved by whole pixels; what comes in from outside is empty."""
    image = Image.fromarray(mask.astype(np.float32))
    return np.asarray(image.rotate(0, translate=(round(by[0]), round(by[1]))))


def composed(rng: Generator, ground: Picture, filling: Picture, soft: np.ndarray) -> Picture:
    """The object before the ground, with its shading, its shadow and its edge."""
    size = len(soft)
    if rng.random() < 0.5:
        shift = rng.uniform(-0.05, 0.05, 2) * size
        shadow = blurred(shifted(soft, shift) * 255, rng.uniform(2, 10) * size / SIZE)
        ground = ground * (1 - rng.uniform(0.2, 0.6) * shadow[..., None] / 255)
    if rng.random() < 0.5:
        filling = filling * (1 + rng.uniform(0.1, 0.5) * (along(rng, size) - 0.5))
    edge = blurred(soft * 255, rng.choice([0, 0, 0.7, 1.5]) * size / SIZE)[..., None] / 255
    edge = edge if edge.max() <= 1 else edge / edge.max()
    return filling * edge + ground * (1 - edge)
