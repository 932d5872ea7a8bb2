"""Hands drawn as 21 landmarks in MediaPipe's order: the wrist and four points for each finger."""

from collections.abc import Iterator

import numpy as np

ROOTS = np.array([(-0.35, -0.2), (-0.28, -0.95), (0.0, -1.0), (0.22, -0.92), (0.42, -0.8)])
DIRECTIONS = np.deg2rad([-50.0, -12.0, 0.0, 10.0, 22.0])  # from straight up
LENGTHS = np.array([0.3, 0.3, 0.34, 0.31, 0.24])  # of a finger's bone, in palms
OPEN, CLOSE, POINTER = range(3)
STRAIGHT = {OPEN: (0, 1, 2, 3, 4), CLOSE: (), POINTER: (1,)}

Samples = Iterator[tuple[dict[str, np.ndarray], np.ndarray | None]]


def finger(root: np.ndarray, direction: float, length: float, straight: bool) -> np.ndarray:
    """Four points: straight on, or folded back to the palm."""
    turns = np.zeros(3) if straight else np.deg2rad([30.0, 165.0, 185.0])
    angles = direction + turns * (1 if direction < 0 else -1)
    bones = length * np.stack([np.sin(angles), -np.cos(angles)], axis=1)
    if not straight:
        bones *= np.array([0.9, 0.8, 0.6])[:, None]
    return np.vstack([root, root + np.cumsum(bones, axis=0)])


def hand(sign: int, chance: np.random.Generator) -> np.ndarray:
    """21 points, the wrist at 0, y downwards, a little turned and shaken."""
    fingers = [
        finger(root, direction, length, number in STRAIGHT[sign])
        for number, (root, direction, length) in enumerate(
            zip(ROOTS, DIRECTIONS, LENGTHS, strict=True)
        )
    ]
    points = np.vstack([np.zeros((1, 2)), *fingers])
    turn = chance.normal(0, np.deg2rad(8))
    rotation = np.array([(np.cos(turn), np.sin(turn)), (-np.sin(turn), np.cos(turn))])
    points = points @ rotation + chance.normal(0, 0.02, points.shape)
    return points - points[0]


def hands(count: int, seed: int) -> Samples:
    """Open, close and pointer by turns; the target is the class."""
    chance = np.random.default_rng(seed)
    for number in range(count):
        points = hand(number % 3, chance).astype(np.float32).ravel()
        yield {"input_1": points / np.abs(points).max()}, np.array(number % 3)
