"""Addresses: files that are downloaded once to be looked at, and repositories at one commit."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import parse_qs, unquote, urlsplit

from converters import download
from converters.download import FetchOptions
from converters.errors import SourceError, ZooError
from converters.new import licences, local
from converters.new.findings import License
from converters.new.given import Given, Wish, called, chosen, field_of, prototxt_beside
from converters.new.kinds import ARCHIVE, kind_of
from converters.recipes.recipe import Source

KEY = local.KEY
FORGES = ("github.com", "gitlab.com", "codeberg.org", "bitbucket.org")
RAW = "https://raw.githubusercontent.com"
FULL_COMMIT = re.compile(r"[0-9a-f]{40}")


class Address(NamedTuple):
    """What an address leads to."""

    kind: str  # url | gdrive | git
    url: str = ""
    id: str = ""  # gdrive
    revision: str = "HEAD"
    path: str = ""  # in the repository
    repository: str = ""  # the repository that serves the file


def address_of(text: str) -> Address:
    """The address of a file or repository as recipes have it; pages about files become files."""
    parts = urlsplit(text)
    host = (parts.hostname or "").removeprefix("www.")
    steps = [unquote(step) for step in parts.path.strip("/").split("/") if step]
    if host in ("drive.google.com", "docs.google.com"):
        return _on_drive(text, parts.query, steps)
    if host == "raw.githubusercontent.com" and len(steps) > 3:
        return _of_github(steps[:2], steps[2], steps[3:])
    if host == "github.com" and len(steps) > 4 and steps[2] in ("blob", "raw"):
        return _of_github(steps[:2], steps[3], steps[4:])
    if host == "github.com" and len(steps) > 3 and steps[2] == "tree":
        url = f"https://github.com/{'/'.join(steps[:2])}"
        return Address("git", url, revision=steps[3], path="/".join(steps[4:]), repository=url)
    if parts.path.endswith(".git") or (host in FORGES and len(steps) == 2):
        url = parts._replace(query="", fragment="").geturl().rstrip("/")
        return Address("git", url, repository=url.removesuffix(".git"))
    if host == "huggingface.co":
        return _of_huggingface(text, steps)
    own = f"https://github.com/{'/'.join(steps[:2])}" if host == "github.com" else ""
    return Address("url", text, repository=own)


def _on_drive(text: str, query: str, steps: list[str]) -> Address:
    named = parse_qs(query).get("id", [""])[0]
    after = steps[steps.index("d") + 1] if "d" in steps[:-1] else ""
    if not (named or after):
        raise SourceError(
            "names no file on Google Drive", subject=text, remedy="give the link of one file"
        )
    return Address("gdrive", id=named or after)


def _of_github(repository: list[str], revision: str, path: list[str]) -> Address:
    home = f"https://github.com/{'/'.join(repository)}"
    url = f"{RAW}/{'/'.join(repository)}/{revision}/{'/'.join(path)}"
    return Address("url", url, revision=revision, path="/".join(path), repository=home)


def _of_huggingface(text: str, steps: list[str]) -> Address:
    if len(steps) < 5 or steps[2] not in ("blob", "resolve"):
        raise SourceError(
            "is a page, not a file",
            subject=text,
            remedy="give the address of a file: https://huggingface.co/<owner>/<name>/resolve/"
            "<revision>/<file>",
        )
    home = f"https://huggingface.co/{'/'.join(steps[:2])}"
    url = f"{home}/resolve/{'/'.join(steps[3:])}"
    path = "/".join(steps[4:])
    return Address("url", url, revision=steps[3], path=path, repository=home)


# Files ----------------------------------------------------------------------------------------


def given(text: str, wish: Wish) -> Given:
    """What an address serves."""
    address = address_of(text)
    if address.kind == "git":
        return _repository(address, wish)
    address, doubts = _pinned(address)
    name = Path(unquote(urlsplit(address.url).path)).name or address.id
    path, source = fetched(address, name)
    path = called(path, name, wish.scratch)
    kind = kind_of(path, name)
    license_found = _licence_of(address)
    links = {"repo": address.repository} if address.repository else {}
    more: dict[str, Any] = {"license": license_found, "links": links, "decisions": doubts}
    if kind == ARCHIVE:
        found = local.in_archive(path, name, {**source, "unpack": True}, wish)
        inside = found.license
        more["license"] = license_found if inside.spdx == "unknown" else inside
        return Given(**{**vars(found), **more})
    if kind == "caffe":
        return _caffe(path, name, source, wish, more)
    return Given(name, kind, path, {KEY: source}, {field_of(kind): KEY}, **more)


def fetched(address: Address, name: str) -> tuple[Path, dict[str, Any]]:
    """A file that was downloaded once, and its source in the recipe, pinned."""
    source = Source(KEY, address.kind, url=address.url, id=address.id)
    found = download.probe(source, Path())
    place = {"url": address.url} if address.url else {"id": address.id}
    plain = local.plain_name(name)
    named = {} if plain == name else {"filename": plain}
    pins = {"sha256": found.sha256, "size": found.size, **named}
    return found.path, {"kind": address.kind, **place, **pins}


def _caffe(
    path: Path, name: str, source: Mapping[str, Any], wish: Wish, more: Mapping[str, Any]
) -> Given:
    if not wish.prototxt:
        raise SourceError(
            "is a caffemodel alone",
            subject=name,
            remedy="give the address of its prototxt with --prototxt",
        )
    address, doubts = _pinned(address_of(wish.prototxt))
    other = Path(unquote(urlsplit(address.url).path)).name
    prototxt, entry = fetched(address, other)
    both = {**more, "decisions": (*more["decisions"], *doubts)}
    references = {"prototxt": KEY, "caffemodel": "weights"}
    sources = {"weights": source, KEY: entry}
    return Given(name, "caffe", path, sources, references, prototxt=prototxt, **both)


def _pinned(address: Address) -> tuple[Address, tuple[str, ...]]:
    """A file of a branch at the commit that the branch stands at now."""
    if not address.path or FULL_COMMIT.fullmatch(address.revision):
        return address, ()
    try:
        commit = download.resolve_commit(address.repository, address.revision, _once())
    except ZooError:
        doubt = f"the file of a branch ({address.revision}) may change: name a commit instead"
        return address, (doubt,)
    url = address.url.replace(f"/{address.revision}/", f"/{commit}/", 1)
    return address._replace(url=url, revision=commit), ()


def _licence_of(address: Address) -> License:
    """The licence of the repository that serves a file; unknown where it serves none."""
    if not address.repository:
        return licences.UNKNOWN
    if "huggingface.co" in address.repository:
        url = f"{address.repository}/resolve/{address.revision}/README.md"
        text = _text_at(url)
        return (
            licences.of_card(text, "the model card", address.repository)
            if text
            else (licences.UNKNOWN)
        )
    owner = urlsplit(address.repository).path.strip("/")
    for name in licences.NAMES:
        text = _text_at(f"{RAW}/{owner}/{address.revision}/{name}")
        if text:
            url = f"{address.repository}/blob/{address.revision}/{name}"
            return licences.recognised(text, name, url)
    return licences.UNKNOWN


def _text_at(url: str) -> str:
    try:
        found = download.probe(Source("licence", "url", url=url), Path(), _once())
    except ZooError:
        return ""
    return found.path.read_bytes()[: licences.LARGEST].decode("utf-8", "replace")


def _once() -> FetchOptions:
    return FetchOptions.from_environment(attempts=1, quiet=True, connect_timeout=10.0)


# Repositories ---------------------------------------------------------------------------------


def _repository(address: Address, wish: Wish) -> Given:
    """The network in a repository, at the commit that its branch stands at now."""
    commit = download.resolve_commit(address.url, address.revision)
    folder = wish.scratch / "repository"
    source = Source("code", "git", url=address.url, commit=commit)
    download.fetch(source, wish.scratch, folder)
    start = folder / address.path
    if address.path and not start.exists():
        raise SourceError(f"holds no {address.path}", subject=address.url, remedy="correct it")
    if start.is_file() and not wish.path:
        wish = wish._replace(path=address.path)
    below, kind = chosen(folder, wish, address.url)
    references = {field_of(kind): f"code/{below}"}
    prototxt = None
    if kind == "caffe":
        prototxt = prototxt_beside(folder / below, below)
        references["prototxt"] = f"code/{prototxt.relative_to(folder).as_posix()}"
    kind_of(folder / below)  # a pointer of Git LFS is no file
    home = f"{address.repository}/blob/{commit}"
    return Given(
        Path(below).name,
        kind,
        folder / below,
        {"code": {"kind": "git", "url": address.url, "revision": commit}},
        references,
        prototxt=prototxt,
        license=licences.found_in(folder, str(Path(below).parent), home),
        links={"repo": address.repository},
        repository=folder,
    )
