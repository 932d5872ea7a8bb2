"""Illumination-adaptive transformer (Cui et al. 2022): light, colour and gamma of a dark picture.

The module tree follows the published state dict. What only training needs is left out.
"""

import torch
from torch import Tensor, nn
from torch.nn import functional

CHANNELS = 16  # of the branch that sees every pixel
WIDE = 64  # of the branch that sees the whole
HEADS = 4
QUERIES = 10  # one for gamma, nine for the colour matrix


class Mixing(nn.Module):
    """A matrix over channels, a scale and an offset, in place of a normalisation."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.alpha = nn.Parameter(torch.ones(1, 1, channels))
        self.beta = nn.Parameter(torch.zeros(1, 1, channels))
        self.color = nn.Parameter(torch.eye(channels))

    def forward(self, x: Tensor) -> Tensor:
        mixed = functional.conv2d(x, self.color[:, :, None, None])
        return mixed * self.alpha.reshape(1, -1, 1, 1) + self.beta.reshape(1, -1, 1, 1)


class PixelPerceptron(nn.Module):
    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fc1 = nn.Conv2d(channels, 4 * channels, 1)
        self.fc2 = nn.Conv2d(4 * channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(functional.gelu(self.fc1(x)))


class LocalBlock(nn.Module):
    """Convolutions in the places of a transformer's attention."""

    def __init__(self, channels: int = CHANNELS) -> None:
        super().__init__()
        self.gamma_1 = nn.Parameter(torch.ones(1, channels, 1, 1))
        self.gamma_2 = nn.Parameter(torch.ones(1, channels, 1, 1))
        self.pos_embed = nn.Conv2d(channels, channels, 3, padding=1, groups=channels)
        self.norm1 = Mixing(channels)
        self.conv1 = nn.Conv2d(channels, channels, 1)
        self.conv2 = nn.Conv2d(channels, channels, 1)
        self.attn = nn.Conv2d(channels, channels, 5, padding=2, groups=channels)
        self.norm2 = Mixing(channels)
        self.mlp = PixelPerceptron(channels)

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.pos_embed(x)
        x = x + self.gamma_1 * self.conv2(self.attn(self.conv1(self.norm1(x))))
        return x + self.gamma_2 * self.mlp(self.norm2(x))


class LocalBranch(nn.Module):
    """What every pixel is multiplied by, and what is added to it."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, CHANNELS, 3, padding=1)
        self.mul_blocks = nn.Sequential(*(LocalBlock() for _ in range(3)))
        self.add_blocks = nn.Sequential(*(LocalBlock() for _ in range(3)))
        self.mul_end = nn.Sequential(nn.Conv2d(CHANNELS, 3, 3, padding=1), nn.ReLU())
        self.add_end = nn.Sequential(nn.Conv2d(CHANNELS, 3, 3, padding=1), nn.Tanh())

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        first = functional.leaky_relu(self.conv1(x), 0.2)
        factors = self.mul_end(self.mul_blocks(first) + first)
        return factors, self.add_end(self.add_blocks(first) + first)


class Embedding(nn.Module):
    """A quarter of the height and width."""

    def __init__(self) -> None:
        super().__init__()
        self.proj = nn.Sequential(
            nn.Conv2d(3, WIDE // 2, 3, 2, 1),
            nn.BatchNorm2d(WIDE // 2),
            nn.GELU(),
            nn.Conv2d(WIDE // 2, WIDE, 3, 2, 1),
            nn.BatchNorm2d(WIDE),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.proj(x)


class LearnedQueries(nn.Module):
    """Ten fixed questions put to all places of a picture."""

    def __init__(self) -> None:
        super().__init__()
        self.q = nn.Parameter(torch.ones(1, QUERIES, WIDE))
        self.k = nn.Linear(WIDE, WIDE, bias=False)
        self.v = nn.Linear(WIDE, WIDE, bias=False)
        self.proj = nn.Linear(WIDE, WIDE)

    def forward(self, x: Tensor) -> Tensor:
        queries, keys, values = (by_head(part) for part in (self.q, self.k(x), self.v(x)))
        weights = (queries @ keys.transpose(2, 3) * (WIDE // HEADS) ** -0.5).softmax(dim=3)
        return self.proj((weights @ values).transpose(1, 2).flatten(2))


def by_head(x: Tensor) -> Tensor:
    """(n, places, channels) as (n, heads, places, channels of a head)."""
    return x.reshape(x.shape[0], -1, HEADS, WIDE // HEADS).transpose(1, 2)


class Perceptron(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc1 = nn.Linear(WIDE, 4 * WIDE)
        self.fc2 = nn.Linear(4 * WIDE, WIDE)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(functional.gelu(self.fc1(x)))


class QueryBlock(nn.Module):
    """Attention without a short cut, since there are fewer answers than places."""

    def __init__(self) -> None:
        super().__init__()
        self.pos_embed = nn.Conv2d(WIDE, WIDE, 3, padding=1, groups=WIDE)
        self.norm1 = nn.LayerNorm(WIDE)
        self.attn = LearnedQueries()
        self.norm2 = nn.LayerNorm(WIDE)
        self.mlp = Perceptron()

    def forward(self, x: Tensor) -> Tensor:
        places = (x + self.pos_embed(x)).flatten(2).transpose(1, 2)
        answers = self.attn(self.norm1(places))
        return answers + self.mlp(self.norm2(answers))


class GlobalBranch(nn.Module):
    """One gamma and one colour matrix for the whole picture."""

    def __init__(self) -> None:
        super().__init__()
        self.gamma_base = nn.Parameter(torch.ones(1))
        self.color_base = nn.Parameter(torch.eye(3))
        self.conv_large = Embedding()
        self.generator = QueryBlock()
        self.gamma_linear = nn.Linear(WIDE, 1)
        self.color_linear = nn.Linear(WIDE, 1)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        answers = self.generator(self.conv_large(x))
        gamma = self.gamma_linear(answers[:, :1]) + self.gamma_base
        color = self.color_linear(answers[:, 1:]).reshape(-1, 3, 3) + self.color_base
        return gamma, color


class IAT(nn.Module):
    """Pictures in and out are 0..1."""

    def __init__(self) -> None:
        super().__init__()
        self.local_net = LocalBranch()
        self.global_net = GlobalBranch()

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Factors, addends and the enhanced picture, each (n, 3, h, w)."""
        factors, addends = self.local_net(x)
        gamma, color = self.global_net(x)
        light = (x * factors + addends).flatten(2).transpose(1, 2)  # colours last
        mixed = (light @ color.transpose(1, 2)).clamp(1e-8, 1.0) ** gamma
        return factors, addends, mixed.transpose(1, 2).reshape(x.shape)
