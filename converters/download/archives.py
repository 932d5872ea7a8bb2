"""Archives, unpacked so that nothing lands outside, nothing is written twice, nothing explodes.

Both formats are read as a list of members and written by one writer; links come last, so that no
file is ever written through one. Owners, special bits and times are not taken over.
"""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import re
import stat
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import IO, BinaryIO

from converters.download.links import refuse_links_out
from converters.errors import SourceError

BLOCK = 1 << 20
LONGEST_TARGET = 4096
LONGEST_HEADER = 1 << 22
"""Bytes of one header of a tar, which Python's tarfile reads into memory at once."""

DAMAGES = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    ValueError,
    NotImplementedError,
    RuntimeError,
)
DISTRUST = "do not trust this source"


@dataclass(frozen=True)
class Limits:
    """How much an archive may grow: beyond that it is taken for a bomb."""

    members: int = 100_000
    total: int = 16 << 30  # bytes
    ratio: int = 200  # of the unpacked size to the archive's ...
    free: int = 256 << 20  # ... from this many bytes on

    def most(self, archive: Path) -> int:
        """The bytes that an archive of this size may hold."""
        return min(self.total, max(self.free, self.ratio * archive.stat().st_size))


@dataclass(frozen=True)
class Member:
    """One entry of an archive."""

    name: str
    open: Callable[[], AbstractContextManager[IO[bytes]]] | None = None  # of a file
    is_executable: bool = False
    link: str = ""  # where a symbolic link points
    same_as: str = ""  # the earlier member that a hard link is


def unpack(archive: Path, target: Path, limits: Limits | None = None) -> None:
    """Unpack a zip or tar archive, compressed or not, into the new folder `target`."""
    limits = limits or Limits()
    target.mkdir()
    writer = _Writer(target, limits, limits.most(archive))
    try:
        _unpack_any(archive, writer)
    except SourceError:
        raise
    except DAMAGES as error:
        raise _damaged(error) from error
    except OSError as error:
        if error.errno is not None:  # a disk's, not a decompressor's
            raise
        raise _damaged(error) from error


def _unpack_any(archive: Path, writer: _Writer) -> None:
    with archive.open("rb") as file:
        head = file.read(6)
    if head.startswith(ZIP_STARTS):
        with zipfile.ZipFile(archive) as opened:
            writer.write_all(_zip_members(opened))
        return
    opener = next((o for magic, o in COMPRESSIONS.items() if head.startswith(magic)), None)
    if opener is None:
        _unpack_tar(archive, writer)
        return
    with tempfile.NamedTemporaryFile(dir=writer.root.parent, suffix=".tar") as plain:
        with opener(archive) as compressed:
            _expand(compressed, plain, writer.room)
        _unpack_tar(Path(plain.name), writer)


def _unpack_tar(path: Path, writer: _Writer) -> None:
    with _Bounded(path.open("rb", buffering=0)) as file, _opened_tar(file) as tar:
        writer.write_all(_tar_members(tar, writer.root))


def _opened_tar(file: BinaryIO | io.BufferedReader) -> tarfile.TarFile:
    try:
        return tarfile.open(fileobj=file, mode="r:")
    except tarfile.ReadError as error:
        raise SourceError(
            "is no zip or tar archive", remedy="leave out unpack: true if it is a single file"
        ) from error


def _expand(compressed: BinaryIO | io.BufferedIOBase, plain: IO[bytes], room: int) -> None:
    """Write what is compressed to a file, as long as there is room."""
    while block := compressed.read(BLOCK):
        room -= len(block)
        if room < 0:
            raise _bomb("it grows beyond all measure")
        plain.write(block)
    plain.flush()


class _Bounded(io.BufferedReader):
    """A file that refuses to hand out a header of unreasonable length."""

    def read(self, size: int | None = -1) -> bytes:
        """The next bytes, at most as many as a header may have."""
        if size is None or not 0 <= size <= LONGEST_HEADER:
            raise _bomb(f"it has a header of {size} bytes")
        return super().read(size)


