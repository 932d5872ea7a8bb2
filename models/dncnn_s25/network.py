"""DnCNN (Zhang et al. 2017): seventeen convolutions that find the noise of a grey picture."""

from torch import Tensor, nn

WIDTH = 64


class DnCNN(nn.Module):
    """Residual learning: the clean picture is the input minus the output, at any size."""

    def __init__(self, channels: int = 1, depth: int = 17) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Conv2d(channels, WIDTH, 3, padding=1, bias=False), nn.ReLU()]
        for _ in range(depth - 2):
            layers += [
                nn.Conv2d(WIDTH, WIDTH, 3, padding=1, bias=False),
                nn.BatchNorm2d(WIDTH),
                nn.ReLU(),
            ]
        self.dncnn = nn.Sequential(*layers, nn.Conv2d(WIDTH, channels, 3, padding=1, bias=False))

    def forward(self, noisy: Tensor) -> Tensor:
        """The noise."""
        return self.dncnn(noisy)
