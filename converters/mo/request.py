"""What a backend is asked to convert: the file, and where its graph is cut."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from converters.errors import RecipeError
from converters.mo import float_twin, tensorflow_source
from converters.origin import listed, origin_file
from converters.recipes.recipe import Variant
from converters.recipes.slices import ELSEWHERE
from converters.saved_model import saved_model_folder
from converters.sound_tflite import check_sound

Shape = tuple[int, ...]


@dataclass(frozen=True)
class Request:
    """One model file.

    `inputs` and `outputs` are names in the source's graph; empty: as the file has them. An empty
    shape leaves that input's shape to the file. `called` gives tensors the names that the recipe
    knows them by, where those differ.
    """

    framework: str
    path: Path
    prototxt: Path | None = None  # caffe
    inputs: Mapping[str, Shape] = field(default_factory=dict)
    outputs: tuple[str, ...] = ()
    called: Mapping[str, str] = field(default_factory=dict)


def request_of(variant: Variant, origin: Path, folder: Path) -> Request:
    """The request for a variant; `folder` takes files that are made on the way."""
    return READERS[variant.framework](variant, origin, folder)


def names(value: Any) -> tuple[str, ...]:
    """A name, a list of names or nothing, as a tuple."""
    return (value,) if isinstance(value, str) else tuple(str(name) for name in value or ())


def _cuts(variant: Variant) -> dict[str, Any]:
    options = variant.stages.get("ir", {})
    inputs: dict[str, Shape] = dict.fromkeys(names(options.get("input")), ())
    return {"inputs": inputs, "outputs": names(options.get("output"))}


def _onnx(variant: Variant, origin: Path, _: Path) -> Request:
    return Request("onnx", origin, **_cuts(variant))


def _tflite(variant: Variant, origin: Path, folder: Path) -> Request:
    """A quantised file is read as its float twin."""
    path = origin_file(origin, str(variant.load["model"]))
    check_sound(path, f"load.model: {variant.load['model']}")
    content = path.read_bytes()
    if float_twin.is_quantised(content):
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / path.name
        path.write_bytes(float_twin.float_twin(content))
    return Request("tflite", path, **_cuts(variant))


def _caffe(variant: Variant, origin: Path, _: Path) -> Request:
    return Request(
        "caffe",
        origin_file(origin, str(variant.load["caffemodel"])),
        origin_file(origin, str(variant.load["prototxt"])),
        {i.name: i.shape for i in variant.inputs},
        _cuts(variant)["outputs"],
    )


def _frozen(variant: Variant, origin: Path, _: Path) -> Request:
    """Placeholders of frozen graphs may have no shape at all: the recipe's are given."""
    path = origin_file(origin, str(variant.load["model"]))
    inputs = [declared.name for declared in variant.inputs]
    outputs = [output.name for output in variant.outputs]
    starts, ends = paired(variant, "inputs", inputs), paired(variant, "outputs", outputs)
    wanted = _cuts(variant)["outputs"] or tuple(ends)
    tensorflow_source.check_frozen_names(path, starts, wanted)
    shapes = (declared.shape for declared in variant.inputs)
    return Request(
        "tensorflow",
        path,
        inputs=dict(zip(starts, shapes, strict=True)),
        outputs=wanted,
        called=dict(zip([*starts, *ends], [*inputs, *(outputs or ends)], strict=True)),
    )


def paired(variant: Variant, which: str, own: list[str]) -> list[str]:
    """The graph's names of the recipe's inputs or outputs: `load` may give them, in order."""
    given = [name.removesuffix(":0") for name in names(variant.load.get(which))]
    if given and own and len(given) != len(own):
        raise RecipeError(
            f"names {listed(given)}, but the recipe's {which} are {listed(own)}",
            subject=f"load.{which}",
            remedy=f"name one tensor for each of {which}, in the same order, or leave it out",
        )
    return given or [name.removesuffix(":0") for name in own]


def _keras(variant: Variant, origin: Path, folder: Path) -> Request:
    path = origin_file(origin, str(variant.load["model"]))
    return _of_frozen(variant, tensorflow_source.frozen_keras(path, variant.inputs), folder)


def _saved_model(variant: Variant, origin: Path, folder: Path) -> Request:
    path = saved_model_folder(variant.load, origin, folder / "saved_model")
    signature = str(variant.load.get("signature") or "")
    frozen = tensorflow_source.frozen_saved_model(path, signature, variant.inputs)
    return _of_frozen(variant, frozen, folder)


def _of_frozen(variant: Variant, frozen: tensorflow_source.Frozen, folder: Path) -> Request:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / "frozen.pb"
    path.write_bytes(frozen.graph)
    cuts, names_of = _cuts(variant), {**frozen.inputs, **frozen.outputs}
    shapes = {frozen.inputs[i.name]: i.shape for i in variant.inputs}
    return Request(
        "tensorflow",
        path,
        inputs=cuts["inputs"] or shapes,
        outputs=cuts["outputs"] or tuple(dict.fromkeys(frozen.outputs.values())),
        called={tensor: name for name, tensor in names_of.items()},
    )


READERS: dict[str, Callable[[Variant, Path, Path], Request]] = {
    "pytorch": _onnx,
    "onnx": _onnx,
    **dict.fromkeys(ELSEWHERE, _onnx),
    "tflite": _tflite,
    "caffe": _caffe,
    "tensorflow_frozen": _frozen,
    "keras": _keras,
    "saved_model": _saved_model,
}
