"""TFeat (Balntas et al. 2016): 128 numbers that tell whether two patches of 32x32 are the same.

The module tree follows the published state dict.
"""

from torch import Tensor, nn


class TFeat(nn.Module):
    """Takes grey patches."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Sequential(
            nn.InstanceNorm2d(1),
            nn.Conv2d(1, 32, 7),
            nn.Tanh(),
            nn.MaxPool2d(2),
            nn.Conv2d(32, 64, 6),
            nn.Tanh(),
        )
        self.descr = nn.Sequential(nn.Linear(64 * 8 * 8, 128), nn.Tanh())

    def forward(self, patch: Tensor) -> Tensor:
        """Descriptors (n, 128)."""
        return self.descr(self.features(patch).flatten(1))
