"""A dozen lines of Python that run a TFLite file on a picture or an array, for a model card.

They repeat, for one recipe, what `datasets.preprocess` does for all: a test runs them beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from converters.datasets.interface import KEYS
from converters.datasets.preprocess import GEOMETRY, PAD, PICTURE_LAYOUTS
from converters.recipes.recipe import Input, Variant
from converters.release.waveform import FEATURES, is_heard

PICTURE_AXES = {"NCHW": (0, 2, 3, 1), "NHWC": (0, 1, 2, 3)}
"""The source's axes in the order in which a picture has them, behind a batch axis."""

FILE = "picture.png"


class Fed(NamedTuple):
    """An input of the recipe, and how the artefacts store it."""

    spec: Input
    stored: Mapping[str, Any]  # name, shape, order and dtype, from interface.json
    built_in: Mapping[str, Any]  # of the stage `ir`: what the artefact does itself


def is_pictured(spec: Input) -> bool:
    """Whether the samples of an input are pictures, as far as a recipe tells."""
    if spec.layout not in PICTURE_LAYOUTS or len(spec.shape) != 4:
        return False
    channels = spec.shape[spec.layout.index("C")]
    return channels == 3 or (channels == 1 and spec.color == "GRAY")


def snippet(variant: Variant, interface: Mapping[str, Any], tflite: str) -> str:
    """The program: it reads `picture.png` (or `<input>.npy`) and prints every output's shape."""
    built_in = variant.stages.get("ir", {})
    stored = {entry["name"]: entry for entry in interface["inputs"]}
    fed = [Fed(spec, stored[spec.name], built_in) for spec in variant.inputs]
    pictured = any(is_pictured(each.spec) for each in fed)
    lines = ["import numpy as np"]
    lines += ["from PIL import Image"] if pictured else []
    lines += ["from tflite_runtime.interpreter import Interpreter", "", "inputs = {}"]
    for each in fed:
        lines += _prepared(each)
    return "\n".join([*lines, *_run(tflite)]) + "\n"


def _run(tflite: str) -> list[str]:
    return [
        f'model = Interpreter("{tflite}").get_signature_runner()',
        "for name, values in model(**inputs).items():",
        "    print(name, values.shape, values.dtype)",
    ]


def _prepared(fed: Fed) -> Iterator[str]:
    spec = fed.spec
    yield from _picture(spec) if is_pictured(spec) else _array(spec)
    for step in spec.preprocess:
        ((name, argument),) = step.items()
        if name in FEATURES:
            yield from FEATURES[name](argument)
        elif name not in GEOMETRY:
            yield ARITHMETIC[name](_numbers(argument, spec))
    if is_heard(spec):
        yield f"x = x.reshape({list(spec.shape[1:])})"
    yield from _before_ir(fed)
    yield from _stored(fed)


def _picture(spec: Input) -> Iterator[str]:
    yield f'picture = Image.open("{FILE}").convert("{"L" if spec.color == "GRAY" else "RGB"}")'
    steps = [next(iter(step.items())) for step in spec.preprocess]
    shaping = [(name, size) for name, size in steps if name in GEOMETRY]
    size = [spec.shape[spec.layout.index(axis)] for axis in "HW"]
    for name, wanted in shaping or [("resize", size)]:
        yield from SHAPING[name](*wanted)
    reverse = "[..., ::-1]" if spec.color == "BGR" else ""
    channel = "[..., None]" if spec.color == "GRAY" else ""
    yield f"x = np.asarray(picture, np.float32){reverse}{channel}"


def _array(spec: Input) -> Iterator[str]:
    what = "a waveform" if is_heard(spec) else f"{list(spec.shape[1:])}, {spec.layout} without N"
    yield f'x = np.load("{_safe(spec.name)}.npy").astype("{spec.dtype}")  # {what}'


def _safe(name: str) -> str:
    return "".join(c if c.isalnum() or c in "_-" else "_" for c in name)


def _resize(height: int, width: int) -> Iterator[str]:
    yield f"picture = picture.resize(({width}, {height}), Image.Resampling.BILINEAR)"


def _letterbox(height: int, width: int) -> Iterator[str]:
    yield f"ratio = min({height} / picture.height, {width} / picture.width)"
    yield "size = [max(1, round(n * ratio)) for n in picture.size]"
    yield "inner = picture.resize(size, Image.Resampling.BILINEAR)"
    yield f'grey = "#{PAD:02x}{PAD:02x}{PAD:02x}"'
    yield f"picture = Image.new(inner.mode, ({width}, {height}), grey)"
    yield f"picture.paste(inner, (({width} - size[0]) // 2, ({height} - size[1]) // 2))"


def _center_crop(height: int, width: int) -> Iterator[str]:
    yield f"left, top = (picture.width - {width}) // 2, (picture.height - {height}) // 2"
    yield f"picture = picture.crop((left, top, left + {width}, top + {height}))"


SHAPING: Mapping[str, Callable[[int, int], Iterator[str]]] = {
    "resize": _resize,
    "letterbox": _letterbox,
    "center_crop": _center_crop,
}

ARITHMETIC: Mapping[str, Callable[[str], str]] = {
    "scale": "x = x / {}".format,
    "mean": "x = x - {}".format,
    "std": "x = x / {}".format,
    "multiply": "x = x * {}".format,
    "add": "x = x + {}".format,
}


def _numbers(argument: Any, spec: Input) -> str:
    """A number, an array with one per channel, or the picture's own maximum, as Python."""
    if isinstance(argument, str):
        return "(x.max() or 1)"
    if not isinstance(argument, list | tuple):
        return f"np.float32({argument})"
    array = f"np.float32({list(argument)})"
    axis = spec.layout.find("C") - 1
    is_last = is_pictured(spec) or axis in (-2, len(spec.shape) - 2)
    shape = [-1 if i == axis else 1 for i in range(len(spec.shape) - 1)]
    return array if is_last else f"{array}.reshape({shape})"


def _before_ir(fed: Fed) -> Iterator[str]:
    """The file normalises its input itself: what it does is undone here, or never done."""
    spec = fed.spec
    if spec.layout.find("C") < 0:
        return
    own = {key: _option(fed, key) for key in KEYS}
    if own["scale"] is not None:
        yield f"x = x * {_numbers(own['scale'], spec)}  # the file divides by it"
    if own["mean"] is not None:
        yield f"x = x + {_numbers(own['mean'], spec)}  # the file subtracts it"
    if fed.built_in.get("reverse_channels") and is_pictured(spec) and spec.color != "GRAY":
        yield "x = x[..., ::-1]  # the file reverses the channels"


def _option(fed: Fed, key: str) -> Any:
    option = fed.built_in.get(key)
    return option.get(fed.spec.name) if isinstance(option, Mapping) else option


def _stored(fed: Fed) -> Iterator[str]:
    spec, order = fed.spec, tuple(fed.stored["order"])
    axes = PICTURE_AXES[spec.layout] if is_pictured(spec) else tuple(range(len(order)))
    moved = [axes.index(axis) for axis in order]
    batch = f"np.repeat(x[None], {spec.shape[0]}, 0)" if spec.shape[0] != 1 else "x[None]"
    turned = "" if moved == sorted(moved) else f".transpose({moved})"
    rounded = "np.rint(x)" if fed.stored["dtype"].startswith(("int", "uint")) else "x"
    value = f"{batch.replace('x[', rounded + '[')}{turned}.astype(np.{fed.stored['dtype']})"
    yield f'inputs["{spec.name}"] = {value}  # {list(fed.stored["shape"])}'
