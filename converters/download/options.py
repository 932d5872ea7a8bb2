"""How sources are fetched: where to ask first, how patiently; and what came of it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from converters.errors import RecipeError

GOOGLE_DRIVE = "https://drive.usercontent.google.com"
FALSE_WORDS = ("", "0", "no", "off", "false")


@dataclass(frozen=True)
class FetchOptions:
    """Where to ask before the network, and how long to keep trying."""

    mirrors: tuple[str, ...] = ()  # folders or base URLs holding sha256/<2 hex>/<sha256>
    offline: bool = False  # never ask the network; folders and file: URLs are still read
    downloads: Path = Path("sources/.downloads")  # what was fetched once, by its sha256
    attempts: int = 4  # fruitless ones in a row, for each place
    backoff: float = 1.0  # seconds before the second attempt; doubled for each further one
    connect_timeout: float = 15.0  # seconds
    read_timeout: float = 60.0  # seconds without a byte
    stall_seconds: float = 60.0  # a window of this length ...
    stall_bytes: int = 16_384  # ... with less than this means that the line is stalled
    drive: str = GOOGLE_DRIVE  # base URL of Google Drive's downloads
    quiet: bool = False  # say nothing on stderr

    @classmethod
    def from_environment(
        cls,
        config: Mapping[str, Any] | None = None,
        environment: Mapping[str, str] = os.environ,
        **settings: Any,
    ) -> FetchOptions:
        """Options from `config.yaml` and the variables ZOO_MIRRORS, ZOO_OFFLINE, ZOO_DOWNLOADS."""
        config = config or {}
        offline = environment.get("ZOO_OFFLINE", "").strip().lower() not in FALSE_WORDS
        found = {
            "mirrors": _mirrors(environment.get("ZOO_MIRRORS", ""), config.get("mirrors")),
            "offline": offline or config.get("offline") is True,
            "downloads": Path(environment.get("ZOO_DOWNLOADS") or cls.downloads),
            "drive": environment.get("ZOO_GOOGLE_DRIVE") or cls.drive,
        }
        return cls(**{**found, **settings})


@dataclass(frozen=True)
class Fetched:
    """A source that was fetched, and by which way."""

    path: Path  # the file; the folder of an unpacked archive or of a repository's files
    size: int  # bytes: of the file or archive; of all files of a repository
    sha256: str  # of the file or archive; empty for a repository
    origin: str  # mirror | url | git | file | cache
    commit: str = ""  # git


def split_mirrors(text: str) -> tuple[str, ...]:
    """The entries of ZOO_MIRRORS: parted by white space, commas or the path separator.

    A colon parts only where none of a URL's own stands: before `//`, or before a port.
    """
    between = re.escape(os.pathsep)
    parts = re.split(rf"[\s,]+|{between}(?!//|\d+(?:/|$|[\s,{between}]))", text)
    return tuple(part for part in parts if part)


def _mirrors(variable: str, configured: Any) -> tuple[str, ...]:
    """Those of the environment first, each once."""
    listed = [configured] if isinstance(configured, str) else configured or []
    if not isinstance(listed, list | tuple) or not all(isinstance(item, str) for item in listed):
        raise RecipeError(
            f"must be a list of folders or base URLs, not {configured!r}",
            subject="config.yaml: mirrors",
            remedy="write mirrors: [path/to/folder, https://host/base]",
        )
    return tuple(dict.fromkeys([*split_mirrors(variable), *listed]))
