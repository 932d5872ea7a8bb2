"""Train U^2-Net-P on made-up saliency pictures; write weights.safetensors and training.json.

    python models/u2netp/train.py

Same machine, same versions: same bytes, also when it is stopped and taken up again with --state.
Small pictures teach most of it, cheaply; the last steps are at the size that is deployed. The
weights are then rounded to float16, and what batch normalisation expects is measured anew with
the rounded weights at that size.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from data import SIZE, Sample, heldout, training
from network import U2NETP
from safetensors.torch import save_file
from torch import Tensor, nn

FOLDER = Path(__file__).resolve().parent
SEED = 20
HELDOUT_SEED = 2
MEAN = np.array([0.485, 0.456, 0.406], np.float32)
STD = np.array([0.229, 0.224, 0.225], np.float32)
PACKAGES = ("numpy", "pillow", "safetensors", "scikit-image", "torch")
SAVE_EVERY = 20  # steps


class Phase(NamedTuple):
    """Steps at one picture size, the learning rate going straight from one value to another."""

    size: int
    batch: int
    steps: int
    rate_from: float
    rate_to: float
    arithmetic: str = "float32"  # of the convolutions; the weights stay float32


PHASES = (
    Phase(96, 8, 100, 1e-4, 2e-3),
    Phase(96, 8, 900, 2e-3, 2e-3),
    Phase(160, 6, 413, 2e-3, 1.292e-3, "bfloat16"),
    Phase(320, 2, 187, 1.2e-3, 1.2e-3, "bfloat16"),
    Phase(320, 2, 150, 1.2e-3, 0, "bfloat16"),
)


class Step(NamedTuple):
    """What one step trains on: which pictures of which phase, and how fast."""

    phase: Phase
    first: int
    rate: float


def steps() -> Iterator[Step]:
    """The whole schedule; pictures are numbered through, none comes twice."""
    first = 0
    for phase in PHASES:
        for rate in np.linspace(phase.rate_from, phase.rate_to, phase.steps, endpoint=False):
            yield Step(phase, first, float(rate))
            first += phase.batch


def tensors(samples: Iterator[Sample]) -> tuple[Tensor, Tensor]:
    """Pictures prepared as the recipe says, and their masks: both N, C, H, W."""
    pictures, masks = zip(*((inputs["x"], mask) for inputs, mask in samples), strict=True)
    prepared = [(picture / np.float32(picture.max()) - MEAN) / STD for picture in pictures]
    x = torch.from_numpy(np.stack(prepared).transpose(0, 3, 1, 2).astype(np.float32))
    return (
        x.contiguous(memory_format=torch.channels_last),
        torch.from_numpy(np.stack(masks))[:, None],
    )


def loss(maps: tuple[Tensor, ...], truth: Tensor) -> Tensor:
    """Cross-entropy and 1 - IoU, summed over the seven maps: each learns the whole mask."""
    total = torch.zeros(())
    for each in (map_.float() for map_ in maps):
        chance = torch.sigmoid(each)
        both = (chance * truth).sum(dim=(1, 2, 3))
        either = (chance + truth - chance * truth).sum(dim=(1, 2, 3))
        total = total + F.binary_cross_entropy_with_logits(each, truth)
        total = total + (1 - (both + 1) / (either + 1)).mean()
    return total


def train(network: U2NETP, count: int | None, state: Path | None) -> int:
    """Run the schedule, or its first `count` steps, from where `state` says; return the steps."""
    optimizer = torch.optim.AdamW(network.parameters(), weight_decay=1e-4)
    done = restored(network, optimizer, state)
    plan = list(steps())[:count]
    average = 0.0
    network.train()
    for number, step in list(enumerate(plan, start=1))[done:]:
        phase = step.phase
        x, truth = tensors(training(phase.batch, SEED, step.first, phase.size))
        optimizer.param_groups[0]["lr"] = step.rate
        optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16, enabled=phase.arithmetic == "bfloat16"):
            maps = network.maps(x)
        error = loss(maps, truth)
        error.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 10.0)
        optimizer.step()
        average += (error.item() - average) * (0.05 if average else 1)
        if number % 10 == 0:
            print(f"{number}/{len(plan)} size {phase.size} loss {average:.3f}", flush=True)
        if state and number % SAVE_EVERY == 0:
            torch.save([number, network.state_dict(), optimizer.state_dict()], state)
    return len(plan)


def restored(network: U2NETP, optimizer: torch.optim.Optimizer, state: Path | None) -> int:
    """Take up a stopped training; return the steps it has behind it."""
    if state is None or not state.exists():
        return 0
    done, weights, progress = torch.load(state, weights_only=True)
    network.load_state_dict(weights)
    optimizer.load_state_dict(progress)
    return int(done)


def round_weights(network: U2NETP) -> None:
    """To what float16 can say, which is how they are stored."""
    with torch.no_grad():
        for parameter in network.parameters():
            parameter.copy_(parameter.half())


def measure_statistics(network: U2NETP, pictures: int) -> None:
    """Give batch normalisation the mean and variance of training pictures at full size."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.reset_running_stats()
            module.momentum = None  # a plain average
    network.train()
    with torch.no_grad():
        for first in range(0, pictures, 2):
            network.maps(tensors(training(2, SEED + 1, first))[0])
    network.eval()


def heldout_iou(network: U2NETP, pictures: int) -> float:
    """Mean over held-out pictures of intersection over union, d0 cut at 0.5."""
    scores = []
    with torch.no_grad():
        for one in heldout(pictures, HELDOUT_SEED):
            x, truth = tensors(iter([one]))
            found, wanted = network(x)[0] > 0.5, truth > 0
            scores.append(((found & wanted).sum() / (found | wanted).sum()).item())
    return float(np.mean(scores))


def stored(network: U2NETP) -> dict[str, Tensor]:
    """Weights in float16; statistics, whose range is wider, as they are."""
    learned = {name for name, _ in network.named_parameters()}
    return {
        name: (tensor.half() if name in learned else tensor).contiguous()
        for name, tensor in network.state_dict().items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder for the results")
    parser.add_argument("--steps", type=int, help="stop after so many (default: all)")
    parser.add_argument("--pictures", type=int, default=50, help="held out, to measure on")
    parser.add_argument("--state", type=Path, help="keep progress here; go on from it")
    args = parser.parse_args()
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    torch.manual_seed(SEED)
    network = U2NETP().to(memory_format=torch.channels_last)
    count = train(network, args.steps, args.state)
    round_weights(network)
    measure_statistics(network, args.pictures)
    iou = heldout_iou(network, args.pictures)
    facts = {
        "seed": SEED,
        "steps": count,
        "phases": [phase._asdict() for phase in PHASES],
        "packages": {name: version(name) for name in PACKAGES},
        "parameters": sum(each.numel() for each in network.parameters()),
        "heldout": {
            "pictures": args.pictures,
            "seed": HELDOUT_SEED,
            "size": SIZE,
            "threshold": 0.5,
            "iou": round(iou, 4),
        },
    }
    args.out.mkdir(parents=True, exist_ok=True)
    save_file(stored(network), args.out / "weights.safetensors")
    (args.out / "training.json").write_text(json.dumps(facts, indent=2) + "\n")
    print(f"held-out IoU {iou:.4f}")


if __name__ == "__main__":
    main()
