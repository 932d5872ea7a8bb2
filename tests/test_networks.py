"""The PyTorch networks of the zoo: they fit the published weights and do what their authors say.

`state_dict.tsv` beside a network lists what the published file holds. What needs the file itself,
or a picture from the web, runs where ZOO_MIRRORS names a folder that has it.
"""

import hashlib
import importlib.util
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, NamedTuple
from urllib.parse import unquote

import numpy as np
import pytest
import torch
import yaml
from PIL import Image

from converters.download.options import split_mirrors

MODELS = Path(__file__).parents[1] / "models"
DATA = MODELS.parent / "data"


class Network(NamedTuple):
    model: str
    parameters: int
    takes: tuple[int, ...]
    gives: tuple[tuple[int, ...], ...]


NETWORKS = [
    Network("alike_t", 82728, (1, 3, 32, 64), ((1, 1, 32, 64), (1, 64, 32, 64))),
    Network("aodnet_dehaze", 1761, (1, 3, 48, 64), ((1, 3, 48, 64),)),
    Network("blazeface_back", 136240, (1, 3, 256, 256), ((1, 896, 16), (1, 896, 1))),
    Network("blazeface_front", 101390, (1, 3, 128, 128), ((1, 896, 16), (1, 896, 1))),
    Network("dncnn_s25", 556032, (1, 1, 32, 48), ((1, 1, 32, 48),)),
    Network("espnet_cityscapes", 364569, (1, 3, 32, 64), ((1, 20, 32, 64),)),
    Network("extremec3_portrait", 37738, (1, 3, 32, 48), ((1, 1, 32, 48),)),
    Network("faceboxes_prod", 1007330, (1, 3, 128, 128), ((1, 341, 4), (1, 341, 2))),
    Network("fast_srgan_x4", 925646, (1, 3, 16, 24), ((1, 3, 64, 96),)),
    Network("iat_lol", 91154, (1, 3, 32, 48), ((1, 3, 32, 48),) * 3),
    Network("lprnet", 446976, (1, 3, 24, 94), ((1, 68, 18),)),
    Network("lut3d_classifier", 270083, (1, 3, 64, 64), ((1, 3, 1, 1),)),
    Network("lwnet_drive_vessels", 68482, (1, 3, 32, 48), ((1, 1, 32, 48),)),
    Network("mediapipe_face_landmark", 604685, (1, 3, 192, 192), ((1, 1), (1, 468, 3))),
    Network("mediapipe_pose_detector", 818104, (1, 3, 128, 128), ((1, 896, 12), (1, 896, 1))),
    Network("mtcnn_onet", 389040, (2, 3, 48, 48), ((2, 4), (2, 10), (2, 2))),
    Network("mtcnn_pnet", 6632, (2, 3, 12, 16), ((2, 4, 1, 3), (2, 2, 1, 3))),
    Network("mtcnn_rnet", 100178, (2, 3, 24, 24), ((2, 4), (2, 2))),
    Network("pointnet_modelnet40", 819624, (1, 64, 3), ((1, 40),)),
    Network("resnet20_cifar10", 269722, (2, 3, 32, 32), ((2, 10),)),
    Network("retinaface_mnet025", 426608, (1, 3, 64, 96), ((1, 252, 4), (1, 252, 2), (1, 252, 10))),
    Network("rfdn_x4", 433448, (1, 3, 40, 48), ((1, 3, 160, 192),)),
    Network("sci_lowlight_medium", 258, (1, 3, 32, 48), ((1, 3, 32, 48), (1, 3, 32, 48))),
    Network("sgz_lowlight", 10561, (1, 3, 24, 36), ((1, 3, 24, 36), (1, 3, 24, 36))),
    Network("sinet_portrait", 86910, (1, 3, 64, 96), ((1, 2, 64, 96),)),
    Network("tddfa_v2_mb05", 850398 + 136 * 513, (2, 3, 120, 120), ((2, 62),)),
    Network("tfeat_liberty", 599808, (2, 1, 32, 32), ((2, 128),)),
    Network("ultraface_slim", 260188, (1, 3, 240, 320), ((1, 4420, 2), (1, 4420, 4))),
]
EVERY_NETWORK = pytest.mark.parametrize("network", NETWORKS, ids=lambda network: network.model)


