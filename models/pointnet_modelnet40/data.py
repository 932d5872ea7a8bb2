"""Clouds of points on the surfaces of simple things, as ModelNet40 has them: upright along y."""

from collections.abc import Callable, Iterator

import numpy as np

POINTS = 1024

Chance = np.random.Generator
Samples = Iterator[tuple[dict[str, np.ndarray], np.ndarray | None]]


def shapes(count: int, seed: int) -> Samples:
    """One shape after another, each with proportions of its own."""
    chance = np.random.default_rng(seed)
    for number in range(count):
        cloud = SHAPES[number % len(SHAPES)](chance)
        yield {"points": centred(cloud)[None].astype(np.float32)}, None


def sparse_shapes(count: int, seed: int) -> Samples:
    """The same shapes in half of the points, drawn by chance."""
    chance = np.random.default_rng(seed)
    for sample, label in shapes(count, seed):
        kept = chance.choice(POINTS, POINTS // 2, replace=False)
        yield {"points": sample["points"][:, kept]}, label


def centred(cloud: np.ndarray) -> np.ndarray:
    """In the unit ball, its middle at the centre."""
    cloud = cloud - cloud.mean(axis=0)
    return cloud / np.linalg.norm(cloud, axis=1).max()


def box(chance: Chance, sides: tuple[float, float, float], points: int = POINTS) -> np.ndarray:
    """The surface of a block of these sides."""
    cloud = chance.uniform(-0.5, 0.5, (points, 3))
    areas = np.array([sides[1] * sides[2], sides[0] * sides[2], sides[0] * sides[1]])
    axis = chance.choice(3, points, p=areas / areas.sum())
    cloud[np.arange(points), axis] = chance.choice([-0.5, 0.5], points)
    return cloud * sides


def turned(chance: Chance, profile: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """What turns around y: `profile` gives the radius at heights 0..1."""
    height = chance.uniform(0, 1, POINTS)
    angle = chance.uniform(0, 2 * np.pi, POINTS)
    radius = profile(height)
    return np.stack([radius * np.cos(angle), 2 * height, radius * np.sin(angle)], axis=1)


def table(chance: Chance) -> np.ndarray:
    """A board on four legs."""
    width, depth = chance.uniform(1.2, 2), chance.uniform(0.8, 1.2)
    parts = [box(chance, (width, 0.06, depth), POINTS // 2)]
    for x in (-0.45, 0.45):
        for z in (-0.45, 0.45):
            leg = box(chance, (0.06, 0.8, 0.06), POINTS // 8)
            parts.append(leg + np.array([x * width, -0.4, z * depth]))
    return np.concatenate(parts)


SHAPES: tuple[Callable[[Chance], np.ndarray], ...] = (
    lambda chance: turned(chance, lambda h: chance.uniform(0.5, 0.9) * (1 - h)),  # cone
    lambda chance: box(chance, (1, 2, float(chance.uniform(0.03, 0.08)))),  # door
    table,
    lambda chance: turned(chance, lambda h: np.where(h < 0.6, 0.35, 0.12)),  # bottle
    lambda chance: turned(chance, lambda h: np.sqrt(np.maximum(h, 0.01)) * 1.6),  # bowl
)
