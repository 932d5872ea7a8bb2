"""Angles and their sines."""

from collections.abc import Iterator

import numpy as np

Samples = Iterator[tuple[dict[str, np.ndarray], np.ndarray | None]]


def angles(count: int, seed: int) -> Samples:
    """0 to a whole turn; the target is the true sine."""
    for angle in np.random.default_rng(seed).uniform(0, 2 * np.pi, count):
        point = np.array([[angle]], dtype=np.float32)
        yield {"serving_default_dense_input": point}, np.sin(point)