def imported(model: str, file: str) -> ModuleType:
    spec = importlib.util.spec_from_file_location(f"{model}_{file}", MODELS / model / file)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@cache
def recipe(model: str) -> dict[str, Any]:
    return yaml.safe_load((MODELS / model / "recipe.yaml").read_text(encoding="utf-8"))


def built(model: str) -> torch.nn.Module:
    """The network as its recipe asks for it, with weights drawn by chance."""
    load = recipe(model)["load"]
    factory = getattr(imported(model, load["file"]), load["factory"])
    sizes = {"{h}": 240, "{w}": 320}  # where the network is bound to a size
    arguments = load.get("arguments", {})
    return factory(**{name: sizes.get(value, value) for name, value in arguments.items()}).eval()


def declared(model: str) -> dict[str, Any]:
    """The sources of a recipe, and those of the shared data sets that it names."""
    sources = dict(recipe(model)["sources"])
    for data in recipe(model)["data"].values():
        if data["kind"] == "shared":
            text = (DATA / f"{data['set']}.yaml").read_text(encoding="utf-8")
            sources.update(yaml.safe_load(text).get("sources", {}))
    return sources


def stored(model: str, source: str) -> Path:
    """The file of a source, of the recipe or of a data set that it draws from, in a mirror."""
    sha256 = declared(model)[source]["sha256"]
    for mirror in split_mirrors(os.environ.get("ZOO_MIRRORS", "")):
        path = Path(mirror) / "sha256" / sha256[:2] / sha256
        if path.is_file():
            assert hashlib.sha256(path.read_bytes()).hexdigest() == sha256
            return path
    pytest.skip(f"no folder in ZOO_MIRRORS holds the source {source!r} of {model}")


@cache
def trained(model: str) -> Callable[[torch.Tensor], Any]:
    """The network with its published weights, for values 0..255 in the order of its recipe."""
    load = recipe(model)["load"]
    state = torch.load(stored(model, load["weights"]), map_location="cpu", weights_only=True)
    state = state[load["state_dict"]] if "state_dict" in load else state
    prefix = load.get("strip_prefix", "")
    network = built(model)
    network.load_state_dict(
        {name.removeprefix(prefix): value for name, value in state.items()},
        strict=load.get("strict", True),
    )
    steps = recipe(model)["inputs"][0].get("preprocess", [])

    @torch.inference_mode()
    def run(batch: torch.Tensor) -> Any:
        return network(prepared(batch, steps))

    return run


def prepared(batch: torch.Tensor, steps: list[dict[str, Any]]) -> torch.Tensor:
    """The recipe's arithmetic; sizes are left to the test."""
    doing = {
        "scale": lambda x, value: x / value,
        "multiply": lambda x, value: x * value,
        "add": lambda x, value: x + value,
        "mean": lambda x, value: x - torch.tensor(value)[:, None, None],
        "std": lambda x, value: x / torch.tensor(value)[:, None, None],
    }
    for step in steps:
        ((name, value),) = step.items()
        batch = doing[name](batch, value) if name in doing else batch
    return batch


def picture(model: str, source: str, *, box: tuple[int, ...] | None = None) -> torch.Tensor:
    """A picture at the size and in the colour order of the recipe, 0..255."""
    with Image.open(stored(model, source)) as image:
        return as_tensor(model, image.convert("RGB").crop(box or (0, 0, *image.size)))


def as_tensor(model: str, image: Image.Image) -> torch.Tensor:
    declared = recipe(model)["inputs"][0]
    height, width = recipe(model)["matrix"]["axes"]["resolution"][0]
    values = np.asarray(image.resize((width, height), Image.Resampling.BILINEAR), np.float32)
    values = values[..., ::-1] if declared["color"] == "BGR" else values
    planes = values[None] if values.ndim == 2 else values.transpose(2, 0, 1)
    return torch.from_numpy(planes.copy())[None]


