"""The preprocessing operations of a recipe: the one way from a raw sample to a model's input.

A raw sample is a *picture* (uint8, `(h, w)` grey or `(h, w, 3)` RGB, for an input whose layout is
NCHW or NHWC) or a *tensor* (anything else: in the input's layout, without the batch axis).
A picture takes its colour order first, then the operations in the order of the recipe, then its
layout. A tensor takes the arithmetic; an operation that needs a picture refuses it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from converters.datasets import features
from converters.errors import ZooError
from converters.recipes.recipe import Input

Array = npt.NDArray[Any]

PICTURE_LAYOUTS = ("NCHW", "NHWC")
MODES = {"RGB": "RGB", "BGR": "RGB", "GRAY": "L"}
PAD = 114
"""The grey around a letterboxed picture."""


def is_picture(spec: Input, raw: Array) -> bool:
    """Whether a raw sample is a picture for this input."""
    has_shape = raw.ndim == 2 or (raw.ndim == 3 and raw.shape[2] in (3, 4))
    return spec.layout in PICTURE_LAYOUTS and raw.dtype == np.uint8 and has_shape


def prepared(spec: Input, raw: Array) -> Array:
    """The input that a raw sample becomes: source layout, batch axis, dtype of the input."""
    raw = np.asarray(raw)
    pictured = is_picture(spec, raw)
    values = colored(raw, spec.color) if pictured else raw
    for step in spec.preprocess:
        ((name, argument),) = step.items()
        values = _applied(spec, values, name, argument, pictured)
    if pictured and spec.layout == "NCHW":
        values = np.moveaxis(values, -1, 0)
    return _batched(spec, _cast(spec, values if pictured else _with_all_axes(spec, values)))


def framed(spec: Input, raw: Array) -> Array:
    """A picture as the model sees it, cut and scaled but not normalised: `(h, w, 3)` RGB bytes."""
    values = colored(np.asarray(raw), "RGB")
    for step in spec.preprocess:
        ((name, argument),) = step.items()
        if name in GEOMETRY:
            values = GEOMETRY[name](values, argument)
    return values


def colored(picture: Array, color: str) -> Array:
    """A picture in the wanted colour order, always with a last axis; grey is luma (BT.601)."""
    image = Image.fromarray(picture[..., :3] if picture.ndim == 3 else picture)
    values = np.asarray(image.convert(MODES[color]))
    if color == "BGR":
        values = values[..., ::-1]
    return values if values.ndim == 3 else values[..., None]


# Operations on pictures: (picture, [h, w]) -> picture -------------------------------------------


def resize(picture: Array, size: Any) -> Array:
    """To exactly `[h, w]`, bilinear as PIL does it: filtered when the picture shrinks."""
    height, width = size
    if picture.shape[:2] == (height, width):
        return picture
    planes = [_resized_plane(picture[..., i], (width, height)) for i in range(picture.shape[2])]
    return np.stack(planes, axis=-1)


def _resized_plane(plane: Array, size: tuple[int, int]) -> Array:
    image = Image.fromarray(np.ascontiguousarray(plane))
    return np.asarray(image.resize(size, Image.Resampling.BILINEAR))


def letterbox(picture: Array, size: Any) -> Array:
    """Into the middle of `[h, w]` with its proportions kept, grey around it."""
    height, width = size
    ratio = min(height / picture.shape[0], width / picture.shape[1])
    inner = [max(1, round(length * ratio)) for length in picture.shape[:2]]
    top, left = (height - inner[0]) // 2, (width - inner[1]) // 2
    box = np.full((height, width, picture.shape[2]), PAD, picture.dtype)
    box[top : top + inner[0], left : left + inner[1]] = resize(picture, inner)
    return box


def center_crop(picture: Array, size: Any) -> Array:
    """The middle `[h, w]`; a picture that is too small is an error."""
    height, width = size
    if picture.shape[0] < height or picture.shape[1] < width:
        raise ZooError(
            f"a picture of {picture.shape[0]}x{picture.shape[1]} is smaller than {height}x{width}",
            subject="center_crop",
            remedy="resize first, or take larger pictures",
        )
    top, left = (picture.shape[0] - height) // 2, (picture.shape[1] - width) // 2
    return picture[top : top + height, left : left + width]


# Arithmetic: (values, number or one number per channel) -> values --------------------------------


def scale(values: Array, divisor: Any) -> Array:
    """Divided by the number, or by the sample's own maximum for `image_max`."""
    number = values.max() if isinstance(divisor, str) else divisor
    return values / np.where(number == 0, 1, number).astype(np.float32)


