"""Files that are on this machine: below a model's folder, in a mirror's folder, at a file: URL."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO
from urllib.parse import SplitResult
from urllib.request import url2pathname

from converters.download.content import BLOCK
from converters.download.failures import AbsentError
from converters.download.http import Stream
from converters.errors import SourceError


@contextlib.contextmanager
def open_file(path: Path, offset: int = 0, _etag: str = "") -> Iterator[Stream]:
    """A file, from `offset` on."""
    if not path.is_file():
        raise AbsentError("there is no such file")
    total = path.stat().st_size
    start = offset if offset <= total else 0
    with _opened(path) as file:
        file.seek(start)
        yield Stream(start, iter(lambda: file.read(BLOCK), b""), total)


def _opened(path: Path) -> BinaryIO:
    try:
        return path.open("rb")
    except PermissionError as error:
        raise SourceError("may not be read", remedy="correct its permissions") from error


def path_of(url: SplitResult) -> Path:
    """The path of a file: URL of this machine."""
    if url.netloc not in ("", "localhost"):
        raise SourceError(f"a file: URL of another machine ({url.netloc}) cannot be read")
    return Path(url2pathname(url.path))


def below(folder: Path, path: str) -> Path:
    """A file of a model's folder; neither `..` nor a link may lead out of it."""
    root = folder.resolve()
    found = (root / path).resolve()
    if Path(path).is_absolute() or not found.is_relative_to(root):
        raise SourceError(
            f"path {path} leaves the model's folder", remedy="copy the file into the folder"
        )
    if found.is_file():
        return found
    if found.is_dir():
        raise SourceError(
            f"path {path} is a folder", remedy="name a file, or an archive with unpack: true"
        )
    raise SourceError(
        f"there is no file {path} in {folder}", remedy="correct the path, or add the file"
    )