def drawn(model: str, count: int) -> list[tuple[torch.Tensor, np.ndarray | None]]:
    """The recipe's own verification samples."""
    use = recipe(model)["verification"]
    data = recipe(model)["data"][use["data"]]
    samples = getattr(imported(model, data["file"]), data["function"])(count, use["seed"])
    return [(as_tensor(model, Image.fromarray(*raw.values())), want) for raw, want in samples]


@EVERY_NETWORK
def test_parameters_are_as_many_as_published(network: Network) -> None:
    assert sum(p.numel() for p in built(network.model).parameters()) == network.parameters


@EVERY_NETWORK
def test_names_and_shapes_are_those_of_the_published_weights(network: Network) -> None:
    table = (MODELS / network.model / "state_dict.tsv").read_text(encoding="utf-8")
    ours = {
        name: "x".join(map(str, value.shape))
        for name, value in built(network.model).state_dict().items()
        if not name.endswith("num_batches_tracked")  # old files have none
    }
    assert ours == dict(line.split("\t") for line in table.splitlines())


@EVERY_NETWORK
@torch.inference_mode()
def test_outputs_are_as_the_recipe_names_them(network: Network) -> None:
    outputs = built(network.model)(torch.zeros(network.takes))
    outputs = outputs if isinstance(outputs, tuple) else (outputs,)
    assert tuple(tuple(output.shape) for output in outputs) == network.gives
    names = recipe(network.model).get("export", {}).get("output_names")
    assert len(outputs) == len(names or recipe(network.model)["outputs"])


def test_every_network_of_the_zoo_is_tested() -> None:
    trained_here = {"digits", "espcn_x2", "u2netp"}  # their weights lie in the repository
    files = {path.parent.name for path in MODELS.glob("*/network.py")}
    assert {network.model for network in NETWORKS} == files - trained_here


@EVERY_NETWORK
def test_published_weights_fit(network: Network) -> None:
    outputs = trained(network.model)(torch.full(network.takes, 99.0))
    for output in outputs if isinstance(outputs, tuple) else (outputs,):
        assert output.isfinite().all()


def anchor_centres() -> torch.Tensor:
    """BlazeFace's 896: the middle of every cell of 16x16 twice, of 8x8 six times."""
    grids = []
    for cells, anchors in ((16, 2), (8, 6)):
        middles = (torch.arange(cells) + 0.5) / cells
        y, x = torch.meshgrid(middles, middles, indexing="ij")
        grids.append(torch.stack([x, y], dim=-1).reshape(-1, 2).repeat_interleave(anchors, dim=0))
    return torch.cat(grids)


def test_blazeface_finds_the_face() -> None:
    boxes, logits = trained("blazeface_front")(picture("blazeface_front", "face"))
    best = logits[0, :, 0].argmax()
    assert logits[0, best].sigmoid() > 0.995
    x, y = (anchor_centres()[best] + boxes[0, best, :2] / 128) * torch.tensor([512, 355])
    # the man in white: from his brows to his chin, in the picture of 512x355
    assert 260 < x < 345
    assert 70 < y < 150


def read(logits: torch.Tensor) -> str:
    """Greedy CTC: repeats merged, blanks dropped."""
    characters = (MODELS / "lprnet" / "characters.txt").read_text(encoding="utf-8").split()
    steps = logits.argmax(dim=0).tolist()
    kept = [now for now, before in zip(steps, [-1, *steps], strict=False) if now != before]
    return "".join(characters[step] for step in kept if step != len(characters) - 1)


def test_lprnet_reads_the_plates() -> None:
    plates = [key for key in recipe("lprnet")["sources"] if key.startswith("plate_")]
    for plate in plates:
        text = Path(unquote(recipe("lprnet")["sources"][plate]["url"])).stem
        assert read(trained("lprnet")(picture("lprnet", plate))[0]) == text
    assert len(plates) == 18


