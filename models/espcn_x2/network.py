"""Sub-pixel super-resolution of luma, after Shi et al. 2016, CVPR.

All work is done at the small size; the last convolution answers the pixels of the large one as
channels. Unlike in the paper, it answers what to add to the repeated pixel, which is learned
sooner.
"""

from __future__ import annotations

from torch import Tensor, nn


class ESPCN(nn.Module):
    """Luma of 0 to 1 in, luma `factor` times as high and as wide out."""

    def __init__(self, factor: int = 2, width: int = 48) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.Conv2d(1, width, 5, padding=2),
            nn.ReLU(),
            nn.Conv2d(width, width // 2, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(width // 2, factor**2, 3, padding=1),
        )
        self.shuffle = nn.PixelShuffle(factor)

    def forward(self, x: Tensor) -> Tensor:
        return self.shuffle(self.features(x) + x)
