"""A store in a folder, which many machines may share: every write is a rename."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import BinaryIO

from converters.store.shelf import Held

PARTIAL = "partial"
STALE_AFTER = 24 * 3600.0
"""Seconds after which a half-written file cannot have a writer any more."""


class FolderShelf:
    """Named things in a folder."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.place = str(root)

    def open(self, name: str) -> BinaryIO:
        """Read a thing; FileNotFoundError if it is not there."""
        return (self.root / name).open("rb")

    def has(self, name: str) -> bool:
        """Whether a thing is there."""
        return (self.root / name).is_file()

    def put(self, name: str, content: BinaryIO) -> None:
        """Write a thing; readers see it whole or not at all, and of several writers one wins."""
        target = self.root / name
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = self.root / PARTIAL
        partial.mkdir(exist_ok=True)
        with NamedTemporaryFile(dir=partial, delete=False) as part:
            try:
                shutil.copyfileobj(content, part, 1 << 20)
                part.flush()
                os.fsync(part.fileno())
                Path(part.name).chmod(0o644)
                Path(part.name).replace(target)
            except BaseException:
                Path(part.name).unlink(missing_ok=True)
                raise

    def use(self, name: str) -> None:
        """Note that a thing was used now."""
        os.utime(self.root / name)

    def drop(self, name: str) -> None:
        """Take a thing away; nothing happens if it is gone already."""
        (self.root / name).unlink(missing_ok=True)

    def held(self, below: str) -> Iterator[Held]:
        """Everything below a name, with its size and when it was last used."""
        for path in sorted((self.root / below).rglob("*")):
            try:
                found = path.stat()
            except FileNotFoundError:  # another process takes it away
                continue
            if path.is_file():
                name = path.relative_to(self.root).as_posix()
                yield Held(name, found.st_size, found.st_mtime)

    def sweep(self) -> None:
        """Remove what a killed writer left half-written."""
        for path in (self.root / PARTIAL).glob("*"):
            if path.stat().st_mtime < time.time() - STALE_AFTER:
                path.unlink(missing_ok=True)
