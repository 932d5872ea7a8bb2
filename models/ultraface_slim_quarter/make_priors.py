"""Write the prior boxes for 120x160: `python models/ultraface_slim_quarter/make_priors.py`."""

from pathlib import Path

import numpy as np

from converters.surgery.ssd import computed_priors

SIZES = ((10, 16, 24), (32, 48), (64, 96), (128, 192, 256))
"""Edges in pixels, of strides 8, 16, 32 and 64, as the network was trained with."""


def main() -> None:
    """Centres and sizes, as parts of the picture."""
    priors = computed_priors((120, 160), (8, 16, 32, 64), SIZES)[None]
    folder = Path(__file__).parent
    np.save(folder / "centres.npy", priors[..., :2])
    np.save(folder / "sizes.npy", priors[..., 2:])


if __name__ == "__main__":
    main()
