"""What a source must be, checked while it streams; what is often served in its place."""

from __future__ import annotations

import hashlib
from typing import BinaryIO, NamedTuple

from converters.download.failures import WrongContentError

BLOCK = 1 << 20
HEAD = 512
"""Bytes that are enough to recognise a page."""

PAGE_STARTS = (b"<!doctype html", b"<html", b"<head", b"<body", b"<script")
LFS_START = b"version https://git-lfs.github.com/spec/"

PAGE_REMEDY = "open the address in a browser to see what it wants, and correct the url"
LFS_REMEDY = (
    "name the address of the file itself, such as "
    "https://media.githubusercontent.com/media/<owner>/<name>/<commit>/<path>"
)
CHANGED_REMEDY = "if the publisher changed the file on purpose, run python -m converters.lock <id>"


class Expected(NamedTuple):
    """What the recipe says of a source; what it does not say is not checked."""

    sha256: str = ""
    size: int | None = None
    is_page: bool = False  # the source is an HTML page itself

    def check_start(self, start: int, total: int | None, first: bytes) -> None:
        """Refuse what shows at once, by its first bytes or its size, that it is something else."""
        if not (start or self.is_page):
            refuse_stand_in(first)
        if self.size is not None and total is not None and total != self.size:
            raise WrongContentError(
                f"has {total} bytes, expected {self.size}", remedy=CHANGED_REMEDY
            )


class Intake:
    """A file that grows by what is served, hashed and checked on the way."""

    def __init__(self, file: BinaryIO, expected: Expected) -> None:
        self.expected = expected
        self.size = 0
        self._file = file
        self._hash = hashlib.sha256()
        self._head = b""
        while block := file.read(BLOCK):
            self._count(block)

    def take(self, chunk: bytes) -> None:
        """Write one more chunk, unless it already shows that this is something else."""
        self._count(chunk)
        if self.expected.size is not None and self.size > self.expected.size:
            raise WrongContentError(
                f"serves more than the expected {self.expected.size} bytes", remedy=CHANGED_REMEDY
            )
        self._file.write(chunk)

    def finish(self) -> str:
        """The sha256 of all, which must be the expected one."""
        self._refuse_stand_in()
        digest = self._hash.hexdigest()
        if self.expected.sha256 and digest != self.expected.sha256:
            raise WrongContentError(
                f"wrong checksum: expected sha256 {self.expected.sha256}, got {digest} "
                f"({self.size} bytes)",
                remedy=CHANGED_REMEDY,
            )
        return digest

    def _count(self, chunk: bytes) -> None:
        self._hash.update(chunk)
        self.size += len(chunk)
        if len(self._head) < HEAD:
            self._head += chunk[: HEAD - len(self._head)]
            if len(self._head) == HEAD:
                self._refuse_stand_in()

    def _refuse_stand_in(self) -> None:
        if not self.expected.is_page:
            refuse_stand_in(self._head)


def refuse_stand_in(head: bytes, content_type: str = "") -> None:
    """Say what stands in place of weights, judged by its first bytes and its announced type."""
    if is_page(head, content_type):
        raise WrongContentError("serves an HTML page in place of the file", remedy=PAGE_REMEDY)
    if head.startswith(LFS_START):
        raise WrongContentError("serves a Git LFS pointer in place of the file", remedy=LFS_REMEDY)


def is_page(head: bytes, content_type: str = "") -> bool:
    """Whether this is how an HTML page starts."""
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith(PAGE_STARTS):
        return True
    if "html" in content_type.lower():
        return text.startswith(b"<")
    return text.startswith((b"<?xml", b"<!--")) and any(tag in text for tag in PAGE_STARTS[:2])
