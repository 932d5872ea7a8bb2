"""Pictures of coloured noise with a bright square, and the mask of the square."""

import numpy as np


def squares(count, seed):
    generator = np.random.default_rng(seed)
    for _ in range(count):
        picture = generator.integers(0, 128, (16, 16, 3), dtype=np.uint8)
        top, left = generator.integers(0, 8, 2)
        mask = np.zeros((16, 16), np.float32)
        mask[top : top + 8, left : left + 8] = 1
        picture[mask > 0] += 120
        yield {"x": picture}, mask
