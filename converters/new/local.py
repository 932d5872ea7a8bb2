"""Files and folders of this machine: copied into the model's folder, packed where they are many."""

from __future__ import annotations

import gzip
import re
import subprocess
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from converters.contents import file_digest
from converters.download.archives import unpack
from converters.errors import SourceError
from converters.new import licences, onnx_file
from converters.new.findings import License
from converters.new.given import Given, Wish, chosen, field_of, prototxt_beside
from converters.new.kinds import ARCHIVE, kind_of

KEY = "network"


def given(path: Path, wish: Wish) -> Given:
    """A file or folder of this machine."""
    if not path.exists():
        raise SourceError("there is no such file", subject=str(path), remedy="correct the path")
    if path.name == "saved_model.pb":
        path = path.resolve().parent
    if (path / "model.yml").is_file():
        raise SourceError(
            "is a folder of Open Model Zoo",
            subject=str(path),
            remedy=f"python -m converters.importing {path}",
        )
    if path.is_dir() and not (path / "saved_model.pb").is_file():
        below, _ = chosen(path, wish, str(path))
        wish = wish._replace(path="")
        path = path / below
    root = top_of(path)
    found = licences.found_in(root, str(path.parent.relative_to(root)))
    kind = kind_of(path)
    return READERS.get(kind, _single)(path, kind, wish, (found, links_of(root)))


Known = tuple[License, Mapping[str, str]]


def _single(path: Path, kind: str, _wish: Wish, known: Known) -> Given:
    name = plain_name(path.name)
    return Given(
        path.name,
        kind,
        path,
        {KEY: entry(path, name)},
        {field_of(kind): KEY},
        {name: path},
        license=known[0],
        links=known[1],
    )


def _onnx(path: Path, kind: str, wish: Wish, known: Known) -> Given:
    """ONNX, with its weights if they lie beside it."""
    beside = onnx_file.external_files(path, path.name)
    if not beside:
        return _single(path, kind, wish, known)
    files = {p.relative_to(path.parent.resolve()).as_posix(): p for p in beside}
    return _packed(path, kind, {path.name: path, **files}, wish, known, below=path.name)


def _saved_model(path: Path, kind: str, wish: Wish, known: Known) -> Given:
    name = plain_name(path.resolve().name)
    files = sorted(p for p in path.rglob("*") if p.is_file())
    members = {f"{name}/{p.relative_to(path).as_posix()}": p for p in files}
    return _packed(path, kind, members, wish, known, below=name)


def _packed(
    path: Path, kind: str, members: Mapping[str, Path], wish: Wish, known: Known, below: str
) -> Given:
    name = f"{plain_name(path.resolve().name)}.tar.gz"
    archive = pack(members, wish.scratch / name)
    return Given(
        path.resolve().name,
        kind,
        path,
        {KEY: {**entry(archive, name), "unpack": True}},
        {field_of(kind): f"{KEY}/{below}"},
        {name: archive},
        license=known[0],
        links=known[1],
    )


def _caffe(path: Path, kind: str, wish: Wish, known: Known) -> Given:
    model = path.with_suffix(".caffemodel") if path.suffix == ".prototxt" else path
    if not model.is_file():
        raise SourceError("has no caffemodel beside it", subject=path.name, remedy="give that file")
    prototxt = Path(wish.prototxt) if wish.prototxt else prototxt_beside(model, model.name)
    if not prototxt.is_file():
        raise SourceError("there is no such file", subject=str(prototxt), remedy="correct it")
    names = {"weights": plain_name(model.name), KEY: plain_name(prototxt.name)}
    return Given(
        model.name,
        kind,
        model,
        {"weights": entry(model, names["weights"]), KEY: entry(prototxt, names[KEY])},
        {"prototxt": KEY, "caffemodel": "weights"},
        {names["weights"]: model, names[KEY]: prototxt},
        prototxt=prototxt,
        license=known[0],
        links=known[1],
    )


def _archive(path: Path, _kind: str, wish: Wish, known: Known) -> Given:
    name = plain_name(path.name)
    source = {**entry(path, name), "unpack": True}
    found = in_archive(path, path.name, source, wish)
    return Given(**{**vars(found), "copies": {name: path}, **_better(found, known)})


def _better(found: Given, known: Known) -> dict[str, Any]:
    """A licence in the archive counts before one beside it."""
    inside = found.license
    return {"license": known[0] if inside.spdx == "unknown" else inside, "links": known[1]}


READERS = {"onnx": _onnx, "saved_model": _saved_model, "caffe": _caffe, ARCHIVE: _archive}


def in_archive(path: Path, name: str, source: Mapping[str, Any], wish: Wish) -> Given:
    """The network in an archive, which is unpacked where nothing can leave it."""
    folder = wish.scratch / "unpacked"
    unpack(path, folder)
    below, kind = chosen(folder, wish, name)
    references = {field_of(kind): f"{KEY}/{below}"}
    prototxt = None
    if kind == "caffe":
        prototxt = prototxt_beside(folder / below, below)
        references["prototxt"] = f"{KEY}/{prototxt.relative_to(folder).as_posix()}"
    return Given(
        name if below == "." else Path(below).name,
        kind,
        folder / below,
        {KEY: source},
        references,
        prototxt=prototxt,
        license=licences.found_in(folder, str(Path(below).parent)),
    )


def entry(path: Path, name: str) -> dict[str, Any]:
    """A file as a source of the recipe."""
    size = path.stat().st_size
    return {"kind": "file", "path": name, "sha256": file_digest(path), "size": size}


def plain_name(name: str) -> str:
    """A file's name without what a recipe's paths may not hold."""
    return re.sub(r"[^A-Za-z0-9._+-]", "_", name).lstrip(".-~") or "network"


def pack(members: Mapping[str, Path], target: Path) -> Path:
    """A .tar.gz that is the same for the same content: no times, no owners, names in order."""
    with (
        target.open("wb") as raw,
        gzip.GzipFile("", "wb", fileobj=raw, mtime=0) as squeezed,
        tarfile.open(fileobj=squeezed, mode="w", format=tarfile.GNU_FORMAT) as tar,
    ):
        for name, path in sorted(members.items()):
            info = tarfile.TarInfo(name)
            info.size, info.mode = path.stat().st_size, 0o644
            with path.open("rb") as content:
                tar.addfile(info, content)
    return target


# The repository that a file lies in --------------------------------------------------------


def top_of(path: Path) -> Path:
    """The top of the repository that holds a file, or else its folder."""
    place = path.resolve().parent
    return next((p for p in (place, *place.parents) if (p / ".git").exists()), path.parent)


def links_of(root: Path) -> dict[str, str]:
    """Where the repository came from, if its remote says so in public terms."""
    remote = _git(root, ["config", "--get", "remote.origin.url"]).strip().removesuffix(".git")
    return {"repo": remote} if re.fullmatch(r"https?://[^\s/?#@\\]+/\S+", remote) else {}


def _git(root: Path, command: Sequence[str]) -> str:
    if not (root / ".git").exists():
        return ""
    done = subprocess.run(
        ["git", "-C", str(root), *command], capture_output=True, text=True, check=False
    )
    return done.stdout if done.returncode == 0 else ""
