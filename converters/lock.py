"""lock: resolve what recipes and data sets leave open (checksums, sizes, commits).

    python -m converters.lock                     what is not pinned yet
    python -m converters.lock u2netp-authors      one recipe
    python -m converters.lock --update digits     resolve anew

Asks the network for each source whose recipe states no sha256 or full commit and whose lock has
none either; `--update` asks anew for those that have. Writes recipe.lock beside the recipe, or
data/<id>.lock for the data set `@<id>`; what a person wrote is never changed. A source that cannot
be reached keeps its older entry, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any, NamedTuple

from converters import download
from converters.errors import RecipeError, SourceError, ZooError
from converters.recipes import Source, all_owners, load_recipe
from converters.recipes.loading import refuse_absent
from converters.recipes.locks import COMMIT, LOCK_NAME, origin_of, read_lock_file
from converters.recipes.references import MARK, data_set_file, is_shared
from converters.recipes.shared import load_data_set, lock_file
from converters.stage import made_whole

Entry = dict[str, Any]


class Lockable(NamedTuple):
    """What may have a lock: a recipe, or a data set."""

    name: str
    folder: Path  # of its own files
    sources: Mapping[str, Source]  # as it alone states them
    lock: Path

    @classmethod
    def read(cls, models: Path, name: str) -> Lockable:
        """The recipe of that id, or the data set of that id with its mark."""
        if is_shared(name):
            file = data_set_file(models, name.removeprefix(MARK))
            owner = load_data_set(file, with_lock=False)
            return cls(name, owner.folder, owner.sources, lock_file(file))
        refuse_absent(models / name)
        recipe = load_recipe(models / name, with_lock=False)
        sources = {key: s for v in recipe.variants.values() for key, s in v.sources.items()}
        return cls(recipe.id, recipe.folder, sources, recipe.folder / LOCK_NAME)

    def entries(self) -> dict[str, Entry]:
        """What its lock says so far."""
        return read_lock_file(self.lock, self.name)[0]

    def open_sources(self) -> dict[str, Source]:
        """The sources that it does not pin itself, by key."""
        return {key: s for key, s in sorted(self.sources.items()) if not s.is_pinned}


def resolve(source: Source, folder: Path) -> Entry:
    """The entry of a source: what its place serves now."""
    origin = origin_of(asdict(source))
    if source.kind == "git":
        return {"from": origin, "commit": _commit(source)}
    fetched = download.probe(source, folder)
    return {"from": origin, "sha256": fetched.sha256, "size": fetched.size}


def _commit(source: Source) -> str:
    commit = download.resolve_commit(source.url, source.revision)
    if not COMMIT.fullmatch(commit):
        raise SourceError(f"the repository answers {commit!r}, which is no commit")
    return commit


def holds(entry: Mapping[str, Any] | None, source: Source) -> bool:
    """Whether an entry still is the answer for a source."""
    pin = "commit" if source.kind == "git" else "sha256"
    return entry is not None and pin in entry and entry["from"] == origin_of(asdict(source))


def lock(owner: Lockable, *, update: bool = False) -> list[ZooError]:
    """Write the lock of one recipe or data set; return why sources could not be resolved."""
    older = owner.entries()
    entries: dict[str, Entry] = {}
    failures: list[ZooError] = []
    for key, source in owner.open_sources().items():
        if key in older:
            entries[key] = older[key]
        if holds(older.get(key), source) and not update:
            continue
        try:
            entries[key] = resolve(replace(source, sha256="", commit=""), owner.folder)
        except ZooError as error:
            error.subject = error.subject or f"source {key}"
            failures.append(error.located(owner.name, "lock"))
    write(owner, entries)
    return failures


def text_of(model: str, entries: Mapping[str, Entry]) -> str:
    """The content of recipe.lock: stable, and every value quoted as JSON does."""
    lines = [f"# Written by `python -m converters.lock {model}`: do not edit.", "schema: 1"]
    lines.append("sources:")
    for key in sorted(entries):
        lines.append(f"  {json.dumps(key)}:")
        lines += [f"    {k}: {json.dumps(v)}" for k, v in sorted(entries[key].items())]
    return "\n".join(lines) + "\n"


def write(owner: Lockable, entries: Mapping[str, Entry]) -> None:
    """Put the entries into the lock; what needs none has none."""
    if not entries:
        owner.lock.unlink(missing_ok=True)
        return
    text = text_of(owner.name, entries)
    if not owner.lock.exists() or owner.lock.read_text(encoding="utf-8") != text:
        with made_whole(owner.lock) as part:
            part.write_text(text, encoding="utf-8")


def run(models: Path, names: Sequence[str], *, update: bool) -> int:
    """Lock recipes and data sets, print what came of it, and return the exit code."""
    code = 0
    for name in names or all_owners(models):
        try:
            owner = Lockable.read(models, name)
            failures: Sequence[ZooError] = lock(owner, update=update)
        except RecipeError as error:
            owner, failures = None, [error]
        for failure in failures:
            print(f"error: {failure}", file=sys.stderr)
            code = 1
        for key, entry in sorted(owner.entries().items() if owner else ()):
            pin = entry.get("commit") or entry.get("sha256")
            print(f"{name}: {key}: {pin} from {entry['from']}")
        if names and owner and not owner.open_sources():
            print(f"{name}: nothing to resolve: it pins every source itself")
    return code


def main(argv: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(
        prog="python -m converters.lock",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("model", nargs="*", help="ids of recipes, @ids of data sets (default: all)")
    parser.add_argument("--models", type=Path, default=Path("models"), help="folder of recipes")
    parser.add_argument("--update", action="store_true", help="resolve anew what is resolved")
    args = parser.parse_args(argv)
    return run(args.models, args.model, update=args.update)


if __name__ == "__main__":
    raise SystemExit(main())
