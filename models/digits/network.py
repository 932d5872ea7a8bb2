"""A small convolutional network for handwritten digits of 8 by 8 grey pixels."""

from __future__ import annotations

from torch import Tensor, nn


def convolution(in_ch: int, out_ch: int) -> nn.Sequential:
    """3x3 and as large as before, normalised, without negatives."""
    return nn.Sequential(
        nn.Conv2d(in_ch, out_ch, 3, padding=1, bias=False),
        nn.BatchNorm2d(out_ch),
        nn.ReLU(),
    )


class DigitNet(nn.Module):
    """Answers one logit per digit."""

    def __init__(self, width: int = 16, classes: int = 10) -> None:
        super().__init__()
        self.features = nn.Sequential(
            convolution(1, width),
            convolution(width, width),
            nn.MaxPool2d(2),
            convolution(width, 2 * width),
            convolution(2 * width, 2 * width),
        )
        self.classifier = nn.Linear(2 * width, classes)

    def forward(self, x: Tensor) -> Tensor:
        return self.classifier(self.features(x).mean(dim=(2, 3)))
