"""What somebody gives to be added, ready to be looked at: where it lies and comes from."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from converters.errors import SourceError
from converters.new.findings import License
from converters.new.kinds import ARCHIVE, BY_ENDING, ending_of, kind_of
from converters.new.licences import UNKNOWN

MOST_CANDIDATES = 20
PASSED_BY = {".git", "node_modules", "__MACOSX"}


class Wish(NamedTuple):
    """What the command line says beside the file, address or repository."""

    path: str = ""  # which file of an archive or repository
    prototxt: str = ""  # of a caffemodel, where it does not lie beside
    scratch: Path = Path()  # a folder for files on the way
    data_sets: tuple[str, ...] = ()  # that recipes of this zoo share


@dataclass(frozen=True)
class Given:
    """One network: its file on this disk, and how a recipe names it."""

    name: str  # what it is called, for guesses and messages
    kind: str
    path: Path  # file, or folder of a SavedModel
    sources: Mapping[str, Mapping[str, Any]]  # as in the recipe
    references: Mapping[str, str]  # field of `load` -> source, or path below one
    copies: Mapping[str, Path] = field(default_factory=dict)  # name in the model's folder -> file
    prototxt: Path | None = None  # Caffe
    license: License = UNKNOWN
    links: Mapping[str, str] = field(default_factory=dict)
    repository: Path | None = None  # its files, to look for the network's code
    decisions: tuple[str, ...] = ()  # what a person must decide about the sources


FIELD_OF_KIND: Mapping[str, str] = {"pytorch": "weights", "caffe": "caffemodel"}


def field_of(kind: str) -> str:
    """The field of `load` that names a network of a kind."""
    return FIELD_OF_KIND.get(kind, "model")


def candidates(folder: Path) -> dict[str, str]:
    """The networks below a folder, by path, each with its kind."""
    found: dict[str, str] = {}
    for place, folders, names in os.walk(folder):
        below = Path(place).relative_to(folder)
        if "saved_model.pb" in names:
            found[below.as_posix()] = "saved_model"
            folders[:] = []
            continue
        folders[:] = sorted(f for f in folders if f not in PASSED_BY)
        for name in sorted(names):
            kind = BY_ENDING.get(ending_of(name), ARCHIVE)
            if kind != ARCHIVE and ending_of(name) != ".prototxt":
                found[(below / name).as_posix()] = kind
    return found


def chosen(folder: Path, wish: Wish, what: str) -> tuple[str, str]:
    """The one network of a folder that is meant, and its kind."""
    found = candidates(folder)
    if wish.path:
        return _named(folder, wish.path, what)
    if len(found) == 1:
        return next(iter(found.items()))
    if not found:
        raise SourceError(
            "holds no network that is known here",
            subject=what,
            remedy="give the address of the file itself; READMEs often link to one elsewhere",
        )
    shown = "".join(f"\n  --path {path}" for path in list(found)[:MOST_CANDIDATES])
    more = len(found) - MOST_CANDIDATES
    rest = f"\n  and {more} more" if more > 0 else ""
    raise SourceError(
        f"holds {len(found)} networks:{shown}{rest}", subject=what, remedy="choose one with --path"
    )


def _named(folder: Path, path: str, what: str) -> tuple[str, str]:
    place = (folder / path).resolve()
    if not place.is_relative_to(folder.resolve()) or not place.exists():
        raise SourceError(f"holds no {path}", subject=what, remedy="name a path in it with --path")
    return place.relative_to(folder.resolve()).as_posix(), kind_of(place)


def prototxt_beside(caffemodel: Path, name: str) -> Path:
    """The prototxt that goes with a caffemodel: of the same name, or the only one there."""
    there = sorted(caffemodel.parent.glob("*.prototxt"))
    same = [path for path in there if path.stem == caffemodel.stem]
    deploy = [path for path in there if "deploy" in path.stem]
    for found in (same, deploy, there):
        if len(found) == 1:
            return found[0]
    raise SourceError(
        f"has {len(there)} prototxt files beside it",
        subject=name,
        remedy="name the one that goes with it with --prototxt",
    )


def called(path: Path, name: str, scratch: Path) -> Path:
    """The same file under its own name: readers go by endings, downloads are named by digest."""
    if path.name == name:
        return path
    link = scratch / "named" / (Path(name).name or "file")
    link.parent.mkdir(parents=True, exist_ok=True)
    link.unlink(missing_ok=True)
    link.symlink_to(path.resolve())
    return link
