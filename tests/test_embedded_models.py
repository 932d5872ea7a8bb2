"""The models whose weights lie in the repository: networks, data, weights, what was measured."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from collections import Counter
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest
import torch
from safetensors.torch import load_file

from converters.datasets import samples
from converters.recipes import load_recipe
from converters.verify.metrics import value_of_sample

MODELS = Path(__file__).resolve().parent.parent / "models"
EMBEDDED = {"digits": "DigitNet", "espcn_x2": "ESPCN", "u2netp": "U2NETP"}
MOST_BYTES = 3_000_000
FEW_PICTURES = 6
U2NETP_PARAMETERS = 1_131_181
U2NETP_OPERATIONS = {
    "aten::_convolution": 119,
    "aten::cat": 51,
    "aten::upsample_bilinear2d": 38,
    "aten::max_pool2d": 33,
    "aten::add": 11,
    "aten::sigmoid": 7,
}
RSU = {  # stage of U^2-Net-P: depth, channels that come in
    "stage1": (7, 3),
    "stage2": (6, 64),
    "stage3": (5, 64),
    "stage4": (4, 64),
    "stage5": (4, 64),
    "stage6": (4, 64),
    "stage5d": (4, 128),
    "stage4d": (4, 128),
    "stage3d": (5, 128),
    "stage2d": (6, 128),
    "stage1d": (7, 128),
}


def module(model: str, name: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"{model}_{name}", MODELS / model / f"{name}.py")
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    return loaded


def network(model: str) -> torch.nn.Module:
    built = getattr(module(model, "network"), EMBEDDED[model])()
    built.load_state_dict(load_file(MODELS / model / "weights.safetensors"), strict=True)
    return built.eval()


def training_facts(model: str) -> dict:
    return json.loads((MODELS / model / "training.json").read_text())


def measured(model: str, count: int, variant: str) -> float:
    """The recipe's metric over its first held-out samples, prepared as the recipe says."""
    chosen = load_recipe(MODELS / model).variant(variant)
    evaluation = replace(chosen.evaluation, count=count)
    answering, values = network(model), []
    place = [output.public_name for output in chosen.outputs].index(evaluation.output)
    with torch.no_grad():
        for sample in samples(chosen, evaluation, MODELS / model, MODELS / model):
            answer = answering(*(torch.from_numpy(each) for each in sample.inputs.values()))
            output = (answer[place] if isinstance(answer, tuple) else answer).numpy()
            options = evaluation.options
            values.append(value_of_sample(evaluation.metric, output, sample.target, options))
    return float(np.mean(values))


@pytest.mark.parametrize("model", EMBEDDED)
def test_weights_are_small_load_strictly_and_are_finite(model):
    assert (MODELS / model / "weights.safetensors").stat().st_size < MOST_BYTES
    built = network(model)
    assert all(value.dtype == torch.float32 for value in built.parameters())
    assert all(value.isfinite().all() for value in built.state_dict().values())
    parameters = sum(each.numel() for each in built.parameters())
    assert parameters == training_facts(model)["parameters"]


def test_digits_held_out_accuracy_is_the_recorded_one():
    recorded = training_facts("digits")["heldout"]
    assert recorded["top1"] >= 0.97
    assert measured("digits", recorded["pictures"], "8x8") == pytest.approx(
        recorded["top1"], abs=0.003
    )


def test_super_resolution_beats_bicubic_by_the_recorded_margin():
    recorded = training_facts("espcn_x2")["heldout"]
    assert recorded["psnr"] > recorded["psnr_of_bicubic"] + 0.5
    assert measured("espcn_x2", recorded["pairs"], "64x64") == pytest.approx(
        recorded["psnr"], abs=0.01
    )


def test_super_resolution_beats_bicubic_at_another_size():
    data = module("espcn_x2", "data")
    pairs = list(data.heldout_120x160(FEW_PICTURES, 2))
    bicubic = [
        value_of_sample("psnr", data.enlarged(inputs["x"])[None], target, {})
        for inputs, target in pairs
    ]
    assert measured("espcn_x2", FEW_PICTURES, "120x160") > np.mean(bicubic) + 0.3


def test_saliency_of_a_few_held_out_pictures_is_near_the_recorded_one():
    recorded = training_facts("u2netp")["heldout"]["iou"]
    assert recorded >= 0.85
    assert measured("u2netp", FEW_PICTURES, "320x320") == pytest.approx(recorded, abs=0.1)


# U^2-Net-P as its authors published it ---------------------------------------------------------


def convolution(name: str, out_ch: int, in_ch: int, side: int = 3) -> dict[str, tuple[int, ...]]:
    return {f"{name}.weight": (out_ch, in_ch, side, side), f"{name}.bias": (out_ch,)}


def block(name: str, out_ch: int, in_ch: int) -> dict[str, tuple[int, ...]]:
    norm = ("weight", "bias", "running_mean", "running_var")
    return {
        **convolution(f"{name}.conv_s1", out_ch, in_ch),
        **{f"{name}.bn_s1.{each}": (out_ch,) for each in norm},
        f"{name}.bn_s1.num_batches_tracked": (),
    }


def published_shapes() -> dict[str, tuple[int, ...]]:
    shapes = {}
    for stage, (depth, wide) in RSU.items():
        shapes |= block(f"{stage}.rebnconvin", 64, wide)
        for level in range(1, depth + 1):
            shapes |= block(f"{stage}.rebnconv{level}", 16, 64 if level == 1 else 16)
        for level in range(1, depth):
            shapes |= block(f"{stage}.rebnconv{level}d", 64 if level == 1 else 16, 32)
    for scale in range(1, 7):
        shapes |= convolution(f"side{scale}", 1, 64)
    return shapes | convolution("outconv", 1, 6, side=1)


