"""Where a source is asked for, and in which order: mirrors, its address, other addresses."""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from urllib.parse import SplitResult, unquote, urlsplit

from converters.download.drive import Drive
from converters.download.failures import AbsentError
from converters.download.http import Stream, Web
from converters.download.local import open_file, path_of
from converters.download.store import stored_at
from converters.download.transfer import Place
from converters.errors import SourceError
from converters.recipes.recipe import Source

MIRROR_ATTEMPTS = 2
SCHEMES = ("https", "http", "file")


def places_of(source: Source, web: Web) -> list[Place]:
    """Every place that may serve a source, in the order of asking."""
    options = web.options
    mirrors = [_mirror(m, source.sha256, web) for m in options.mirrors if source.sha256]
    own = _drive(source, web) if source.kind == "gdrive" else _address(source.url, web)
    return [*mirrors, own, *(_address(url, web) for url in source.mirrors)]


def _mirror(entry: str, sha256: str, web: Web) -> Place:
    parts = urlsplit(entry)
    if parts.scheme in ("http", "https"):
        url = f"{entry.rstrip('/')}/{stored_at(sha256)}"
        name = f"mirror {without_secrets(entry)}"
        return Place(name, "mirror", partial(web.open, url), attempts=MIRROR_ATTEMPTS)
    folder = path_of(parts) if parts.scheme == "file" else Path(entry).expanduser()
    opener = partial(_open_in_mirror, folder, sha256)
    return Place(f"mirror {folder}", "mirror", opener, is_network=False)


@contextlib.contextmanager
def _open_in_mirror(folder: Path, sha256: str, offset: int, etag: str) -> Iterator[Stream]:
    if not folder.is_dir():
        raise AbsentError("there is no such folder")
    with open_file(folder / stored_at(sha256), offset, etag) as stream:
        yield stream


def _address(url: str, web: Web) -> Place:
    parts = checked(url)
    name = without_secrets(url)
    if parts.scheme.lower() == "file":
        return Place(name, "url", partial(open_file, path_of(parts)), is_network=False)
    return Place(name, "url", partial(web.open, url))


def _drive(source: Source, web: Web) -> Place:
    if not re.fullmatch(r"[A-Za-z0-9_-]+", source.id):
        raise SourceError(
            f"{source.id!r} is not the id of a file on Google Drive",
            remedy="give what stands between /d/ and /view in its link",
        )
    drive = Drive(web, web.options.drive)
    return Place(f"Google Drive {source.id}", "url", partial(drive.open, source.id))


def checked(url: str) -> SplitResult:
    """An address in parts, if its scheme is one that is fetched."""
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise SourceError(f"{url!r} is not an address: {error}") from error
    scheme = parts.scheme.lower()
    if scheme not in SCHEMES or (scheme != "file" and not parts.hostname):
        raise SourceError(
            f"{without_secrets(url)!r} cannot be fetched",
            remedy="give an https:, http: or file: URL",
        )
    return parts


def without_secrets(url: str) -> str:
    """An address as it may stand in a log: without user, password and query."""
    parts = urlsplit(url)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2], query="", fragment="").geturl()


def file_name(source: Source) -> str:
    """The name under which a source is stored."""
    if source.filename:
        if source.filename in (".", "..") or re.search(r"[/\\\x00-\x1f]", source.filename):
            raise SourceError(
                f"filename {source.filename!r} is not a plain name", remedy="leave out the folders"
            )
        return source.filename
    last = (urlsplit(source.url).path or source.path).rpartition("/")[2]
    return re.sub(r"[^A-Za-z0-9._+-]", "_", unquote(last)).lstrip(".") or source.key
