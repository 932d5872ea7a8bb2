"""PointNet (Qi et al. 2017) without its alignment networks: what a cloud of points shows.

The module tree follows the published state dict.
"""

from torch import Tensor, nn

WIDTHS = (64, 64, 64, 128, 1024)  # of the layers that see one point at a time


class PointFeatures(nn.Module):
    """The largest value of each feature over all points."""

    def __init__(self) -> None:
        super().__init__()
        for number, (inputs, outputs) in enumerate(
            zip((3, *WIDTHS), WIDTHS, strict=False), start=1
        ):
            self.add_module(f"conv{number}", nn.Conv1d(inputs, outputs, 1))
            self.add_module(f"bn{number}", nn.BatchNorm1d(outputs))

    def forward(self, points: Tensor) -> Tensor:
        x = points.transpose(1, 2)
        for number in range(1, len(WIDTHS) + 1):
            x = getattr(self, f"bn{number}")(getattr(self, f"conv{number}")(x)).relu()
        return x.amax(dim=2)


class PointNet(nn.Module):
    """Clouds lie in the unit ball, their middle at its centre; any number of points."""

    def __init__(self, classes: int = 40) -> None:
        super().__init__()
        self.feature_model = PointFeatures()
        self.linear1 = nn.Linear(WIDTHS[-1], 512)
        self.bn1 = nn.BatchNorm1d(512)
        self.linear2 = nn.Linear(512, 256)
        self.bn2 = nn.BatchNorm1d(256)
        self.linear3 = nn.Linear(256, classes)

    def forward(self, points: Tensor) -> Tensor:
        """Points (n, count, 3) to logits (n, classes)."""
        x = self.bn1(self.linear1(self.feature_model(points))).relu()
        return self.linear3(self.bn2(self.linear2(x)).relu())
