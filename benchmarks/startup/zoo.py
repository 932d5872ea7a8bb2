"""A zoo of tiny networks, all different: their jobs do next to nothing but start."""

from __future__ import annotations

import shutil
from pathlib import Path

NETWORK = '''"""Two convolutions."""

import torch
from torch import nn

class Tiny(nn.Module):
    """One mask."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.first = nn.Conv2d(3, channels, 3, padding=1)
        self.second = nn.Conv2d(channels, 1, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.sigmoid(self.second(torch.relu(self.first(x))))
'''

DATA = '''"""Noise with a bright square, and where the square is."""

import numpy as np

def squares(count, seed):
    generator = np.random.default_rng(seed)
    for _ in range(count):
        picture = generator.integers(0, 128, (16, 16, 3), dtype=np.uint8)
        top, left = generator.integers(0, 8, 2)
        mask = np.zeros((16, 16), np.float32)
        mask[top : top + 8, left : left + 8] = 1
        picture[mask > 0] += 120
        yield {"x": picture}, mask
'''

ARTIFACTS = ("saved_model", "ir", "float32", "float16", "dynamic", "int8", "full_int8")

RECIPE = """schema: 1
id: {id}
name: Tiny network {channels}
task: saliency_segmentation
license: {{spdx: Apache-2.0, url: "https://www.apache.org/licenses/", redistribute: allowed}}
sources: {{code: {{kind: file, path: network.py}}}}
load: {{framework: pytorch, file: network.py, factory: Tiny, arguments: {{channels: {channels}}}}}
inputs:
  - {{name: x, shape: [1, 3, h, w], layout: NCHW, preprocess: [{{resize: [h, w]}}, {{scale: 255}}]}}
outputs:
  - {{name: mask, semantics: mask}}
matrix: {{axes: {{resolution: [[16, 16]]}}, name: "{{h}}x{{w}}"}}
artifacts: [{artifacts}]
data:
  squares: {{kind: function, file: data.py, function: squares}}
calibration: {{data: squares, count: 20, seed: 1}}
verification: {{data: squares, count: 2, seed: 2}}
evaluation: {{data: squares, count: 4, seed: 3, metric: iou, output: mask}}
limits: {{int8: {{sqnr_db: 1}}}}
"""


def make_zoo(models: Path, count: int, schema: Path) -> None:
    """Write `count` recipes into a folder."""
    models.mkdir(parents=True)
    shutil.copy(schema, models)
    for number in range(count):
        folder = models / f"tiny{number:03d}"
        folder.mkdir()
        (folder / "network.py").write_text(NETWORK)
        (folder / "data.py").write_text(DATA)
        names = ", ".join(ARTIFACTS)
        recipe = RECIPE.format(id=folder.name, channels=number + 2, artifacts=names)
        (folder / "recipe.yaml").write_text(recipe)
