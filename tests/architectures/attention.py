"""Networks whose places look at each other: of images, windows, patches and channels."""

from __future__ import annotations

import torch
from torch import nn

from tests.architectures.layers import Does, Residual, block, conv


class Heads(nn.Module):
    """Attention of several heads over tokens [n, t, c]; keys and values of fewer, if asked."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads, self.depth = heads, width // heads
        self.qkv, self.last = nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x):
        n, t, c = x.shape
        qkv = self.qkv(x).reshape(n, t, 3, self.heads, self.depth).permute(2, 0, 3, 1, 4)
        q, k, v = qkv.unbind(0)
        weights = (q * self.depth**-0.5 @ k.transpose(-2, -1)).softmax(-1)
        return self.last((weights @ v).transpose(1, 2).reshape(n, t, c))


def dense(width: int, wide: int, act: type = nn.GELU) -> nn.Module:
    return nn.Sequential(nn.Linear(width, wide), act(), nn.Linear(wide, width))


def transformer(width: int, heads: int = 2) -> nn.Module:
    return nn.Sequential(
        Residual(nn.Sequential(nn.LayerNorm(width), Heads(width, heads))),
        Residual(nn.Sequential(nn.LayerNorm(width), dense(width, 2 * width))),
    )


class Vision(nn.Module):
    """ViT: patches, a token for the class, positions."""

    def __init__(self, width: int = 16) -> None:
        super().__init__()
        self.patches = conv(3, width, 8, stride=8, padding=0)
        self.token = nn.Parameter(torch.rand(1, 1, width))
        self.places = nn.Parameter(torch.rand(1, 17, width))
        self.body = nn.Sequential(transformer(width), transformer(width), nn.LayerNorm(width))
        self.last = nn.Linear(width, 10)

    def forward(self, x):
        x = self.patches(x).flatten(2).transpose(1, 2)
        x = torch.cat([self.token.expand(len(x), -1, -1), x], 1) + self.places
        return self.last(self.body(x)[:, 0])


class Windows(nn.Module):
    """Swin: attention within windows of 4x4, shifted by half a window."""

    def __init__(self, width: int, shift: int) -> None:
        super().__init__()
        self.attention, self.shift = Heads(width, 2), shift

    def forward(self, x):
        n, h, w, c = x.shape
        if self.shift:
            x = torch.roll(x, (-self.shift, -self.shift), (1, 2))
        x = x.view(n, h // 4, 4, w // 4, 4, c).permute(0, 1, 3, 2, 4, 5).reshape(-1, 16, c)
        x = self.attention(x)
        x = x.view(n, h // 4, w // 4, 4, 4, c).permute(0, 1, 3, 2, 4, 5).reshape(n, h, w, c)
        return torch.roll(x, (self.shift, self.shift), (1, 2)) if self.shift else x


class Merged(nn.Module):
    """Swin's way down: four neighbours side by side, and a dense layer."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm, self.last = nn.LayerNorm(4 * width), nn.Linear(4 * width, 2 * width)

    def forward(self, x):
        parts = [x[:, i::2, j::2] for j in (0, 1) for i in (0, 1)]
        return self.last(self.norm(torch.cat(parts, -1)))


def windows() -> nn.Module:
    layers = [conv(3, 16, 4, stride=4, padding=0), Does(lambda x: x.permute(0, 2, 3, 1))]
    for shift in (0, 2):
        layers.append(Residual(nn.Sequential(nn.LayerNorm(16), Windows(16, shift))))
        layers.append(Residual(nn.Sequential(nn.LayerNorm(16), dense(16, 32))))
    return nn.Sequential(*layers, Merged(16), Does(lambda x: x.mean((1, 2))), nn.Linear(32, 10))