class _Writer:
    """Writes members below a folder, and refuses those that mean harm."""

    def __init__(self, root: Path, limits: Limits, room: int) -> None:
        self.root = root
        self.limits = limits
        self.room = room  # bytes that may still be written
        self._files: set[PurePosixPath] = set()
        self._links: dict[PurePosixPath, str] = {}

    def write_all(self, members: Iterator[Member]) -> None:
        """Write every member, then the links, of which none may lead out."""
        for count, member in enumerate(members, start=1):
            if count > self.limits.members:
                raise _bomb(f"it has more than {self.limits.members} members")
            self._write(member)
        for path, target in self._links.items():
            (self.root / path).symlink_to(target)
        refuse_links_out(self.root)

    def _write(self, member: Member) -> None:
        path = _checked_name(member.name)
        if member.open is None and not member.link and not member.same_as:
            self._make_folder(path)
            return
        self._claim(path)
        if member.link:
            self._links[path] = _checked_link(path, member.link)
        elif member.same_as:
            self._copy_earlier(member, path)
        elif member.open is not None:
            with member.open() as content:
                self._fill(path, content, member.is_executable)

    def _claim(self, path: PurePosixPath) -> None:
        """A name of its own, below folders only."""
        if path == PurePosixPath(".") or path in self._files or path in self._links:
            raise _refused(f"writes {path} twice")
        if (self.root / path).exists():
            raise _refused(f"writes {path} over a folder or another spelling of the same name")
        self._make_folder(path.parent)

    def _make_folder(self, path: PurePosixPath) -> None:
        for part in (path, *path.parents):
            if part in self._files or part in self._links:
                raise _refused(f"writes below {part}, which is no folder")
        (self.root / path).mkdir(parents=True, exist_ok=True)

    def _fill(self, path: PurePosixPath, content: IO[bytes], is_executable: bool) -> None:
        target = self.root / path
        with target.open("xb") as file:
            while block := content.read(BLOCK):
                self.room -= len(block)
                if self.room < 0:
                    raise _bomb("it grows beyond all measure")
                file.write(block)
        target.chmod(0o755 if is_executable else 0o644)
        self._files.add(path)

    def _copy_earlier(self, member: Member, path: PurePosixPath) -> None:
        earlier = _checked_name(member.same_as)
        if earlier not in self._files:
            raise _refused(f"{path} is a link to {earlier}, which it does not hold before")
        source = self.root / earlier
        with source.open("rb") as content:
            self._fill(path, content, os.access(source, os.X_OK))


def _checked_name(name: str) -> PurePosixPath:
    path = PurePosixPath(name)
    if path.is_absolute() or re.match(r"[A-Za-z]:", name):
        raise _refused(f"has an absolute path: {name!r}")
    if ".." in path.parts or "\\" in name or re.search(r"[\x00-\x1f]", name):
        raise _refused(f"has a path that leads out: {name!r}")
    return path


def _checked_link(path: PurePosixPath, target: str) -> str:
    """A link's target, if it stays inside by its words alone; where it arrives is checked last."""
    depth = len(path.parts) - 1
    for part in PurePosixPath(target).parts:
        depth += -1 if part == ".." else 1
        if depth < 0 or PurePosixPath(target).is_absolute():
            raise _refused(f"has a link that leads out: {path} -> {target}")
    return target


def _zip_members(archive: zipfile.ZipFile) -> Iterator[Member]:
    for info in archive.infolist():
        name, mode = info.orig_filename, info.external_attr >> 16
        if info.flag_bits & 1:
            raise SourceError("the archive is encrypted", remedy="name one without a password")
        if name.endswith("/"):
            yield Member(name)
        elif stat.S_ISLNK(mode):
            with archive.open(info) as content:
                yield Member(name, link=content.read(LONGEST_TARGET).decode() or ".")
        elif stat.S_IFMT(mode) in (0, stat.S_IFREG):
            yield Member(name, partial(archive.open, info), bool(mode & stat.S_IXUSR))
        else:
            raise _refused(f"holds a device or pipe: {name!r}")


def _tar_members(archive: tarfile.TarFile, root: Path) -> Iterator[Member]:
    for info in archive:
        if not (info.isreg() or info.isdir() or info.issym() or info.islnk()):
            raise _refused(f"holds a device or pipe: {info.name!r}")
        _check_names(info)
        try:
            # Ours are stricter; but what Python learns of harm is refused here too.
            tarfile.data_filter(info, str(root))
        except tarfile.FilterError as error:
            raise _refused(f"holds {info.name!r}: {error}") from error
        yield _tar_member(archive, info)


def _check_names(info: tarfile.TarInfo) -> None:
    path = _checked_name(info.name)
    if info.issym():
        _checked_link(path, info.linkname)
    elif info.islnk():
        _checked_name(info.linkname)


def _tar_member(archive: tarfile.TarFile, info: tarfile.TarInfo) -> Member:
    if info.isdir():
        return Member(info.name)
    if info.issym():
        return Member(info.name, link=info.linkname or ".")
    if info.islnk():
        return Member(info.name, same_as=info.linkname)
    return Member(info.name, partial(_content, archive, info), bool(info.mode & stat.S_IXUSR))


def _content(archive: tarfile.TarFile, info: tarfile.TarInfo) -> IO[bytes]:
    content = archive.extractfile(info)
    if content is None:
        raise _refused(f"holds something that is no file: {info.name!r}")
    return content


def _refused(what: str) -> SourceError:
    return SourceError(f"the archive {what}, which is refused", remedy=DISTRUST)


def _bomb(why: str) -> SourceError:
    return SourceError(f"the archive is taken for a bomb: {why}", remedy=DISTRUST)


def _damaged(error: Exception) -> SourceError:
    return SourceError(
        f"the archive cannot be unpacked: {error}", remedy="unpack it by hand to see why"
    )


COMPRESSIONS: dict[bytes, Callable[[Path], gzip.GzipFile | bz2.BZ2File | lzma.LZMAFile]] = {
    b"\x1f\x8b": gzip.GzipFile,
    b"BZh": bz2.BZ2File,
    b"\xfd7zXZ": lzma.LZMAFile,
}
ZIP_STARTS = (b"PK\x03\x04", b"PK\x05\x06")
