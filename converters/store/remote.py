"""A store at a URL, by fsspec: S3, GCS, ssh, or plain http(s) to read from.

What a scheme needs beyond fsspec itself (s3fs, gcsfs, paramiko, aiohttp) is installed by those
who use it; fsspec names it where it is missing.
"""

from __future__ import annotations

import contextlib
import shutil
import uuid
from collections.abc import Iterator
from typing import Any, BinaryIO, cast

from converters.errors import ZooError
from converters.store.shelf import Held

PUT_AT_ONCE = ("s3", "s3a", "gs", "gcs", "abfs", "az", "memory")
"""Schemes whose objects appear whole: elsewhere a file is written aside and renamed."""


class RemoteShelf:
    """Named things below a URL."""

    def __init__(self, url: str) -> None:
        import fsspec

        self.place = url
        try:
            self.system, root = fsspec.core.url_to_fs(url)
        except (ImportError, ValueError) as error:
            raise ZooError(
                str(error), subject=f"cache {url}", remedy="install what fsspec asks for"
            ) from error
        self.root = str(root).rstrip("/")
        self.is_atomic = url.split("://")[0] in PUT_AT_ONCE

    def _at(self, name: str) -> str:
        return f"{self.root}/{name}"

    def open(self, name: str) -> BinaryIO:
        """Read a thing; FileNotFoundError if it is not there."""
        return cast(BinaryIO, self.system.open(self._at(name), "rb"))

    def has(self, name: str) -> bool:
        """Whether a thing is there."""
        return bool(self.system.exists(self._at(name)))

    def put(self, name: str, content: BinaryIO) -> None:
        """Write a thing; readers see it whole or not at all."""
        target = self._at(name)
        part = target if self.is_atomic else f"{self.root}/partial-{uuid.uuid4().hex}"
        with contextlib.suppress(FileExistsError, NotImplementedError):
            self.system.makedirs(target.rsplit("/", 1)[0], exist_ok=True)
        with self.system.open(part, "wb") as file:
            shutil.copyfileobj(content, cast(Any, file), 1 << 20)
        if part != target:
            self.system.mv(part, target)

    def use(self, name: str) -> None:
        """Most remote places do not note when a thing was last read; they age things by writing."""

    def drop(self, name: str) -> None:
        """Take a thing away; nothing happens if it is gone already."""
        with contextlib.suppress(FileNotFoundError):
            self.system.rm_file(self._at(name))

    def held(self, below: str) -> Iterator[Held]:
        """Everything below a name, with its size and when it was written, if the place tells."""
        found = self.system.find(self._at(below), detail=True)
        for path, facts in sorted(found.items()):
            name = str(path).removeprefix(self.root).lstrip("/")
            yield Held(name, int(facts.get("size") or 0), _seconds(facts))

    def sweep(self) -> None:
        """Nothing to do: what a killed writer left is never read, and the place may expire it."""


def _seconds(facts: dict[str, Any]) -> float:
    for name in ("mtime", "LastModified", "updated", "created"):
        value = facts.get(name)
        if value is not None:
            return float(value.timestamp() if hasattr(value, "timestamp") else value)
    return 0.0