@pytest.mark.parametrize(("source", "place"), [("bird", 2), ("cat_720p", 3), ("dog", 5)])
def test_resnet20_knows_the_animals(source: str, place: int) -> None:
    logits = trained("resnet20_cifar10")(picture("resnet20_cifar10", source))
    assert logits[0].softmax(dim=0)[place] > 0.99


def test_onet_tells_faces_from_patches() -> None:
    for candidate, is_face in drawn("mtcnn_onet", 40):
        probability = trained("mtcnn_onet")(candidate)[2][0, 1]
        assert (probability > 0.5) == bool(is_face)


def test_onet_points_at_eyes_nose_and_mouth() -> None:
    left, top, side = 245, 45, 110
    with Image.open(stored("blazeface_front", "face")) as image:
        face = image.crop((left, top, left + side, top + side))
    _, landmarks, probabilities = trained("mtcnn_onet")(as_tensor("mtcnn_onet", face))
    assert probabilities[0, 1] > 0.999
    points = landmarks[0].reshape(2, 5).T * side + torch.tensor([left, top])
    seen = torch.tensor([[279, 98], [322, 97], [303, 125], [284, 142], [320, 141]])
    assert (points - seen).abs().max() < 6


def test_dncnn_takes_most_of_the_noise_away() -> None:
    gains = []
    for noisy, noise in drawn("dncnn_s25", 6):
        left = trained("dncnn_s25")(noisy)[0].numpy() - noise
        gains.append(10 * np.log10((noise**2).mean() / (left**2).mean()))
    assert min(gains) > 3
    assert np.mean(gains) > 7


def test_aodnet_gives_contrast_back() -> None:
    for hazy, _ in drawn("aodnet_dehaze", 3):
        clean = trained("aodnet_dehaze")(hazy)
        assert clean.std() > 1.15 * (hazy / 255).std()


def test_sci_lights_the_dark() -> None:
    for dark, _ in drawn("sci_lowlight_medium", 3):
        illumination, enhanced = trained("sci_lowlight_medium")(dark)
        assert illumination.min() > 0.05
        assert 0.3 < enhanced.mean() < 0.8
        assert enhanced.mean() > 2 * (dark / 255).mean()


def onnx_interface(path: Path) -> tuple[dict[str, list[int]], list[str]]:
    import onnx

    graph = onnx.load(path).graph
    weights = {tensor.name for tensor in graph.initializer}
    inputs = {
        value.name: [size.dim_value for size in value.type.tensor_type.shape.dim]
        for value in graph.input
        if value.name not in weights
    }
    return inputs, [value.name for value in graph.output]


def tflite_interface(path: Path) -> tuple[dict[str, list[int]], list[str]]:
    from tflite_runtime.interpreter import Interpreter

    network = Interpreter(model_path=str(path))
    inputs = {value["name"]: value["shape"].tolist() for value in network.get_input_details()}
    return inputs, [value["name"] for value in network.get_output_details()]


@pytest.mark.parametrize(
    ("model", "interface"),
    [
        ("yolox_nano", onnx_interface),
        ("yunet_n", onnx_interface),
        ("pulp_dronet_v2", onnx_interface),
        ("mobilenet_v1_025_224", tflite_interface),
    ],
)
def test_recipe_names_what_the_file_holds(
    model: str, interface: Callable[[Path], tuple[dict[str, list[int]], list[str]]]
) -> None:
    height, width = recipe(model)["matrix"]["axes"]["resolution"][0]
    sizes = {"h": height, "w": width}
    inputs = {
        declared["name"]: [sizes.get(size, size) for size in declared["shape"]]
        for declared in recipe(model)["inputs"]
    }
    outputs = [declared["name"] for declared in recipe(model)["outputs"]]
    assert interface(stored(model, recipe(model)["load"]["model"])) == (inputs, outputs)
