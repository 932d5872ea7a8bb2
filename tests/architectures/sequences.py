"""Networks over time: texts in pictures, sounds, videos."""

from __future__ import annotations

import torch
from torch import nn

from tests.architectures.layers import Does, block


class Reader(nn.Module):
    """CRNN: columns of an image are steps of a recurrent network."""

    def __init__(self, cell: type, both_ways: bool) -> None:
        super().__init__()
        flat = block(8, 16, (4, 3), padding=(0, 1))
        self.body = nn.Sequential(block(3, 8, stride=2), nn.MaxPool2d((4, 1)), flat)
        self.steps = cell(16, 6, bidirectional=both_ways, batch_first=not both_ways)
        self.last, self.both_ways = nn.Linear(12 if both_ways else 6, 5), both_ways

    def forward(self, x):
        x = self.body(x).squeeze(2)
        x = x.permute(2, 0, 1) if self.both_ways else x.permute(0, 2, 1)
        return self.last(self.steps(x)[0]).log_softmax(-1)


def crnn_lstm() -> nn.Module:
    return Reader(nn.LSTM, True)


def crnn_gru() -> nn.Module:
    return Reader(nn.GRU, False)


def sound() -> nn.Module:
    """Convolutions over time, their mean, a dense layer."""
    layers = [nn.Conv1d(2, 8, 9, 4, 4), nn.BatchNorm1d(8), nn.ReLU(), nn.MaxPool1d(4)]
    layers += [nn.Conv1d(8, 16, 3, padding=1), nn.BatchNorm1d(16), nn.ReLU(), nn.AvgPool1d(2)]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool1d(1), nn.Flatten(), nn.Linear(16, 5))


class Temporal(nn.Module):
    """TCN: dilated convolutions that look back only, gated as WaveNet's are."""

    def __init__(self, width: int, rate: int) -> None:
        super().__init__()
        self.pad = nn.ConstantPad1d((2 * rate, 0), 0.0)
        self.wide = nn.Conv1d(width, 2 * width, 3, dilation=rate)
        self.last = nn.Conv1d(width, width, 1)

    def forward(self, x):
        left, right = self.wide(self.pad(x)).chunk(2, 1)
        return x + self.last(torch.tanh(left) * torch.sigmoid(right))


def temporal() -> nn.Module:
    body = [Temporal(8, rate) for rate in (1, 2, 4)]
    return nn.Sequential(nn.Conv1d(2, 8, 1), *body, nn.ReLU(), nn.Conv1d(8, 4, 1))


def video() -> nn.Module:
    """3-D convolutions."""
    layers = [nn.Conv3d(3, 8, 3, (1, 2, 2), 1), nn.BatchNorm3d(8), nn.ReLU()]
    layers += [nn.MaxPool3d(2), nn.Conv3d(8, 8, (3, 1, 1), padding=(1, 0, 0)), nn.ReLU()]
    return nn.Sequential(*layers, nn.AdaptiveAvgPool3d(1), nn.Flatten(), nn.Linear(8, 5))


class Shifted(nn.Module):
    """TSM: a part of the channels comes from the frame before, a part from the frame after."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b = block(3, 8, stride=2), block(8, 8)

    def forward(self, x):
        x = self.a(x)
        before = torch.cat([x[1:, :2], torch.zeros_like(x[:1, :2])])
        after = torch.cat([torch.zeros_like(x[:1, 2:4]), x[:-1, 2:4]])
        return self.b(torch.cat([before, after, x[:, 4:]], 1)).mean((2, 3))


def shifted() -> nn.Module:
    return Shifted()


def spectrogram() -> nn.Module:
    """A picture of a sound: joined over frequencies, one row per step of time."""
    body = [block(1, 8, stride=2), block(8, 8)]
    rows = Does(lambda x: x.permute(0, 3, 1, 2).flatten(2))
    return nn.Sequential(*body, rows, nn.Linear(8 * 8, 6), nn.Softmax(-1))
