"""Room: how the store stays below its bound, the least recently used results first.

What was used in the last hour stays whatever the bound says: a build that runs may be about to
read it. A result that goes while somebody reads it is made again; nothing breaks.
"""

from __future__ import annotations

import json
import re
import time
from typing import NamedTuple

from converters.errors import ZooError
from converters.store import BLOBS, ENTRIES, Store
from converters.store.shelf import Held

RECENT = 3600.0
"""Seconds during which a result counts as in use."""

UNITS = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}


class Freed(NamedTuple):
    """What making room came to."""

    entries: int
    bytes: int
    kept_bytes: int


def size_of(text: str) -> int:
    """A number of bytes from `20 GB`, `500M`, `1e9`."""
    found = re.fullmatch(r"\s*([0-9.]+(?:e[0-9]+)?)\s*([kMGT]?)B?\s*", text)
    try:
        if found is not None:
            return int(float(found[1]) * UNITS[found[2]])
    except ValueError:
        pass
    raise ZooError(
        "is no size", subject=f"cache_size {text!r}", remedy="write it like 20 GB or 500 MB"
    )


def make_room(store: Store, bound: int, *, recent: float = RECENT) -> Freed:
    """Drop results, the least recently used first, until the store holds at most `bound` bytes."""
    shelf, now = store.shelf, time.time()
    shelf.sweep()
    blobs = {held.name: held for held in shelf.held(BLOBS)}
    entries = sorted(shelf.held(ENTRIES), key=lambda held: held.used)
    needs = {held.name: _blobs_of(store, held) for held in entries}
    readers: dict[str, int] = {}
    for names in needs.values():
        for name in names:
            readers[name] = readers.get(name, 0) + 1
    total = sum(held.size for held in blobs.values())
    dropped, freed = 0, 0
    for name in sorted(set(blobs) - set(readers)):
        if blobs[name].used < now - recent:  # else its entry is just being written
            shelf.drop(name)
            freed += blobs[name].size
    for held in entries:
        if total - freed <= bound or held.used >= now - recent:
            break
        shelf.drop(held.name)
        dropped += 1
        for name in needs[held.name]:
            readers[name] -= 1
            if not readers[name] and name in blobs:
                shelf.drop(name)
                freed += blobs[name].size
    return Freed(dropped, freed, total - freed)


def _blobs_of(store: Store, held: Held) -> set[str]:
    """The blobs that an entry needs; none for one that cannot be read."""
    try:
        with store.shelf.open(held.name) as file:
            outputs = json.loads(file.read())["outputs"]
        shas = {file[0] for files in outputs for file in files.values()}
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError):
        return set()
    return {f"{BLOBS}/{sha[:2]}/{sha}" for sha in shas}
