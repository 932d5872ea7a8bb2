"""Data sets that many recipes use: `data/<id>.yaml` beside the folder of recipes.

Such a set is declared once: its sources, pinned, its licence, and the parts that samples are drawn
from. A recipe names one with `{kind: shared, set: <id>, part: <name>}`; here the part is put in
that place, its sources written as `@<id>/<key>`. They are downloaded once for all recipes, to
`sources/@<id>/<key>`; `@<id>` stands wherever else the id of a model would.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import combinations
from pathlib import Path as File
from typing import Any

from converters.errors import RecipeError
from converters.recipes import locks
from converters.recipes.checks import about, building, sampling
from converters.recipes.checks.case import Case
from converters.recipes.document import Document, read_document, written_as
from converters.recipes.problems import InvalidRecipe, Problem, listed, nearest_or_all, shown
from converters.recipes.recipe import License, Options, Source, source_of
from converters.recipes.references import MARK, data_folder, data_set_file, key_of
from converters.recipes.schema import problems_of, schema, with_defaults

KIND = "shared"
REFERRING = ("source", "sources")
"""Fields of a part that name sources."""


@dataclass(frozen=True)
class DataSet:
    """A data set that recipes share."""

    id: str
    name: str
    license: License
    folder: File  # of its own files: data/<id>/
    sources: Mapping[str, Source]
    parts: Mapping[str, Options]  # each as a recipe would declare it

    def source(self, key: str) -> Source:
        """The source of that key."""
        if key in self.sources:
            return self.sources[key]
        known = nearest_or_all(key, self.sources)
        raise RecipeError(f"has no source {key!r}", subject=MARK + self.id, remedy=known)

    def part(self, name: str) -> Options:
        """A part as it is put into recipes: with sources that say whose they are."""
        return {field: _owned(self.id, field, value) for field, value in self.parts[name].items()}


def data_set_files(models: File) -> list[File]:
    """The files of all data sets beside a folder of recipes, in order."""
    return sorted(data_folder(models).glob("[!._]*.yaml"))


def load_data_set(file: File, *, with_lock: bool = True) -> DataSet:
    """The data set in a file, or an error with all its problems."""
    try:
        state = file.stat()
    except OSError:
        there = [other.stem for other in sorted(file.parent.glob("[!._]*.yaml"))]
        known = nearest_or_all(file.stem, there)
        raise RecipeError("there is no such data set", subject=str(file), remedy=known) from None
    lock = lock_file(file)
    locked = lock.stat().st_mtime_ns if lock.is_file() else 0
    return _loaded(file, with_lock, state.st_mtime_ns, state.st_size, locked)


def lock_file(file: File) -> File:
    """Where the checksums are that a data set leaves open."""
    return file.with_suffix(".lock")


@lru_cache(maxsize=256)
def _loaded(file: File, with_lock: bool, *_state: int) -> DataSet:
    document = read_document(file)
    name = MARK + file.stem
    entries, wrong = locks.read_lock_file(lock_file(file), name) if with_lock else ({}, [])
    found = [*document.problems, *problems_of(document.data, "data_set")]
    if not isinstance(document.data, dict):
        cause = f"must hold `key: value` lines, not {written_as(document.data)}"
        found = document.problems or [Problem((), cause, "see docs/data.md")]
    data = with_defaults(document.data, schema("data_set")) if not found else {}
    found = found or list(_problems(file, data, entries))
    if found or wrong:
        raise InvalidRecipe(name, [*_sentences(document, found), *wrong])
    return DataSet(
        data["id"],
        data["name"],
        License(**data["license"]),
        file.with_suffix(""),
        {k: source_of(k, locks.merged(s, entries.get(k))) for k, s in data["sources"].items()},
        data["parts"],
    )


def _sentences(document: Document, problems: Sequence[Problem]) -> list[str]:
    placed = [p._replace(line=p.line or document.line(p.path)) for p in problems]
    ordered = sorted(placed, key=lambda problem: problem.line)
    return [problem.sentence(document.file) for problem in ordered]


# What a schema cannot say -------------------------------------------------------------------------


def _problems(file: File, data: Mapping[str, Any], entries: Mapping[str, Any]) -> Iterator[Problem]:
    if data["id"] != file.stem:
        cause = f"{shown(data['id'])} is not the file's name"
        yield Problem(("id",), cause, f"write id: {file.stem}, or rename the file")
    yield from about.license_is_known(Case(file.parent, {"status": "active", **data}, data))
    sources = data["sources"]
    yield from locks.contradictions(sources, entries, MARK + file.stem)
    seen_as_recipe = Case(file.parent, {"sources": sources, "data": data["parts"]}, data)
    for check in (
        building.keys_are_safe,
        sampling.data_names_sources,
        sampling.data_has_one_origin,
    ):
        yield from map(_in_parts, check(seen_as_recipe))
    for name, part in data["parts"].items():
        yield from _beside_no_model(name, part)
    yield from _drawn_twice(data["parts"])


def _in_parts(problem: Problem) -> Problem:
    is_part = problem.path[:1] == ("data",)
    return problem._replace(path=("parts", *problem.path[1:])) if is_part else problem


def _beside_no_model(name: str, part: Options) -> Iterator[Problem]:
    """A data set has no model's folder: what it reads are sources, or files of a package."""
    for field in ("file", "folder"):
        if field in part:
            remedy = "declare it among the sources, with kind: file"
            yield Problem(("parts", name, field), "is beside no model", remedy)


