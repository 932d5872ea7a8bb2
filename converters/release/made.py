"""A release in the making: gathered, compared with the one before, written whole or not at all."""

from __future__ import annotations

import argparse
import hashlib
import json
from collections.abc import Mapping
from functools import cached_property
from pathlib import Path
from typing import Any

from converters.contents import file_digest, files_below, together
from converters.errors import RecipeError, ZooError
from converters.package import MANIFEST
from converters.plan import Plan
from converters.release import bom, changes, gate, index, origins, provenance
from converters.release.changes import Change
from converters.release.content import Offer, offers, unbuilt
from converters.release.gate import Regression
from converters.release.packing import Packed
from converters.release.settings import INDEX, Settings, before, tagged
from converters.stage import made_whole
from converters.summary import size_text

CHECKSUMS = "SHA256SUMS"


class Release:
    """What one release holds, and what it is compared with."""

    def __init__(self, plan: Plan, settings: Settings, place: Path, previous: Path | None) -> None:
        self.plan, self.settings, self.place, self.before = plan, settings, place, previous

    @classmethod
    def of(cls, plan: Plan, settings: Settings, args: argparse.Namespace) -> Release:
        """As the command line and the configuration say."""
        version = args.version or settings.version or tagged()
        release = cls(plan, settings, args.out / (version or "unnamed"), None)
        if not version:
            release.place = args.out / f"content-{release.digest[:12]}"
        release.before = args.previous or before(args.out, release.version)
        if release.before is not None and not (release.before / INDEX).is_file():
            raise RecipeError(f"holds no {INDEX}", subject=str(release.before))
        return release

    @property
    def version(self) -> str:
        """Its name."""
        return self.place.name

    @cached_property
    def packed(self) -> list[Packed]:
        """Every variant that was built, packed for release or left out."""
        return [Packed(offer) for offer in offers(self.plan)]

    @property
    def offers(self) -> list[Offer]:
        """Every variant that was built."""
        return [each.offer for each in self.packed]

    @cached_property
    def unbuilt(self) -> dict[str, str]:
        """What was not built, and why."""
        return unbuilt(self.plan)

    @cached_property
    def digest(self) -> str:
        """Of all that it holds: equal for equal content."""
        return together({each.offer.name: each.digest for each in self.packed})

    @cached_property
    def rows(self) -> list[dict[str, Any]]:
        """The index, artefact by artefact."""
        found = ((e.offer, e.artifact_files, e.archive_file) for e in self.packed)
        return [row._asdict() for each in found for row in index.rows(*each)]

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """What the next release is compared with."""
        variants = {each.offer.name: each.record() for each in self.packed}
        stages = origins.shared_parts(self.offers)
        return {"schema": 1, "version": self.version, "stages": stages, "variants": variants}

    def _previous(self, name: str) -> Any:
        return json.loads((self.before / name).read_bytes()) if self.before else None

    @cached_property
    def changes(self) -> list[Change]:
        """What is another than in the release before; nothing, if there was none."""
        old = self._previous(MANIFEST)
        return changes.compared(old, self.manifest) if old else []

    @cached_property
    def regressions(self) -> list[Regression]:
        """What is worse than in the release before."""
        old = (self._previous(INDEX) or {}).get("artifacts", ())
        return gate.regressions(old, self.rows, self.settings.margins, self.settings.accept)

    def problems(self) -> list[str]:
        """Why it must not be released."""
        if not self.packed:
            raise ZooError("nothing was built", subject="results/", remedy="run snakemake first")
        found = gate.problems(self.plan, self.offers)
        beyond = [each for each in self.regressions if not each.is_accepted]
        remedy = "accept it by config.yaml: release.accept, or widen release.margins"
        return [*found, *(f"regression: {each}; {remedy}" for each in beyond)]

    # Writing it -----------------------------------------------------------------------------------

    def write(self) -> None:
        """Make the folder of the release; one of that name is replaced."""
        with made_whole(self.place) as folder:
            folder.mkdir()
            for each in self.packed:
                each.write(folder)
            files = {name: file_digest(folder / name) for name in files_below(folder)}
            texts = {**self._texts(), "sbom.cdx.json": self._bill(files)}
            digests = {
                name: hashlib.sha256(text.encode()).hexdigest() for name, text in texts.items()
            }
            texts["provenance.intoto.json"] = provenance.statement(
                self.version, {**files, **digests}, self.offers, self.settings.builder
            )
            for name, text in texts.items():
                (folder / name).write_text(text, encoding="utf-8")
            (folder / CHECKSUMS).write_text(checksums(folder))

    def _texts(self) -> dict[str, str]:
        left_out = [each for each in self.packed if each.left_out]
        data = {
            "schema": index.SCHEMA,
            "version": self.version,
            "previous": self.before.name if self.before else None,
            "digest": self.digest,
            "artifacts": self.rows,
            "left_out": {each.offer.name: each.left_out for each in left_out},
            "unbuilt": self.unbuilt,
            "changes": [change.record() for change in self.changes],
            "regressions": [each._asdict() for each in self.regressions],
        }
        listed = [index.Row(**row) for row in self.rows]
        return {
            INDEX: as_json(data),
            "index.csv": index.as_csv(listed),
            MANIFEST: as_json(self.manifest),
            "CHANGES.md": self._changes(),
            **({"LEFT_OUT.md": _left_out(left_out)} if left_out else {}),
        }

    def _changes(self) -> str:
        previous = self.before.name if self.before else ""
        text = changes.text(self.version, previous, self.changes, self.unbuilt)
        listed = [f"- {each}" for each in self.regressions]
        return "\n".join([text, "## Regressions", "", *listed, ""]) if listed else text

    def _bill(self, files: Mapping[str, str]) -> str:
        held = {e.offer.name: files[e.archive_file] for e in self.packed if e.archive_file}
        return bom.bill(self.version, self.digest, self.offers, held)

    def summary(self) -> str:
        """What was made, in a few lines."""
        held = [each for each in self.packed if not each.left_out]
        size = sum(path.stat().st_size for path in self.place.rglob("*") if path.is_file())
        lines = [
            f"{self.place}: {len(held)} variants, {len(self.rows)} artefacts, {size_text(size)}",
            *(f"  left out: {e.offer.name}: {e.left_out}" for e in self.packed if e.left_out),
            f"  not built: {len(self.unbuilt)} (listed in {self.place}/CHANGES.md)",
        ]
        if self.before:
            told = ", ".join(f"{each.name} {each.kind}" for each in self.changes) or "nothing"
            lines.append(f"  since {self.before.name}: {told}")
        return "\n".join(lines)


def checksums(folder: Path) -> str:
    """The lines that `sha256sum --check` reads."""
    return "".join(f"{file_digest(folder / name)}  {name}\n" for name in files_below(folder))


def as_json(data: Any) -> str:
    """JSON with a stable order of keys."""
    return json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _left_out(found: list[Packed]) -> str:
    """What was built and verified and is not here, and where to get it."""
    lines = ["# Built and verified, but not part of this release", ""]
    for each in found:
        where = index.link(each.offer)
        lines.append(
            f"- {each.offer.name}: {each.left_out}{f'; get it at <{where}>' if where else ''}"
        )
    return "\n".join([*lines, "", "Their recipes build them from there.", ""])