class Unfolded(nn.Module):
    """MobileViT: the same pixel of every 2x2 patch attends together."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.before = nn.Sequential(block(8, 8, act=nn.SiLU), conv(8, width))
        self.body = transformer(width)
        self.after, self.join = block(width, 8, 1, nn.SiLU), block(16, 8, act=nn.SiLU)

    def forward(self, x):
        y = self.before(x)
        n, c, h, w = y.shape
        y = y.reshape(n * c * h // 2, 2, w // 2, 2).transpose(1, 2)
        y = y.reshape(n, c, h * w // 4, 4).transpose(1, 3).reshape(n * 4, h * w // 4, c)
        y = self.body(y).view(n, 4, h * w // 4, c).transpose(1, 3)
        y = y.reshape(n * c * h // 2, w // 2, 2, 2).transpose(1, 2).reshape(n, c, h, w)
        return self.join(torch.cat([x, self.after(y)], 1))


def unfolded() -> nn.Module:
    return nn.Sequential(block(3, 8, act=nn.SiLU, stride=2), Unfolded(16), conv(8, 4))


class Biased(nn.Module):
    """LeViT: batch norms instead of layer norms, biases per pair of places, hard swish."""

    def __init__(self, width: int, heads: int, tokens: int) -> None:
        super().__init__()
        self.heads, self.depth = heads, width // heads
        self.qkv, self.norm = nn.Linear(width, 4 * width, bias=False), nn.BatchNorm1d(4 * width)
        self.bias = nn.Parameter(torch.rand(heads, tokens, tokens))
        self.last = nn.Sequential(nn.Hardswish(), nn.Linear(2 * width, width))

    def forward(self, x):
        n, t, _ = x.shape
        made = self.qkv(x)
        made = self.norm(made.flatten(0, 1)).view_as(made).view(n, t, self.heads, -1)
        q, k, v = made.split([self.depth, self.depth, 2 * self.depth], 3)
        q, k, v = q.permute(0, 2, 1, 3), k.permute(0, 2, 3, 1), v.permute(0, 2, 1, 3)
        weights = (q @ k * self.depth**-0.5 + self.bias).softmax(-1)
        return self.last((weights @ v).transpose(1, 2).reshape(n, t, -1))


def levit() -> nn.Module:
    stem = nn.Sequential(block(3, 8, act=nn.Hardswish, stride=2), block(8, 16, stride=4))
    tokens = Does(lambda x: x.flatten(2).transpose(1, 2))
    body = [Residual(Biased(16, 2, 16)), Residual(dense(16, 32, nn.Hardswish))]
    return nn.Sequential(stem, tokens, *body, Does(lambda x: x.mean(1)), nn.Linear(16, 10))


class Factored(nn.Module):
    """CoAT: keys and values first, positions by depthwise convolutions of the values."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads, self.depth = heads, width // heads
        self.qkv, self.last = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.places = conv(width, width, 3, groups=width)

    def forward(self, image):
        n, c, h, w = image.shape
        x = image.flatten(2).transpose(1, 2)
        qkv = self.qkv(x).reshape(n, h * w, 3, self.heads, self.depth).permute(2, 0, 3, 1, 4)
        q, k, v = qkv.unbind(0)
        seen = q @ (k.softmax(2).transpose(-2, -1) @ v) * self.depth**-0.5
        wide = self.places(v.transpose(-2, -1).reshape(n, c, h, w))
        wide = q * wide.reshape(n, self.heads, self.depth, h * w).transpose(-2, -1)
        made = self.last((seen + wide).transpose(1, 2).reshape(n, h * w, c))
        return made.transpose(1, 2).reshape(n, c, h, w)


def coat() -> nn.Module:
    body = Residual(Factored(16, 2))
    return nn.Sequential(
        block(3, 16, stride=4), Residual(conv(16, 16, 3, groups=16)), body, conv(16, 4)
    )


class Everywhere(nn.Module):
    """Non-local: every place of an image weighs every other."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.q, self.k, self.v = (conv(width, width // 2) for _ in range(3))
        self.last = block(width // 2, width, 1, None)

    def forward(self, x):
        n, _, h, w = x.shape
        q, k, v = (layer(x).flatten(2) for layer in (self.q, self.k, self.v))
        weights = (q.transpose(1, 2) @ k).softmax(-1)
        seen = (weights @ v.transpose(1, 2)).transpose(1, 2).reshape(n, -1, h, w)
        return x + self.last(seen)


def non_local() -> nn.Module:
    return nn.Sequential(block(3, 8, stride=4), Everywhere(8), conv(8, 4))


class Context(nn.Module):
    """GCNet: one weighted mean of the image, added everywhere."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.mask = conv(width, 1)
        self.change = nn.Sequential(
            conv(width, 4), nn.LayerNorm([4, 1, 1]), nn.ReLU(), conv(4, width)
        )

    def forward(self, x):
        n, c, _, _ = x.shape
        weights = self.mask(x).flatten(2).softmax(-1).transpose(1, 2)
        mean = (x.flatten(2) @ weights).view(n, c, 1, 1)
        return x + self.change(mean)


def global_context() -> nn.Module:
    return nn.Sequential(block(3, 8, stride=2), Context(8), conv(8, 4))


class Mixer(nn.Module):
    """MLP-Mixer: dense layers over channels, then over places."""

    def __init__(self, width: int, tokens: int) -> None:
        super().__init__()
        self.norm, self.places = nn.LayerNorm(width), dense(tokens, 2 * tokens)
        self.channels = nn.Sequential(nn.LayerNorm(width), dense(width, 2 * width))

    def forward(self, x):
        x = x + self.places(self.norm(x).transpose(1, 2)).transpose(1, 2)
        return x + self.channels(x)


def mixer() -> nn.Module:
    stem = nn.Sequential(
        conv(3, 16, 8, stride=8, padding=0), Does(lambda x: x.flatten(2).transpose(1, 2))
    )
    body = [Mixer(16, 16), Mixer(16, 16), nn.LayerNorm(16)]
    return nn.Sequential(stem, *body, Does(lambda x: x.mean(1)), nn.Linear(16, 10))


class Transposed(nn.Module):
    """Restormer, XCiT: channels attend to channels."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv, self.wide = (
            conv(width, 3 * width),
            conv(3 * width, 3 * width, 3, groups=3 * width),
        )
        self.scale, self.last = nn.Parameter(torch.rand(heads, 1, 1)), conv(width, width)

    def forward(self, x):
        n, c, h, w = x.shape
        q, k, v = (
            part.reshape(n, self.heads, c // self.heads, h * w)
            for part in self.wide(self.qkv(x)).chunk(3, 1)
        )
        q, k = (nn.functional.normalize(part, dim=-1) for part in (q, k))
        weights = (q @ k.transpose(-2, -1) * self.scale).softmax(-1)
        return x + self.last((weights @ v).reshape(n, c, h, w))


def channel_attention() -> nn.Module:
    return nn.Sequential(conv(3, 8, 3, stride=2), Transposed(8, 2), conv(8, 3, 3))
