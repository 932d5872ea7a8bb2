"""recipe.lock: the checksums, sizes and commits that sources of a recipe were resolved to.

Written by `python -m converters.lock`, merged here when a recipe is read. A lock that says
something else than its recipe is an error, for then one of them is out of date.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path as File
from typing import Any

from converters.recipes.document import read_document
from converters.recipes.problems import Problem, shown
from converters.recipes.schema import problems_of

LOCK_NAME = "recipe.lock"
PINNED = ("sha256", "size")
COMMIT = re.compile(r"[0-9a-f]{40}")


def read_lock(folder: File) -> tuple[dict[str, Any], list[str]]:
    """The entries of a recipe's lock by source key, and what is wrong with the file."""
    return read_lock_file(folder / LOCK_NAME, folder.name)


def read_lock_file(file: File, name: str) -> tuple[dict[str, Any], list[str]]:
    """The entries of the lock of a recipe or a data set, of that name."""
    if not file.exists():
        return {}, []
    document = read_document(file)
    problems = document.problems or list(problems_of(document.data, "lock"))
    if problems:
        remedy = f"run python -m converters.lock {name} to write it anew"
        placed = [p._replace(line=p.line or document.line(p.path)) for p in problems]
        return {}, [problem.sentence(file) for problem in placed] + [f"{file}: {remedy}"]
    return document.data["sources"], []


def origin_of(source: Mapping[str, Any]) -> str:
    """What a lock entry was resolved from: its place, and the revision of a repository."""
    if source["kind"] == "git":
        return f"{source['url']}@{source.get('revision', 'HEAD')}"
    if source["kind"] == "gdrive":
        return f"gdrive:{source['id']}"
    return str(source.get("url") or source.get("path"))


def merged(source: Mapping[str, Any], entry: Mapping[str, Any] | None) -> dict[str, Any]:
    """A source with what its lock entry knows beyond it."""
    found = dict(source)
    if source["kind"] == "git" and COMMIT.fullmatch(source["revision"]):
        found["commit"] = source["revision"]
    return {**{k: v for k, v in (entry or {}).items() if k != "from"}, **found}


def contradictions(
    sources: Mapping[str, Any], entries: Mapping[str, Any], model: str
) -> Iterator[Problem]:
    """Where the lock says something else than the recipe."""
    remedy = f"run python -m converters.lock {model}, or correct the recipe"
    for key, source in sources.items():
        entry = entries.get(key)
        if entry is None:
            continue
        stated = {**source, "commit": source.get("revision", "")}
        names = [*PINNED, *(["commit"] if COMMIT.fullmatch(stated["commit"]) else [])]
        wrong = [n for n in names if n in stated and n in entry and entry[n] != stated[n]]
        for name in wrong:
            field = "revision" if name == "commit" else name
            cause = f"is {shown(stated[name])}, {LOCK_NAME} says {shown(entry[name])}"
            yield Problem(("sources", key, field), cause, remedy)
        is_pinned = "sha256" in source or "commit" in names
        if not wrong and not is_pinned and entry["from"] != origin_of(source):
            cause = f"{LOCK_NAME} was resolved from {entry['from']}"
            yield Problem(("sources", key), cause, remedy)
