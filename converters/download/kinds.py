"""How each kind of source is fetched, and that nothing unpinned is."""

from __future__ import annotations

import contextlib
import hashlib
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

from converters.download import git
from converters.download.archives import unpack
from converters.download.content import Expected, Intake
from converters.download.failures import AbsentError
from converters.download.http import Web
from converters.download.local import below
from converters.download.options import Fetched, FetchOptions
from converters.download.places import file_name, places_of
from converters.download.progress import Progress, spelled
from converters.download.store import Partial, Store, place_copy
from converters.download.transfer import Place, Transfer
from converters.errors import SourceError
from converters.recipes.recipe import Source
from converters.stage import made_whole

CACHE = "cache"


def fetch(source: Source, model_folder: Path, out: Path, options: FetchOptions) -> Fetched:
    """Fetch a pinned source into the folder `out`."""
    with _told_of(source):
        if not source.is_pinned:
            raise SourceError(
                "is not pinned, and nothing is fetched whose content is not known",
                remedy=f"python -m converters.lock {model_folder.name}",
            )
        return FETCHERS[source.kind](source, model_folder, out, options)


def probe(source: Source, model_folder: Path, options: FetchOptions) -> Fetched:
    """Learn the size and sha256 of a source, or the commit of a repository."""
    with _told_of(source):
        if source.kind == "git":
            commit = git.resolve_commit(source.url, source.revision or "HEAD", options)
            return Fetched(model_folder, 0, "", "git", commit)
        if source.kind == "file":
            return _checked_file(source, model_folder)
        return _obtain(source, options)


@contextlib.contextmanager
def _told_of(source: Source) -> Iterator[None]:
    """Errors that name the source, also those of a disk."""
    try:
        yield
    except SourceError as error:
        error.subject = error.subject or f"source {source.key}"
        raise
    except OSError as error:
        raise SourceError(
            f"cannot be written: {error.strerror or error}",
            subject=f"source {source.key}",
            remedy="make room, or name another folder in ZOO_DOWNLOADS",
        ) from error


def _download(source: Source, _model_folder: Path, out: Path, options: FetchOptions) -> Fetched:
    found = _obtain(source, options)
    path = _put(source, found.path, out, place_copy)
    return Fetched(path, found.size, found.sha256, found.origin)


def _copy(source: Source, model_folder: Path, out: Path, _options: FetchOptions) -> Fetched:
    found = _checked_file(source, model_folder)
    path = _put(source, found.path, out, shutil.copyfile)
    return Fetched(path, found.size, found.sha256, found.origin)


def _check_out(source: Source, _model_folder: Path, out: Path, options: FetchOptions) -> Fetched:
    progress = Progress(source.key, options.quiet)
    with made_whole(out) as part:
        origin = git.check_out(source, part, options, progress)
    size = sum(path.lstat().st_size for path in out.rglob("*") if not path.is_dir())
    return Fetched(out, size, "", origin, source.commit)


FETCHERS: dict[str, Callable[[Source, Path, Path, FetchOptions], Fetched]] = {
    "url": _download,
    "gdrive": _download,
    "file": _copy,
    "git": _check_out,
}


def _put(source: Source, found: Path, out: Path, copy: Callable[[Path, Path], object]) -> Path:
    """The file below `out`, or its content if it is to be unpacked."""
    name = file_name(source)
    with made_whole(out) as part:
        if source.unpack:
            unpack(found, part)
        else:
            part.mkdir()
            copy(found, part / name)
    return out if source.unpack else out / name


def _checked_file(source: Source, model_folder: Path) -> Fetched:
    path = below(model_folder, source.path)
    size = path.stat().st_size
    expected = Expected(source.sha256, source.size, is_page=True)
    expected.check_start(0, size, b"")
    with path.open("rb") as file:
        digest = Intake(file, expected).finish()
    return Fetched(path, size, digest, "file")


def _obtain(source: Source, options: FetchOptions) -> Fetched:
    """The source among the downloads, from there or from the first place that serves it."""
    progress = Progress(source.key, options.quiet)
    store = Store(options.downloads)
    with Web(options) as web, store.partial(_partial_key(source)) as partial:
        places = places_of(source, web)
        found = store.find(source.sha256)
        if found is not None:
            size = found.stat().st_size
            progress.say(f"{spelled(size)}, downloaded before")
            return Fetched(found, size, source.sha256, CACHE)
        wanted = spelled(source.size) if source.size else "size not known"
        progress.say(f"{wanted}, sha256 {source.sha256 or 'not known yet'}")
        transfer = Transfer(partial, _expected(source), options, progress)
        place, digest = _first_served(source, places, transfer)
        _check_sha384(source, partial, place.name)
        kept = store.keep(partial, digest)
        size = kept.stat().st_size
        progress.say(f"{spelled(size)} from {place.name}")
        return Fetched(kept, size, digest, place.origin)


def _check_sha384(source: Source, partial: Partial, place: str) -> None:
    """Whoever publishes a file may state this digest alone."""
    if not source.sha384:
        return
    with partial.path.open("rb") as file:
        found = hashlib.file_digest(file, "sha384").hexdigest()
    if found != source.sha384:
        partial.drop()
        raise SourceError(
            f"{place} served other bytes: their sha384 is {found}, not {source.sha384}",
            remedy="correct sha384 in the recipe, or the address",
        )


def _expected(source: Source) -> Expected:
    is_page = file_name(source).lower().endswith((".html", ".htm"))
    return Expected(source.sha256, source.size, is_page)


def _partial_key(source: Source) -> str:
    if source.sha256:
        return source.sha256
    return "unpinned-" + hashlib.sha256(f"{source.url} {source.id}".encode()).hexdigest()


def _first_served(source: Source, places: list[Place], transfer: Transfer) -> tuple[Place, str]:
    """The first place that serves the source, and the sha256 of what it served."""
    failures: list[tuple[Place, SourceError]] = []
    for place in places:
        if place.is_network and transfer.options.offline:
            failures.append((place, AbsentError("not asked: offline")))
            continue
        try:
            return place, transfer.run(place)
        except SourceError as error:
            failures.append((place, error))
            transfer.progress.say(f"{place.name}: {error.cause}")
    raise _nothing_served(source, failures, transfer.options)


def _nothing_served(
    source: Source, failures: list[tuple[Place, SourceError]], options: FetchOptions
) -> SourceError:
    """Every place that was asked, why it failed, and what can be done."""
    reasons = "".join(f"\n  - {place.name}: {error.cause}" for place, error in failures)
    remedies = [error.remedy for _, error in failures if error.remedy]
    if options.offline:
        remedies.append("unset ZOO_OFFLINE")
    if source.sha256:
        stored = f"sha256/{source.sha256[:2]}/{source.sha256}"
        remedies.append(f"put the file at {stored} in a folder that ZOO_MIRRORS names")
    if not options.offline:
        remedies.append("check the network and the url in the recipe")
    return SourceError(
        f"no place served it:{reasons}", remedy="; or ".join(dict.fromkeys(remedies))
    )
