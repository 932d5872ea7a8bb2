"""Archives that are the same bytes wherever they are made: sorted, stored, without time or owner.

Files are stored as they are: what zlib makes of them differs from build to build of zlib, and
weights shrink by a few per cent only.
"""

from __future__ import annotations

import shutil
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import IO

from converters.stage import made_whole

LONG_AGO = (1980, 1, 1, 0, 0, 0)
"""The first moment that a zip file can name."""

MODE = 0o100644

Content = Path | bytes


def write(target: Path, members: Mapping[str, Content], top: str) -> None:
    """Write a zip file, whole or not at all, with all members below one folder."""
    with made_whole(target) as part, zipfile.ZipFile(part, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(members):
            _add(archive, f"{top}/{name}", members[name])


def _add(archive: zipfile.ZipFile, name: str, content: Content) -> None:
    entry = zipfile.ZipInfo(name, LONG_AGO)
    entry.create_system = 3  # unix, whose file mode is in the upper half of the next
    entry.external_attr = MODE << 16
    with archive.open(entry, "w", force_zip64=size_of(content) >= 2**31) as file:
        _copy(content, file)


def _copy(content: Content, file: IO[bytes]) -> None:
    if isinstance(content, bytes):
        file.write(content)
    else:
        with content.open("rb") as source:
            shutil.copyfileobj(source, file, 1 << 20)


def size_of(content: Content) -> int:
    """Bytes of a member."""
    return len(content) if isinstance(content, bytes) else content.stat().st_size
