"""SCI (Ma et al. 2022): low-light pictures lit by dividing them by an estimated illumination.

Only what runs at inference, the first stage's estimator, is here; the self-calibrating module and
its weights serve training. One block's weights do the work of all, so 258 parameters remain.
"""

from torch import Tensor, nn


class Estimator(nn.Module):
    """The illumination: the picture plus a residual of three small convolutions."""

    def __init__(self, channels: int, repeats: int) -> None:
        super().__init__()
        self.in_conv = nn.Sequential(nn.Conv2d(3, channels, 3, padding=1), nn.ReLU())
        self.conv = nn.Sequential(
            nn.Conv2d(channels, channels, 3, padding=1), nn.BatchNorm2d(channels), nn.ReLU()
        )
        self.blocks = nn.ModuleList([self.conv] * repeats)  # shared on purpose
        self.out_conv = nn.Sequential(nn.Conv2d(channels, 3, 3, padding=1), nn.Sigmoid())

    def forward(self, x: Tensor) -> Tensor:
        features = self.in_conv(x)
        for block in self.blocks:
            features = features + block(features)
        return (self.out_conv(features) + x).clamp(1e-4, 1)


class SCI(nn.Module):
    """The estimator and the division by what it finds."""

    def __init__(self, channels: int = 3, repeats: int = 1) -> None:
        super().__init__()
        self.enhance = Estimator(channels, repeats)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Illumination and enhanced picture, both like the input."""
        illumination = self.enhance(x)
        return illumination, (x / illumination).clamp(0, 1)
