"""Train the digit network; write weights.safetensors and training.json.

    python models/digits/train.py

Same machine, same versions: same bytes. Pictures are moved by up to a pixel while training.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from data import HELDOUT, Sample, heldout, training
from network import DigitNet
from safetensors.torch import save_file
from torch import Tensor

FOLDER = Path(__file__).resolve().parent
SEED = 8
EPOCHS = 40
BATCH = 64
RATE = 4e-3
BRIGHTEST = 16
PACKAGES = ("numpy", "safetensors", "scikit-learn", "torch")


def tensors(samples: Iterator[Sample]) -> tuple[Tensor, Tensor]:
    """Pictures prepared as the recipe says (N, 1, 8, 8), and their digits."""
    pictures, digits = zip(*((inputs["x"], digit) for inputs, digit in samples), strict=True)
    x = np.stack(pictures)[:, None].astype(np.float32) / BRIGHTEST
    return torch.from_numpy(x), torch.from_numpy(np.array(digits))


def moved(x: Tensor, rng: np.random.Generator) -> Tensor:
    """Each picture by up to one pixel; what comes in is empty."""
    padded = F.pad(x, (1, 1, 1, 1))
    corners = rng.integers(0, 3, (len(x), 2))
    cuts = zip(padded, corners, strict=True)
    return torch.stack([each[:, top : top + 8, left : left + 8] for each, (top, left) in cuts])


def train(network: DigitNet, epochs: int) -> None:
    x, digits = tensors(training())
    rng = np.random.default_rng(SEED)
    batches = len(x) // BATCH
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=1e-3)
    rates = iter(RATE * np.linspace(1, 0, epochs * batches, endpoint=False))
    network.train()
    for _ in range(epochs):
        order = torch.from_numpy(rng.permutation(len(x))[: batches * BATCH])
        for batch in order.split(BATCH):
            optimizer.param_groups[0]["lr"] = float(next(rates))
            optimizer.zero_grad()
            logits = network(moved(x[batch], rng))
            F.cross_entropy(logits, digits[batch], label_smoothing=0.05).backward()
            optimizer.step()
    network.eval()


def heldout_accuracy(network: DigitNet) -> float:
    x, digits = tensors(heldout(HELDOUT, 0))
    with torch.no_grad():
        return (network(x).argmax(dim=1) == digits).float().mean().item()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder for the results")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(SEED)
    network = DigitNet()
    train(network, args.epochs)
    facts = {
        "seed": SEED,
        "epochs": args.epochs,
        "packages": {name: version(name) for name in PACKAGES},
        "parameters": sum(each.numel() for each in network.parameters()),
        "heldout": {"pictures": HELDOUT, "top1": round(heldout_accuracy(network), 4)},
    }
    args.out.mkdir(parents=True, exist_ok=True)
    save_file(network.state_dict(), args.out / "weights.safetensors")
    (args.out / "training.json").write_text(json.dumps(facts, indent=2) + "\n")
    print(f"held-out accuracy {facts['heldout']['top1']}")


if __name__ == "__main__":
    main()
