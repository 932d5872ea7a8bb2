"""Licences: which one a text is, by the words that only it has, and where to look for the text."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from converters.new.findings import License

NAMES = ("LICENSE", "LICENSE.txt", "LICENSE.md", "LICENCE", "COPYING", "License.txt", "license")
LARGEST = 400_000  # bytes of a licence


class Wording(NamedTuple):
    """What a licence's text holds, and what it does not."""

    spdx: str
    has: Sequence[str]
    lacks: Sequence[str] = ()


_MIT = "permission is hereby granted, free of charge, to any person obtaining a copy"
_MIT_NOTICE = "this permission notice shall be included in all copies"
_BSD = "redistributions of source code must retain the above copyright notice"
_GPL3, _GPL2 = "version 3, 29 june 2007", "version 2, june 1991"

WORDINGS = (
    Wording("Apache-2.0", ["apache license", "version 2.0, january 2004"]),
    Wording("AGPL-3.0-only", ["gnu affero general public license", "19 november 2007"]),
    Wording("LGPL-3.0-only", ["gnu lesser general public license", _GPL3]),
    Wording("GPL-3.0-only", ["gnu general public license", _GPL3]),
    Wording("LGPL-2.1-only", ["gnu lesser general public license", "version 2.1, february 1999"]),
    Wording("GPL-2.0-only", ["gnu general public license", _GPL2]),
    Wording("MPL-2.0", ["mozilla public license version 2.0"]),
    Wording("MPL-2.0", ["mozilla public license, version 2.0"]),
    Wording("CC-BY-NC-SA-4.0", ["attribution-noncommercial-sharealike 4.0"]),
    Wording("CC-BY-NC-ND-4.0", ["attribution-noncommercial-noderivatives 4.0"]),
    Wording("CC-BY-NC-4.0", ["attribution-noncommercial 4.0"]),
    Wording("CC-BY-SA-4.0", ["attribution-sharealike 4.0"]),
    Wording("CC-BY-4.0", ["attribution 4.0 international"]),
    Wording("CC0-1.0", ["cc0 1.0 universal"]),
    Wording("Unlicense", ["this is free and unencumbered software released into the"]),
    Wording("BSL-1.0", ["boost software license - version 1.0"]),
    Wording("ISC", ["permission to use, copy, modify, and/or distribute this software for any"]),
    Wording("Zlib", ["the origin of this software must not be misrepresented"]),
    Wording("MIT", [_MIT, _MIT_NOTICE]),
    Wording("MIT-0", [_MIT], [_MIT_NOTICE]),
    Wording("BSD-3-Clause", [_BSD, "neither the name"]),
    Wording("BSD-2-Clause", [_BSD], ["neither the name"]),
)
"""The first that fits counts."""

NARROWING = re.compile(
    r"non-?commercial|academic (use|research)|research (use|purposes?) only|commons clause", re.I
)
"""Words that take something back, in a text that is no licence of that kind."""

BY_WORD: Mapping[str, str] = {
    "apache-2.0": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "mit": "MIT",
    "bsd-3-clause": "BSD-3-Clause",
    "bsd-2-clause": "BSD-2-Clause",
    "gpl-3.0": "GPL-3.0-only",
    "agpl-3.0": "AGPL-3.0-only",
    "lgpl-3.0": "LGPL-3.0-only",
    "mpl-2.0": "MPL-2.0",
    "cc-by-4.0": "CC-BY-4.0",
    "cc-by-nc-4.0": "CC-BY-NC-4.0",
    "cc-by-sa-4.0": "CC-BY-SA-4.0",
    "cc-by-nc-sa-4.0": "CC-BY-NC-SA-4.0",
    "cc0-1.0": "CC0-1.0",
    "unlicense": "Unlicense",
    "isc": "ISC",
}
"""How cards of models and packages name licences."""

UNKNOWN = License("unknown", "", doubt="no licence was found: who may use the weights, and how?")


def spdx_of(text: str) -> str:
    """The SPDX id of a licence text; `unknown` if it is none that is known here."""
    plain = " ".join(re.sub(r"[#*_>`]", " ", text[:LARGEST]).lower().split())
    for wording in WORDINGS:
        has = all(words in plain for words in wording.has)
        if has and not any(words in plain for words in wording.lacks):
            return wording.spdx
    return "unknown"


def recognised(text: str, where: str, url: str = "") -> License:
    """A licence text with what it was recognised as; `where` names its place."""
    spdx = spdx_of(text)
    if spdx == "unknown":
        first = next((line.strip() for line in text.splitlines() if line.strip()), "")[:80]
        doubt = f"{where} is a text that is not known here, it begins {first!r}"
        return License(spdx, f"{where} was not recognised.", url, doubt)
    doubt = "does it cover the weights, too? Only then redistribute: allowed"
    narrowed = None if "-NC-" in spdx else NARROWING.search(text)
    if narrowed:
        doubt = f"the text also says {narrowed.group()!r}; and {doubt}"
    if spdx.endswith("-only"):
        doubt = f"the sources may say `or any later version` ({spdx[:-5]}-or-later); {doubt}"
    return License(spdx, f"{where} is the text of {spdx}.", url, doubt)


def found_in(folder: Path, below: str = "", url: str = "") -> License:
    """The licence beside a file of a folder, or of the nearest folder above it."""
    place = folder / below
    for step in (place, *place.parents):
        for path in sorted(step.iterdir()) if step.is_dir() else ():
            if is_licence(path.name) and path.is_file() and not path.is_symlink():
                text = path.read_bytes()[:LARGEST].decode("utf-8", "replace")
                name = path.relative_to(folder).as_posix()
                return recognised(text, name, f"{url}/{name}" if url else "")
        if step == folder:
            break
    return UNKNOWN


def is_licence(name: str) -> bool:
    """Whether a file is called as licences are."""
    stem = name.lower().split(".")[0]
    return stem in ("license", "licence", "copying", "unlicense") and not name.endswith(".py")


def of_card(text: str, where: str, url: str) -> License:
    """What the head of a model card says: `license: mit`."""
    head = re.match(r"---\s*\n(.*?)\n---", text, re.S)
    stated = re.search(r"^license:\s*[\"']?([\w.-]+)", head[1], re.M) if head else None
    spdx = BY_WORD.get(stated[1].lower(), "unknown") if stated else "unknown"
    if stated is None or spdx == "unknown":
        return UNKNOWN
    doubt = "the card alone says so; read it, and then set redistribute"
    return License(spdx, f"{where} says license: {stated[1]}.", url, doubt)
