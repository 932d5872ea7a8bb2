"""Train the super-resolution network; write weights.safetensors and training.json.

    python models/espcn_x2/train.py

Same machine, same versions: same bytes.
"""

from __future__ import annotations

import argparse
import json
from importlib.metadata import version
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from data import enlarged, heldout_64x64, training
from network import ESPCN
from safetensors.torch import save_file

FOLDER = Path(__file__).resolve().parent
SEED = 16
STEPS = 4000
BATCH = 16
SIZE = (32, 32)  # of the small pictures, while training
RATE = 2e-3
HELDOUT_PAIRS = 50
HELDOUT_SEED = 2
PACKAGES = ("numpy", "pillow", "safetensors", "scikit-image", "torch")


def train(network: ESPCN, steps: int) -> None:
    optimizer = torch.optim.Adam(network.parameters())
    for step in range(steps):
        pairs = list(training(BATCH, SEED, step * BATCH, SIZE))
        small = np.stack([inputs["x"] for inputs, _ in pairs])[:, None].astype(np.float32) / 255
        large = np.stack([target for _, target in pairs])[:, None]
        optimizer.param_groups[0]["lr"] = RATE * (1 - step / steps)
        optimizer.zero_grad()
        error = F.mse_loss(network(torch.from_numpy(small)), torch.from_numpy(large))
        error.backward()
        optimizer.step()
        if step % 200 == 0:
            print(f"{step}/{steps} error {error.item():.6f}", flush=True)


def psnr(found: np.ndarray, wanted: np.ndarray) -> float:
    """Decibels, for a peak of 1."""
    return float(-10 * np.log10(np.mean((found - wanted) ** 2)))


def heldout_psnr(network: ESPCN) -> tuple[float, float]:
    """Mean over the held-out pairs: of the network, and of bicubic interpolation."""
    ours, bicubic = [], []
    with torch.no_grad():
        for inputs, target in heldout_64x64(HELDOUT_PAIRS, HELDOUT_SEED):
            x = torch.from_numpy(inputs["x"][None, None].astype(np.float32) / 255)
            ours.append(psnr(network(x)[0, 0].numpy(), target))
            bicubic.append(psnr(enlarged(inputs["x"]), target))
    return float(np.mean(ours)), float(np.mean(bicubic))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder for the results")
    parser.add_argument("--steps", type=int, default=STEPS)
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(SEED)
    network = ESPCN()
    train(network, args.steps)
    ours, bicubic = heldout_psnr(network)
    facts = {
        "seed": SEED,
        "steps": args.steps,
        "packages": {name: version(name) for name in PACKAGES},
        "parameters": sum(each.numel() for each in network.parameters()),
        "heldout": {
            "pairs": HELDOUT_PAIRS,
            "seed": HELDOUT_SEED,
            "psnr": round(ours, 3),
            "psnr_of_bicubic": round(bicubic, 3),
        },
    }
    args.out.mkdir(parents=True, exist_ok=True)
    save_file(network.state_dict(), args.out / "weights.safetensors")
    (args.out / "training.json").write_text(json.dumps(facts, indent=2) + "\n")
    print(f"held-out PSNR {ours:.3f} dB, bicubic {bicubic:.3f} dB")


if __name__ == "__main__":
    main()