def test_u2netp_takes_the_published_state_dict():
    built = module("u2netp", "network").U2NETP(in_ch=3, out_ch=1)
    shapes = {name: tuple(value.shape) for name, value in built.state_dict().items()}
    assert shapes == published_shapes()
    assert sum(each.numel() for each in built.parameters()) == U2NETP_PARAMETERS


def test_u2netp_answers_seven_maps_of_the_size_it_was_given():
    built = module("u2netp", "network").U2NETP().eval()
    with torch.no_grad():
        maps = built(torch.zeros(1, 3, 72, 100))  # halves to odd sizes
    assert [tuple(each.shape) for each in maps] == [(1, 1, 72, 100)] * 7
    assert all(each.min() >= 0 and each.max() <= 1 for each in maps)


@pytest.mark.filterwarnings("ignore::DeprecationWarning:torch")
def test_u2netp_has_the_operations_of_the_paper():
    built = module("u2netp", "network").U2NETP().eval()
    traced = torch.jit.trace(built, torch.zeros(1, 3, 64, 64), check_trace=False)
    kinds = Counter(node.kind() for node in traced.inlined_graph.nodes())
    assert {kind: kinds[kind] for kind in U2NETP_OPERATIONS} == U2NETP_OPERATIONS


def test_the_recipe_for_the_authors_weights_builds_the_same_network():
    ours, theirs = (load_recipe(MODELS / each) for each in ("u2netp", "u2netp-authors"))
    variants = [each.variant("320x320") for each in (ours, theirs)]
    assert variants[0].inputs == variants[1].inputs
    assert variants[0].outputs == variants[1].outputs
    assert variants[0].load["factory"] == variants[1].load["factory"]
    assert not variants[1].sources["weights"].is_pinned or variants[1].sources["weights"].sha256


# Data ------------------------------------------------------------------------------------------

DRAWN = [
    ("digits", "calibration", (8, 8)),
    ("digits", "heldout", (8, 8)),
    ("espcn_x2", "calibration_64x64", (64, 64)),
    ("espcn_x2", "calibration_120x160", (120, 160)),
    ("espcn_x2", "heldout_64x64", (64, 64)),
    ("espcn_x2", "heldout_120x160", (120, 160)),
    ("u2netp", "calibration", (320, 320, 3)),
    ("u2netp", "heldout", (320, 320, 3)),
]


@pytest.mark.parametrize(("model", "function", "shape"), DRAWN)
def test_a_seed_draws_the_same_pictures_and_another_seed_others(model, function, shape):
    def draw(seed: int) -> list[np.ndarray]:
        found = list(getattr(module(model, "data"), function)(4, seed))
        return [inputs["x"] for inputs, _ in found] + [target for _, target in found]

    first, again, other = draw(5), draw(5), draw(6)
    assert first[0].shape == shape and first[0].dtype == np.uint8
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not all(np.array_equal(a, b) for a, b in zip(first, other, strict=True))


def test_saliency_masks_are_binary_and_never_empty():
    data = module("u2netp", "data")
    for _, mask in [*data.heldout(FEW_PICTURES, 3), *data.training(40, 3, size=64)]:
        assert mask.dtype == np.float32
        assert set(np.unique(mask)) == {0, 1}


@pytest.mark.parametrize(
    ("model", "heldout", "others"),
    [
        ("u2netp", "heldout", ("calibration",)),
        ("espcn_x2", "heldout_64x64", ("calibration_64x64",)),
    ],
)
def test_held_out_pictures_use_no_photograph_of_training(model, heldout, others, monkeypatch):
    data = module(model, "data")
    seen: dict[str, set[str]] = {}

    def uses(function: str) -> set[str]:
        names = seen.setdefault(function, set())
        original = data.photograph
        with monkeypatch.context() as patch:
            patch.setattr(data, "photograph", lambda name: (names.add(name), original(name))[1])
            list(getattr(data, function)(30, 0))
        return names

    assert uses(heldout) and not uses(heldout) & set(data.TRAINING_PHOTOS)
    for function in others:
        assert uses(function) and uses(function) <= set(data.TRAINING_PHOTOS)
    assert not set(data.TRAINING_PHOTOS) & set(data.HELDOUT_PHOTOS)


def test_digits_held_out_are_not_among_those_of_training():
    training, heldout = (set(part) for part in module("digits", "data").split())
    assert not training & heldout
    assert len(training | heldout) == 1797


# Training --------------------------------------------------------------------------------------

SHORT = {"digits": ["--epochs", "2"], "espcn_x2": ["--steps", "20"]}


def trained(model: str, out: Path, *options: str) -> list[bytes]:
    subprocess.run(
        [sys.executable, MODELS / model / "train.py", "--out", out, *options],
        check=True,
        capture_output=True,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )
    return [(out / name).read_bytes() for name in ("weights.safetensors", "training.json")]


@pytest.mark.slow
@pytest.mark.parametrize("model", SHORT)
def test_training_again_gives_the_same_bytes(model, tmp_path):
    first = trained(model, tmp_path / "first", *SHORT[model])
    assert first == trained(model, tmp_path / "again", *SHORT[model])


@pytest.mark.slow
def test_a_training_that_was_stopped_goes_on_to_the_same_bytes(tmp_path):
    quick, state = ["--pictures", "2"], ["--state", str(tmp_path / "state.pt")]
    whole = trained("u2netp", tmp_path / "whole", *quick, "--steps", "22")
    trained("u2netp", tmp_path / "parts", *quick, *state, "--steps", "20")
    assert whole == trained("u2netp", tmp_path / "parts", *quick, *state, "--steps", "22")
