"""The artefact store: what every stage made, by what it was made from.

`entries/<key>.json` lists the files of a result by their sha256; `blobs/<sha256>` holds them, each
once. Everything read is checked against its digest. A store that is full, read-only, damaged or
away costs time, never a build: what went wrong is kept in `complaints` and the build goes on.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from converters.contents import Stamp
from converters.stage import made_whole
from converters.store.folder import FolderShelf
from converters.store.shelf import Shelf
from converters.traces import Output

__all__ = ["BLOBS", "ENTRIES", "Entry", "Store", "open_store"]

ENTRIES, BLOBS = "entries", "blobs"
VARIABLE = "ZOO_CACHE"
CHUNK = 1 << 20


class Entry(NamedTuple):
    """A result in the store."""

    outputs: Sequence[Mapping[str, tuple[str, int]]]  # per output: file -> sha256, size in bytes
    folders: Sequence[bool]  # per output: whether it is a folder (which may be empty)
    seconds: float  # that making it took
    parts: Mapping[str, Any]  # what its key was made of

    def restored(self, targets: Sequence[Path]) -> dict[str, Output]:
        """The outputs as a trace keeps them, once they have been restored to these places."""
        return {
            str(target): Output(
                is_folder,
                {name: (file[0], *Stamp.of(target / name)) for name, file in files.items()},
            )
            for target, is_folder, files in zip(targets, self.folders, self.outputs, strict=True)
        }


class DamagedError(Exception):
    """A blob does not hold what its name says."""


def open_store(place: str | None) -> Store | None:
    """The store at ZOO_CACHE, or else at the configured place; None if that is empty or `off`."""
    wanted = os.environ.get(VARIABLE, place or "")
    return None if wanted in ("", "off") else Store(_shelf(wanted))


def _shelf(place: str) -> Shelf:
    if "://" not in place:
        return FolderShelf(Path(place).expanduser())
    from converters.store.remote import RemoteShelf

    return RemoteShelf(place)


def _blob(sha256: str) -> str:
    return f"{BLOBS}/{sha256[:2]}/{sha256}"


def _entry(key: str) -> str:
    return f"{ENTRIES}/{key[:2]}/{key}.json"


class Store:
    """Results by their keys, on a shelf."""

    def __init__(self, shelf: Shelf) -> None:
        self.shelf = shelf
        self.complaints: list[str] = []

    @contextlib.contextmanager
    def _forgiving(self, doing: str) -> Iterator[None]:
        """A store that fails is one complaint, not a failed build."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - remote systems raise what they like
            self.complaints.append(
                f"{doing} the store at {self.shelf.place}: {type(error).__name__}: {error}"
            )

    def find(self, key: str) -> Entry | None:
        """The result of that key; None if there is none, or none that can be read."""
        with self._forgiving("read"):
            try:
                with self.shelf.open(_entry(key)) as file:
                    data = json.loads(file.read())
                outputs = [{n: (f[0], f[1]) for n, f in made.items()} for made in data["outputs"]]
                return Entry(outputs, data["folders"], data["seconds"], data["parts"])
            except FileNotFoundError:
                return None
            except (ValueError, KeyError, TypeError, IndexError, AttributeError):
                self.complaints.append(f"dropped from {self.shelf.place}: entry {key} is damaged")
                self.shelf.drop(_entry(key))
        return None

    def restore(self, key: str, entry: Entry, targets: Sequence[Path]) -> bool:
        """Put a result into its places; False, and nothing changed but what was restored, if not.

        A blob that is not what its name says is dropped together with the entry.
        """
        if len(entry.outputs) != len(targets):
            return False
        with self._forgiving("read"):
            try:
                for files, is_folder, target in zip(
                    entry.outputs, entry.folders, targets, strict=True
                ):
                    self._restore(files, is_folder, target)
                self._use(key)
                return True
            except DamagedError as damage:
                self.complaints.append(f"dropped from {self.shelf.place}: {damage}")
                self.shelf.drop(_entry(key))
                self._drop_damaged(entry)
            except FileNotFoundError:  # someone made room: what is gone is made again
                self.shelf.drop(_entry(key))
        return False

    def _restore(self, files: Mapping[str, tuple[str, int]], is_folder: bool, target: Path) -> None:
        if not files and not is_folder:  # it was left out
            target.unlink(missing_ok=True)
            return
        with made_whole(target) as part:
            if is_folder:
                part.mkdir()
            for name, (sha256, _size) in files.items():
                path = part / name
                if not path.resolve().is_relative_to(part.resolve()):
                    raise DamagedError(f"an entry names {name}, outside its folder")
                path.parent.mkdir(parents=True, exist_ok=True)
                self._fetch(sha256, path)

    def _fetch(self, sha256: str, path: Path) -> None:
        found = hashlib.sha256()
        with self.shelf.open(_blob(sha256)) as blob, path.open("wb") as file:
            while chunk := blob.read(CHUNK):
                found.update(chunk)
                file.write(chunk)
        if found.hexdigest() != sha256:
            self.shelf.drop(_blob(sha256))
            raise DamagedError(f"blob {sha256} has other bytes than its name says")

    def _drop_damaged(self, entry: Entry) -> None:
        """Where one blob of a result is damaged others may be, and would be taken for sound when
        the result is stored again.
        """
        for sha256 in {file[0] for files in entry.outputs for file in files.values()}:
            name = _blob(sha256)
            if self.shelf.has(name) and self._is_damaged(name):
                self.shelf.drop(name)

    def _is_damaged(self, name: str) -> bool:
        """Whether a blob has other bytes than its name says."""
        found = hashlib.sha256()
        with contextlib.suppress(FileNotFoundError), self.shelf.open(name) as blob:
            while chunk := blob.read(CHUNK):
                found.update(chunk)
            return found.hexdigest() != name.rsplit("/", 1)[1]
        return False

    def _use(self, key: str) -> None:
        """So that what is used stays longest; a place where that cannot be noted forgets sooner."""
        with contextlib.suppress(OSError):
            self.shelf.use(_entry(key))

    def put(
        self, key: str, made: Mapping[str, Output], parts: Mapping[str, Any], seconds: float
    ) -> None:
        """Keep a result, its outputs by path: first the blobs, then the entry that names them."""
        with self._forgiving("write to"):
            for path, output in made.items():
                self._put_blobs(Path(path), output)
            files = [{name: f[:2] for name, f in output.files.items()} for output in made.values()]
            folders = [output.is_folder for output in made.values()]
            entry = Entry(files, folders, seconds, parts)
            text = json.dumps(entry._asdict(), sort_keys=True, separators=(",", ":"))
            self.shelf.put(_entry(key), io.BytesIO(text.encode()))

    def _put_blobs(self, path: Path, output: Output) -> None:
        for name, (sha256, _size, _mtime) in output.files.items():
            if not self.shelf.has(_blob(sha256)):
                with (path / name).open("rb") as content:
                    self.shelf.put(_blob(sha256), content)

    def damaged(self) -> Iterator[str]:
        """Every blob whose bytes are not what its name says; reads the whole store."""
        for held in self.shelf.held(BLOBS):
            if self._is_damaged(held.name):
                yield held.name
