"""Calibration data of the command: samples from arrays, pictures, or TensorFlow Datasets.

A picture is scaled to each input that can show one, and goes through the user's formula. Whatever
else an input may want is read by its name, and never made up.
"""

from __future__ import annotations

from argparse import Namespace
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from converters.datasets.pictures import ENDINGS, loaded
from converters.datasets.preprocess import Array, colored, resize
from converters.errors import ZooError
from converters.ir_to_tf.expression import expression
from converters.ir_to_tf.signature import Port

CHANNELS = (1, 3)
FROM_TFDS = 10
"""How many samples of a data set are taken, as openvino2tensorflow does."""

Raw = Mapping[str, Array] | Array
"""Arrays by input, or one picture for all of them."""


class Calibration:
    """The samples, stored as the artefact wants them; `quantize` asks for them again and again."""

    def __init__(self, ports: Sequence[Port], args: Namespace) -> None:
        self.ports = ports
        self.formula = expression(args.string_formulas_for_normalization)
        self.raw: Callable[[], Iterator[Raw]] = SOURCES[args.calib_ds_type](args)

    def __call__(self) -> Iterator[dict[str, Array]]:
        """The samples by signature name, from the first."""
        for raw in self.raw():
            yield {port.name: self._stored(port, raw) for port in self.ports}

    def _stored(self, port: Port, raw: Raw) -> Array:
        if isinstance(raw, Mapping):
            return _as_stored(port, raw)
        return shown(port, raw, self.formula)


def _as_stored(port: Port, raw: Mapping[str, Array]) -> Array:
    """One sample of an input, in the IR's order of axes, with or without the batch."""
    if port.name not in raw:
        raise _unfit(port, f"the samples have {', '.join(map(repr, raw))}")
    shape = tuple(port.shape[port.order.index(axis)] for axis in range(len(port.order)))
    values = np.asarray(raw[port.name])
    if values.size != np.prod(shape) or values.shape not in (shape, shape[1:]):
        raise _unfit(port, f"a sample has shape {list(values.shape)}, not {list(shape)}")
    stored: Array = np.ascontiguousarray(values.reshape(shape).transpose(port.order))
    return stored.astype(port.dtype)


def shown(port: Port, picture: Array, formula: Callable[[Array], Array]) -> Array:
    """A picture as an input sees it: scaled, grey or in colour, through the formula."""
    axis = _channel_axis(port)
    space = [size for i, size in enumerate(port.shape) if i not in (0, axis)]
    channels = port.shape[axis]
    if picture.ndim == 2:
        picture = picture[..., None]
    scaled = resize(_colours(picture, channels), space)
    made = formula(scaled)
    if made.shape != (*space, channels):
        raise _unfit(port, f"the formula makes of a picture {list(made.shape)}")
    placed = made if axis == 3 else np.moveaxis(made, -1, 0)
    stored: Array = np.ascontiguousarray(placed[None]).astype(port.dtype)
    return stored


def _channel_axis(port: Port) -> int:
    """Where an input holds its channels: last, or before height and width."""
    if len(port.shape) == 4 and port.shape[0] == 1:
        for axis in (3, 1):
            if port.shape[axis] in CHANNELS:
                return axis
    raise _unfit(port, "it cannot show a picture")


def _colours(picture: Array, channels: int) -> Array:
    """As many channels as wanted; grey is luma."""
    if picture.shape[-1] == channels:
        return picture
    if picture.dtype == np.uint8:
        return colored(picture[..., 0] if picture.shape[-1] == 1 else picture, GREY[channels])
    if channels == 3:
        return np.repeat(picture[..., :1], 3, axis=-1)
    luma: Array = picture[..., :3] @ np.array([[0.299], [0.587], [0.114]], picture.dtype)
    return luma


GREY = {1: "GRAY", 3: "RGB"}


def _unfit(port: Port, cause: str) -> ZooError:
    return ZooError(
        f"no calibration sample fits: {cause}",
        subject=f"input {port.name!r} of shape {list(port.shape)}",
        remedy="give --load_dest_file_path_for_the_calib_npy an .npz with an array for each input, "
        "by its name, samples along the first axis",
    )


# Where samples are from ---------------------------------------------------------------------------


def _numpy(args: Namespace) -> Callable[[], Iterator[Raw]]:
    flag = "load_dest_file_path_for_the_calib_npy"
    path = _given(args, flag)
    try:
        table = np.load(path, allow_pickle=False)
    except (OSError, ValueError) as error:
        raise _unusable(flag, f"{path.name} cannot be read: {error}") from error
    if isinstance(table, np.ndarray):
        if table.ndim != 4 or len(table) == 0:
            raise _unusable(
                flag, f"{path.name} has shape {list(table.shape)}, of pictures (n h w c)"
            )
        return lambda: iter(table)
    columns = {name: table[name] for name in table.files}
    if len({len(column) for column in columns.values()}) != 1:
        raise _unusable(flag, f"{path.name} has not as many samples for each input")
    return lambda: (
        dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)
    )


def _pictures(args: Namespace) -> Callable[[], Iterator[Raw]]:
    flag = "load_dest_folder_path_for_the_calib_pictures"
    folder = _given(args, flag)
    files = [file for file in sorted(folder.glob("*")) if file.suffix.lower() in ENDINGS]
    if not files:
        raise _unusable(flag, f"{folder} holds no picture")
    for file in files:
        _check_picture(file)
    return lambda: (loaded(file) for file in files)


def _check_picture(file: Path) -> None:
    """Whether a file begins as a picture: better known before the first sample is run."""
    try:
        with Image.open(file):
            pass
    except (UnidentifiedImageError, OSError) as error:
        raise ZooError(
            "is no picture that can be read", subject=str(file), remedy="take it out of the folder"
        ) from error


def _tfds(args: Namespace) -> Callable[[], Iterator[Raw]]:
    try:
        import tensorflow_datasets as tfds
    except ImportError as error:
        raise ZooError(
            "TensorFlow Datasets is not installed",
            subject="--calib_ds_type tfds",
            remedy="pip install tensorflow-datasets, or give --calib_ds_type numpy or pictures",
        ) from error
    data = tfds.load(
        name=args.ds_name_for_tfds_for_calibration,
        split=args.split_name_for_tfds_for_calibration,
        data_dir=args.download_dest_folder_path_for_the_calib_tfds,
        download=args.tfds_download_flg,
    )
    return lambda: (np.asarray(each["image"]) for each in data.take(FROM_TFDS))


SOURCES: Mapping[str, Callable[[Namespace], Callable[[], Iterator[Raw]]]] = {
    "numpy": _numpy,
    "pictures": _pictures,
    "tfds": _tfds,
}


def _given(args: Namespace, flag: str) -> Path:
    path: Path | None = getattr(args, flag)
    if path is None:
        raise _unusable(flag, "integer kinds need calibration data, and none are named")
    if not path.exists():
        raise _unusable(flag, f"{path} does not exist")
    return path


def _unusable(flag: str, cause: str) -> ZooError:
    return ZooError(
        cause,
        subject=f"--{flag}",
        remedy="give pictures like those that the model will see: .npy of shape (n, h, w, 3), "
        ".npz by input, or a folder with --calib_ds_type pictures",
    )
