"""Licences: what may be handed on, what its terms are called, and their text.

The kinds of licences come from the index that `license-expression` brings (ScanCode's LicenseDB);
their texts from `texts/`, which holds those of the SPDX list.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import NamedTuple

import license_expression

from converters.recipes.recipe import License

TEXTS = Path(__file__).parent / "texts"

OWN_TEXTS = ("LICENSE", "LICENSE.txt", "LICENSE.md", "LICENCE", "COPYING")
"""Names under which a model's folder may hold the licence itself; it comes before `texts/`."""

KINDS = {
    "Copyleft": "copyleft",
    "Copyleft Limited": "copyleft",
    "Source-available": "restricted",
    "Proprietary Free": "restricted",
    "Free Restricted": "restricted",
}
"""Category in the LicenseDB -> the label that people see; the others need none."""

NON_COMMERCIAL = "non-commercial"

LEFT_OUT = {
    "forbidden": "its licence does not allow handing it on",
    "unknown": "whether it may be handed on is not known",
}


class Verdict(NamedTuple):
    """Whether a model is part of a release, and what must be said of its terms."""

    is_released: bool
    reason: str  # why it is left out; empty if it is not
    labels: tuple[str, ...]  # copyleft, non-commercial, restricted


@cache
def _categories() -> Mapping[str, str]:
    """SPDX identifier -> category of the LicenseDB."""
    path = Path(license_expression.__file__).parent / "data" / "scancode-licensedb-index.json"
    found: dict[str, str] = {}
    for entry in json.loads(path.read_text(encoding="utf-8")):
        names = [entry.get("spdx_license_key"), *entry.get("other_spdx_license_keys", ())]
        found |= {name: entry["category"] for name in names if name}
    return found


def identifiers(spdx: str) -> list[str]:
    """The licences that an SPDX expression names, in its order; empty if it is none."""
    try:
        parsed = license_expression.get_spdx_licensing().parse(spdx)
    except license_expression.ExpressionError:
        return []
    return [] if parsed is None else list(dict.fromkeys(map(str, parsed.symbols)))


def labels(spdx: str) -> tuple[str, ...]:
    """What people must know of the terms before they use a model."""
    found = dict.fromkeys(label for name in identifiers(spdx) for label in _labels_of(name))
    return tuple(found)


def _labels_of(name: str) -> Iterator[str]:
    if "NC" in name.upper().split("-"):
        yield NON_COMMERCIAL
        return
    kind = KINDS.get(_categories().get(name, ""))
    if kind:
        yield kind


def verdict(licence: License, folder: Path) -> Verdict:
    """Whether a model may be released: its recipe says so, and its terms are known in words."""
    found = labels(licence.spdx)
    if licence.redistribute != "allowed":
        reason = LEFT_OUT.get(licence.redistribute, f"redistribute: {licence.redistribute}")
        return Verdict(False, reason, found)
    missing = [] if own_text(folder) else unknown(licence.spdx)
    if missing:
        reason = f"the text of its licence ({', '.join(missing)}) is not at hand: put it into "
        return Verdict(False, f"{reason}{folder}/LICENSE", found)
    return Verdict(True, "", found)


def unknown(spdx: str) -> list[str]:
    """What of an expression has no text here; the expression itself, if it names nothing."""
    names = identifiers(spdx)
    return [name for name in names if text_file(name) is None] if names else [spdx or "none given"]


def text_file(name: str) -> Path | None:
    """The text of a licence; `-or-later` has the text of `-only`."""
    for each in (name, f"{name.removesuffix('-or-later')}-only"):
        path = TEXTS / f"{each}.txt"
        if path.is_file():
            return path
    return None


def own_text(folder: Path) -> Path | None:
    """The licence that lies in a model's own folder."""
    paths = (folder / name for name in OWN_TEXTS)
    return next((path for path in paths if path.is_file()), None)


def texts(licence: License, folder: Path) -> dict[str, bytes]:
    """The files of a licence as an archive has them: `LICENSE`, or `LICENSES/<SPDX>.txt`."""
    own = own_text(folder)
    if own is not None:
        return {"LICENSE": own.read_bytes()}
    paths = {name: text_file(name) for name in identifiers(licence.spdx)}
    found = {name: path.read_bytes() for name, path in paths.items() if path}
    if len(found) == 1:
        return {"LICENSE": next(iter(found.values()))}
    return {f"LICENSES/{name}.txt": text for name, text in found.items()}


def notice(name: str, licence: License, links: Mapping[str, str]) -> bytes:
    """Whose work it is, under which terms, and where both are said."""
    lines = [f"{name}", f"Licence: {licence.spdx}"]
    lines += [f"The licence as its authors give it: {licence.url}"] if licence.url else []
    lines += [licence.evidence] if licence.evidence else []
    lines += [f"{kind}: {link}" for kind, link in sorted(links.items())]
    lines += [
        "",
        "The files beside this notice were converted from the original (other formats, and",
        "quantised weights where their names say so); README.md tells what was changed.",
    ]
    return ("\n".join(lines) + "\n").encode()
