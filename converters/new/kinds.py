"""What kind of file something is: by its first bytes, and by its name where those do not tell."""

from __future__ import annotations

import contextlib
import zipfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from converters.errors import SourceError, ZooError

HEAD = 512  # bytes that are looked at

MODELS = ("onnx", "tflite", "keras", "tensorflow_frozen", "saved_model", "caffe", "pytorch")
"""Kinds of networks, named as `load.framework` names them."""

ARCHIVE = "archive"

BY_START: tuple[tuple[bytes, str], ...] = (
    (b"\x89HDF\r\n\x1a\n", "keras"),
    (b"\x80\x02", "pytorch"),
    (b"\x80\x03", "pytorch"),
    (b"\x80\x04", "pytorch"),
    (b"\x1f\x8b", ARCHIVE),
    (b"BZh", ARCHIVE),
    (b"\xfd7zXZ\x00", ARCHIVE),
)

BY_ENDING: Mapping[str, str] = {
    ".onnx": "onnx",
    ".tflite": "tflite",
    ".lite": "tflite",
    ".h5": "keras",
    ".hdf5": "keras",
    ".keras": "keras",
    ".pb": "tensorflow_frozen",
    ".caffemodel": "caffe",
    ".prototxt": "caffe",
    ".pth": "pytorch",
    ".pt": "pytorch",
    ".ckpt": "pytorch",
    ".safetensors": "pytorch",
    ".tar": ARCHIVE,
    ".tgz": ARCHIVE,
    ".zip": ARCHIVE,
    ".gz": ARCHIVE,
    ".bz2": ARCHIVE,
    ".xz": ARCHIVE,
}
"""Protobufs have no mark of their own: there the name decides."""

REFUSED: Mapping[str, str] = {
    ".xml": "OpenVINO IR is what the chain makes: give the ONNX or the file that it was made from",
    ".pdmodel": "convert it with paddle2onnx and give the ONNX file",
    ".pdparams": "convert it with paddle2onnx and give the ONNX file",
    ".params": "convert it to ONNX with MXNet's own exporter and give that file",
    ".mnn": "give the file that it was converted from",
    ".param": "give the file that the ncnn model was converted from",
    ".mlmodel": "give the file that it was converted from",
    ".pkl": "a pickle is a program: store the tensors with safetensors.torch.save_file",
    ".7z": "pack the files as .tar.gz or .zip",
    ".rar": "pack the files as .tar.gz or .zip",
}
"""What cannot be read, and what to do instead."""


class StandIn(NamedTuple):
    """What lies in a model's place."""

    start: bytes
    cause: str
    remedy: str


STAND_INS = (
    StandIn(
        b"version https://git-lfs",
        "is a pointer of Git LFS, not the file itself",
        "fetch it with git lfs pull, or give the address that serves the file",
    ),
    StandIn(
        b"<!doctype html",
        "is an HTML page",
        "give the address of the file itself, not that of the page about it",
    ),
    StandIn(
        b"<html",
        "is an HTML page",
        "give the address of the file itself, not that of the page about it",
    ),
)


def kind_of(path: Path, name: str = "") -> str:
    """One of `MODELS` or `archive`; a SourceError that says what to do for all else.

    `name` is what the file is called where it comes from.
    """
    called = name or path.name
    if path.is_dir():
        return _kind_of_folder(path)
    with path.open("rb") as file:
        head = file.read(HEAD)
    if not head:
        raise SourceError("is empty", subject=called, remedy="fetch the file again")
    for stand_in in STAND_INS:
        if head.lstrip().lower().startswith(stand_in.start):
            raise SourceError(stand_in.cause, subject=called, remedy=stand_in.remedy)
    ending = ending_of(called)
    if ending in REFUSED:
        raise SourceError(f"a {ending} file is not read", subject=called, remedy=REFUSED[ending])
    found = _by_content(path, head, called) or BY_ENDING.get(ending)
    if found is None:
        raise SourceError(
            "is of no kind that is known here",
            subject=called,
            remedy="give ONNX, a PyTorch checkpoint (.pth, .safetensors), TFLite, Keras, a frozen "
            ".pb, a SavedModel folder, prototxt and caffemodel, or an archive of one of these",
        )
    return found


@contextlib.contextmanager
def blamed_on(name: str) -> Iterator[None]:
    """A reader that stumbles inside stumbles over the file: formats that lie fail anywhere."""
    try:
        yield
    except ZooError:
        raise
    except Exception as error:
        raise SourceError(
            f"cannot be read: {type(error).__name__}: {error}",
            subject=name,
            remedy="the file may be damaged: fetch or export it again",
        ) from error


def ending_of(name: str) -> str:
    """The last ending of a name, in small letters."""
    return Path(name.lower()).suffix


def _kind_of_folder(path: Path) -> str:
    if (path / "saved_model.pb").is_file():
        return "saved_model"
    raise SourceError("is a folder without saved_model.pb", subject=path.name)


def _by_content(path: Path, head: bytes, name: str) -> str | None:
    if head[4:8] == b"TFL3":
        return "tflite"
    if head.startswith(b"PK\x03\x04"):
        return _kind_of_zip(path, name)
    if len(head) > 9 and head[8:9] == b"{" and ending_of(name) == ".safetensors":
        return "pytorch"
    if head[257:262] == b"ustar":
        return "pytorch" if ending_of(name) in (".pth", ".pt") else ARCHIVE
    return next((kind for start, kind in BY_START if head.startswith(start)), None)


def _kind_of_zip(path: Path, name: str) -> str:
    """A zip is what its members say: Keras 3 and PyTorch keep their files in one."""
    try:
        with zipfile.ZipFile(path) as opened:
            members = opened.namelist()[:100_000]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError) as error:
        raise SourceError(
            f"is a damaged zip: {error}", subject=name, remedy="fetch the file again"
        ) from error
    if any(member.endswith("/data.pkl") for member in members):
        if any("/code/" in member for member in members):
            raise SourceError(
                "is TorchScript: it holds code, which is not run here",
                subject=name,
                remedy="give the state dict (model.state_dict()), or an export to ONNX",
            )
        return "pytorch"
    if {"config.json", "model.weights.h5"} <= set(members):
        return "keras"
    return ARCHIVE
