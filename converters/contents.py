"""Contents: what files and folders hold, as digests that no clock, path or user can change.

Every format that a stage writes is made reproducible where it is written, so the digest of a file
is that of its bytes; a folder's is that of its files and their names. Snakemake's own marks in
folders do not count.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ONLY_SNAKEMAKES = ".snakemake_timestamp"
"""What Snakemake leaves in every folder that a rule makes."""

ABSENT = "absent"


class Stamp(NamedTuple):
    """What tells, without reading it, that a file is the one that was digested."""

    size: int  # bytes
    mtime_ns: int

    @classmethod
    def of(cls, path: Path) -> Stamp:
        """The stamp of a file as it is now."""
        found = path.stat()
        return cls(found.st_size, found.st_mtime_ns)


def file_digest(path: Path) -> str:
    """The sha256 of a file's bytes, in hex; `absent` if there is none."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (FileNotFoundError, NotADirectoryError):
        return ABSENT


def files_below(path: Path) -> Iterator[str]:
    """The files of a folder, relative to it and sorted; `.` for a file itself; no links."""
    if not path.is_dir():
        yield from (["."] if path.exists() or path.is_symlink() else [])
        return
    found = []
    for folder, _folders, names in os.walk(path):
        below = Path(folder).relative_to(path)
        found += [(below / name).as_posix() for name in names if name != ONLY_SNAKEMAKES]
    yield from sorted(found)


def content_digest(path: Path) -> str:
    """The digest of a file, or of a folder: its files' names and digests."""
    if not path.is_dir():
        return file_digest(path)
    return together({name: file_digest(path / name) for name in files_below(path)})


def together(digests: dict[str, str]) -> str:
    """One digest for several named ones, in whatever order they come."""
    lines = "".join(f"{digest} {name}\n" for name, digest in sorted(digests.items()))
    return hashlib.sha256(lines.encode()).hexdigest()
