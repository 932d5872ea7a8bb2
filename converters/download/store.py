"""What was downloaded once, by its sha256, and what is half downloaded.

The folder has the form of a mirror: sha256/<first two hex>/<sha256>. What is half downloaded lies
apart, in partial/<key>/, one folder for each source; a lock on it keeps two jobs that want the
same source from fetching it twice.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from converters.contents import file_digest
from converters.download.content import Expected, Intake


def stored_at(sha256: str) -> str:
    """Where a file lies in a mirror, and among the downloads."""
    return f"sha256/{sha256[:2]}/{sha256}"


class Partial:
    """A file that is being downloaded, perhaps since an earlier run."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "content"
        self._origin = folder / "origin.json"

    @property
    def size(self) -> int:
        """Bytes that are already here."""
        return self.path.stat().st_size if self.path.is_file() else 0

    def etag(self, place: str) -> str:
        """The version that the place announced for the bytes that are here, if they are its own."""
        try:
            origin = json.loads(self._origin.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return ""
        return str(origin["etag"]) if origin.get("place") == place else ""

    def came_from(self, place: str, etag: str) -> None:
        """Note which version of which place the bytes are of."""
        self._origin.write_text(json.dumps({"place": place, "etag": etag}), encoding="utf-8")

    @contextlib.contextmanager
    def intake(self, start: int, expected: Expected) -> Iterator[Intake]:
        """Take in more after the first `start` bytes; what follows them is dropped."""
        with self.path.open("r+b" if start else "w+b") as file:
            file.truncate(start)
            yield Intake(file, expected)

    def drop(self) -> None:
        """Forget the bytes: they turned out to be wrong."""
        self.path.unlink(missing_ok=True)
        self._origin.unlink(missing_ok=True)


class Store:
    """The folder of downloads."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def find(self, sha256: str) -> Path | None:
        """The file of that sha256, read and checked; a damaged one is dropped."""
        path = self.folder / stored_at(sha256)
        if not sha256 or not path.is_file():
            return None
        if file_digest(path) == sha256:
            return path
        path.unlink()
        return None

    def keep(self, partial: Partial, sha256: str) -> Path:
        """A finished download under its sha256, from now on."""
        path = self.folder / stored_at(sha256)
        path.parent.mkdir(parents=True, exist_ok=True)
        partial.path.chmod(0o444)
        partial.path.replace(path)
        shutil.rmtree(partial.path.parent, ignore_errors=True)
        return path

    @contextlib.contextmanager
    def partial(self, key: str) -> Iterator[Partial]:
        """The half of a download, for one job at a time; the next waits here."""
        with locked(self.folder / "partial" / key) as folder:
            yield Partial(folder)


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[Path]:
    """The folder, for one job at a time; it goes with its lock if nothing is left in it."""
    lock = _lock(folder)
    try:
        yield folder
    finally:
        with contextlib.suppress(OSError):
            folder.rmdir()
        os.close(lock)


def _lock(folder: Path) -> int:
    """A locked descriptor of the folder, which is made anew if the job before removed it."""
    while True:
        folder.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):
            lock = os.open(folder, os.O_RDONLY)
            fcntl.flock(lock, fcntl.LOCK_EX)
            if folder.is_dir() and os.path.samestat(os.fstat(lock), folder.stat()):
                return lock
            os.close(lock)


def place_copy(stored: Path, target: Path) -> None:
    """The same file at another path: a hard link where the file system allows, else a copy."""
    try:
        os.link(stored, target)
    except OSError:
        shutil.copyfile(stored, target)