GEOMETRY: dict[str, Callable[[Array, Any], Array]] = {
    "resize": resize,
    "letterbox": letterbox,
    "center_crop": center_crop,
}
ARITHMETIC: dict[str, Callable[[Array, Any], Array]] = {
    "scale": scale,
    "mean": np.subtract,
    "std": np.divide,
    "multiply": np.multiply,
    "add": np.add,
}
FEATURES: dict[str, Callable[[Array, Any], Array]] = {
    "log_mel": features.log_mel,
    "mfcc": features.mfcc,
}
OPERATIONS = (*GEOMETRY, *ARITHMETIC, *FEATURES)


def _applied(spec: Input, values: Array, name: str, argument: Any, pictured: bool) -> Array:
    if name in ARITHMETIC:
        channel = values.ndim - 1 if pictured else _channel_axis(spec, values)
        number = argument if isinstance(argument, str) else _broadcast(argument, values, channel)
        return ARITHMETIC[name](values.astype(np.float32), number)
    if name in FEATURES:
        return FEATURES[name](values, argument)
    if name not in GEOMETRY:
        raise ZooError(
            f"no preprocessing operation {name!r}",
            subject=f"input {spec.name}",
            remedy=f"choose among {', '.join(OPERATIONS)}",
        )
    if not pictured:
        raise ZooError(
            f"{name} needs a picture, but the sample is {values.dtype} {values.shape}",
            subject=f"input {spec.name}",
            remedy="yield uint8 arrays (h, w) or (h, w, 3) and declare layout NCHW or NHWC; "
            f"or leave {name} out of preprocess",
        )
    return GEOMETRY[name](values, argument)


def _channel_axis(spec: Input, values: Array) -> int:
    place = spec.layout.find("C") - 1  # the sample has no batch axis
    return place if 0 <= place < values.ndim else values.ndim - 1


def _broadcast(argument: Any, values: Array, channel: int) -> Array:
    numbers = np.asarray(argument, np.float32)
    if numbers.ndim == 0:
        return numbers
    if values.ndim == 0 or numbers.size != values.shape[channel]:
        raise ZooError(
            f"{numbers.size} numbers for {values.shape} values with the channels at axis {channel}",
            subject="preprocess",
            remedy="give one number, or one per channel",
        )
    return numbers.reshape([-1 if axis == channel else 1 for axis in range(values.ndim)])


def _cast(spec: Input, values: Array) -> Array:
    wanted = np.dtype(spec.dtype)
    if wanted.kind in "iu" and values.dtype.kind == "f":
        values = np.rint(values)
    if wanted.kind in "iu" and values.size:
        low, high = np.iinfo(wanted).min, np.iinfo(wanted).max
        if values.min() < low or values.max() > high:
            raise ZooError(
                f"values from {values.min()} to {values.max()} do not fit {wanted}",
                subject=f"input {spec.name}",
                remedy="change preprocess, or the input's dtype",
            )
    return values.astype(wanted)


def _with_all_axes(spec: Input, values: Array) -> Array:
    """A tensor with the axes of length 1 that an input has, where nothing else is between them."""
    wide = [size for size in spec.shape[1:] if size != 1]
    return values.reshape(spec.shape[1:]) if [n for n in values.shape if n != 1] == wide else values


def _batched(spec: Input, values: Array) -> Array:
    """With a batch axis: the sample, as often as the batch is large."""
    if values.shape != spec.shape[1:] and values.shape == spec.shape:
        return np.ascontiguousarray(values)
    if values.shape != spec.shape[1:]:
        raise ZooError(
            f"a sample has shape {values.shape} after preprocessing, "
            f"wanted {spec.shape[1:]} ({spec.layout} without the batch axis)",
            subject=f"input {spec.name}",
            remedy="add a resize, letterbox or center_crop, or mend the data set",
        )
    copies = (spec.shape[0], *(1 for _ in values.shape))
    return np.tile(values[None], copies) if math.prod(spec.shape) else values[None]