def _drawn_twice(parts: Mapping[str, Options]) -> Iterator[Problem]:
    """No sample is in two parts: what calibrates must not be what proves."""
    for (one, first), (other, second) in combinations(parts.items(), 2):
        both = {origin for origin in _origins_of(first) if _is_in(origin, _origins_of(second))}
        if both and _may_meet(first, second):
            cause = f"draws from {listed(sorted(both))} as the part {one} does"
            yield Problem(
                ("parts", other), cause, "give no sample to two parts; names and rows choose"
            )


def _origins_of(part: Options) -> set[str]:
    given = (part.get("source"), part.get("package"), *part.get("sources", ()))
    return {str(origin) for origin in given if origin}


def _is_in(origin: str, others: set[str]) -> bool:
    """Whether an origin is one of the others, or a path in one, or one is a path in it."""
    return any(f"{a}/".startswith(f"{b}/") for o in others for a, b in ((o, origin), (origin, o)))


def _may_meet(first: Options, second: Options) -> bool:
    """Whether two parts of one origin may hold the same sample: neither names nor rows differ."""
    if "names" in first and "names" in second:
        return bool(set(first["names"]) & set(second["names"]))
    if "rows" in first and "rows" in second:
        (start, stop), (begin, end) = first["rows"], second["rows"]
        return bool(max(start, begin) < min(stop, end))
    return True


# In a recipe --------------------------------------------------------------------------------------


def resolved(
    models: File, data: Mapping[str, Any], problems: list[Problem]
) -> tuple[dict[str, Any], dict[str, Source]]:
    """A recipe's data with the parts that it names in their places, and the sources of those."""
    found: dict[str, Any] = {}
    sources: dict[str, Source] = {}
    for name, block in data.items():
        if block.get("kind") != KIND:
            found[name] = block
            continue
        wrong = list(_unknown(models, name, block))
        problems += wrong
        if not wrong:
            owner = load_data_set(data_set_file(models, block["set"]))
            own = {k: v for k, v in block.items() if k not in ("kind", "part")}
            found[name] = {**owner.part(block["part"]), **own, "part": block["part"]}
            sources |= {key: owner.source(key.split("/")[1]) for key in _keys(found[name])}
    return found, sources


def _keys(block: Options) -> set[str]:
    values = [*block.get("sources", ()), *([block["source"]] if "source" in block else [])]
    return {key_of(str(value)) for value in values}


def _unknown(models: File, name: str, block: Options) -> Iterator[Problem]:
    file = data_set_file(models, block["set"])
    place = ("data", name)
    if not file.is_file():
        known = [other.stem for other in data_set_files(models)]
        cause = f"there is no data set {shown(block['set'])}"
        yield Problem((*place, "set"), cause, nearest_or_all(block["set"], known))
        return
    try:
        owner = load_data_set(file)
    except InvalidRecipe as error:
        cause = f"is a data set that is wrong: {error.sentences[0]}"
        yield Problem((*place, "set"), cause, f"see python -m converters.check {MARK}{file.stem}")
        return
    if block["part"] not in owner.parts:
        cause = f"{shown(block['part'])} is no part of {block['set']}"
        yield Problem((*place, "part"), cause, nearest_or_all(block["part"], owner.parts))


def _owned(owner: str, field: str, value: Any) -> Any:
    if field not in REFERRING:
        return value
    if isinstance(value, str):
        return f"{MARK}{owner}/{value}"
    return [f"{MARK}{owner}/{each}" for each in value]
