"""One variant in a release: its archive, and each of its artefacts as a file of its own.

Names carry the digest of the content: what does not change keeps its name from release to release.
"""

from __future__ import annotations

import hashlib
import json
from functools import cached_property
from pathlib import Path
from typing import Any

from converters.contents import file_digest, files_below, together
from converters.package import MANIFEST
from converters.release import archives, licences, origins
from converters.release.archives import Content
from converters.release.card import card
from converters.release.content import Offer
from converters.release.materials import withheld_pictures

CARD, NOTICE = "README.md", "NOTICE"
ARCHIVES, ARTIFACTS, TERMS = "archives", "artifacts", "licences"
SHORT = 12
"""Digits of a digest in a name."""


class Packed:
    """A variant and what a release makes of it."""

    def __init__(self, offer: Offer) -> None:
        self.offer = offer
        verdict = licences.verdict(offer.recipe.license, offer.recipe.folder)
        self.left_out = verdict.reason

    @property
    def stem(self) -> str:
        """What the names of its files begin with."""
        return f"{self.offer.recipe.id}-{self.offer.variant.name}"

    @cached_property
    def terms(self) -> dict[str, bytes]:
        """The files of its licence."""
        recipe = self.offer.recipe
        texts = licences.texts(recipe.license, recipe.folder)
        return {**texts, NOTICE: licences.notice(recipe.name, recipe.license, recipe.links)}

    @cached_property
    def card(self) -> bytes:
        """Its model card."""
        return card(self.offer).encode()

    @cached_property
    def members(self) -> dict[str, Content]:
        """Everything in its archive; the manifest lists all of it."""
        withheld = bool(withheld_pictures(self.offer))
        given = {n: p for n, p in self.offer.files.items() if not (withheld and _is_picture(n))}
        files: dict[str, Content] = {**given, **self.terms, CARD: self.card}
        listed = {n: f for n, f in self.offer.manifest["files"].items() if n in files}
        own = {name: _identity(content) for name, content in files.items() if name not in listed}
        own.pop(MANIFEST, None)
        text = json.dumps(
            {**self.offer.manifest, "files": {**listed, **own}},
            indent=2,
            sort_keys=True,
            ensure_ascii=False,
        )
        return {**files, MANIFEST: (text + "\n").encode()}

    @cached_property
    def digest(self) -> str:
        """Of all that is in its archive."""
        listed = json.loads(_bytes(self.members[MANIFEST]))["files"]
        return together({name: file["sha256"] for name, file in listed.items()})

    @property
    def archive_file(self) -> str:
        """Its archive, below the release's folder; empty if it is left out."""
        return "" if self.left_out else f"{ARCHIVES}/{self.stem}-{self.digest[:SHORT]}.zip"

    @cached_property
    def artifact_files(self) -> dict[str, str]:
        """Artefact -> its file, below the release's folder."""
        return (
            {} if self.left_out else {n: self._file(n, p) for n, p in self.offer.artifacts.items()}
        )

    def _file(self, name: str, path: Path) -> str:
        ending = ".zip" if path.is_dir() else path.suffix
        digest = self.offer.digests[name][:SHORT]
        return f"{ARTIFACTS}/{self.stem}-{name}-{digest}{ending}"

    def record(self) -> dict[str, Any]:
        """What the next release is compared with."""
        return {
            "digest": self.digest,
            "artifacts": self.offer.digests,
            "report": file_digest(self.offer.package / "report.json"),
            "card": hashlib.sha256(self.card).hexdigest(),
            "terms": together(
                {name: hashlib.sha256(t).hexdigest() for name, t in self.terms.items()}
            ),
            "makers": origins.makers(self.offer),
            "jobs": origins.own_parts(self.offer),
            "left_out": self.left_out,
        }

    def write(self, folder: Path) -> None:
        """Its files, unless its licence keeps it out."""
        if self.left_out:
            return
        archives.write(folder / self.archive_file, self.members, self.stem)
        for name, file in self.artifact_files.items():
            self._write(folder / file, name, self.offer.artifacts[name])
        for name, text in self.terms.items():
            path = folder / TERMS / self.offer.recipe.id / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text)

    def _write(self, target: Path, name: str, path: Path) -> None:
        """A file as it is; a folder as an archive, with the licence beside it."""
        if path.is_dir():
            inside = {f"{path.name}/{each}": path / each for each in files_below(path)}
            archives.write(target, {**inside, **self.terms}, f"{self.stem}-{name}")
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())


def _is_picture(name: str) -> bool:
    return name.startswith("pictures/")


def _identity(content: Content) -> dict[str, Any]:
    if isinstance(content, bytes):
        return {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
    return {"sha256": file_digest(content), "size": content.stat().st_size}


def _bytes(content: Content) -> bytes:
    return content if isinstance(content, bytes) else content.read_bytes()
