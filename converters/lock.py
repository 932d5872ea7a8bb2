"""lock: resolve what recipes leave open (checksums, sizes, commits) and write recipe.lock.

Asks the network for each source whose recipe states no sha256 or full commit and whose lock has
none either; `--update` asks anew for those that have. recipe.yaml is never changed. A source that
cannot be reached keeps its older entry, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from converters import download
from converters.errors import RecipeError, SourceError, ZooError
from converters.recipes import Recipe, Source, load_recipe, recipe_folders
from converters.recipes.locks import COMMIT, LOCK_NAME, origin_of, read_lock
from converters.stage import made_whole

Entry = dict[str, Any]


def open_sources(recipe: Recipe) -> dict[str, Source]:
    """The sources that the recipe itself does not pin, by key."""
    found = {key: s for v in recipe.variants.values() for key, s in v.sources.items()}
    return {key: source for key, source in sorted(found.items()) if not source.is_pinned}


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


def lock(folder: Path, *, update: bool = False) -> list[ZooError]:
    """Write the lock of one recipe; return why sources could not be resolved."""
    recipe = load_recipe(folder, with_lock=False)
    older, _ = read_lock(folder)
    entries: dict[str, Entry] = {}
    failures: list[ZooError] = []
    for key, source in open_sources(recipe).items():
        if key in older:
            entries[key] = older[key]
        if holds(older.get(key), source) and not update:
            continue
        try:
            entries[key] = resolve(replace(source, sha256="", commit=""), folder)
        except ZooError as error:
            error.subject = error.subject or f"source {key}"
            failures.append(error.located(recipe.id, "lock"))
    write(folder, entries)
    return failures


def text_of(model: str, entries: Mapping[str, Entry]) -> str:
    """The content of recipe.lock: stable, and every value quoted as JSON does."""
    lines = [f"# Written by `python -m converters.lock {model}`: do not edit.", "schema: 1"]
    lines.append("sources:")
    for key in sorted(entries):
        lines.append(f"  {json.dumps(key)}:")
        lines += [f"    {k}: {json.dumps(v)}" for k, v in sorted(entries[key].items())]
    return "\n".join(lines) + "\n"


def write(folder: Path, entries: Mapping[str, Entry]) -> None:
    """Put the entries into recipe.lock; a recipe that needs none has none."""
    target = folder / LOCK_NAME
    if not entries:
        target.unlink(missing_ok=True)
        return
    text = text_of(folder.name, entries)
    if not target.exists() or target.read_text(encoding="utf-8") != text:
        with made_whole(target) as part:
            part.write_text(text, encoding="utf-8")


def run(models: Path, names: Sequence[str], *, update: bool) -> int:
    """Lock recipes, print what came of it, and return the exit code."""
    code = 0
    for folder in [models / name for name in names] or recipe_folders(models):
        try:
            failures: Sequence[ZooError] = lock(folder, update=update)
        except RecipeError as error:
            failures = [error]
        for failure in failures:
            print(f"error: {failure}", file=sys.stderr)
            code = 1
        entries, _ = read_lock(folder)
        for key, entry in sorted(entries.items()):
            pin = entry.get("commit") or entry.get("sha256")
            print(f"{folder.name}: {key}: {pin} from {entry['from']}")
    return code


def main(argv: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(
        prog="python -m converters.lock",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("model", nargs="*", help="ids of recipes (default: all)")
    parser.add_argument("--models", type=Path, default=Path("models"), help="folder of recipes")
    parser.add_argument("--update", action="store_true", help="resolve anew what is resolved")
    args = parser.parse_args(argv)
    return run(args.models, args.model, update=args.update)


if __name__ == "__main__":
    raise SystemExit(main())
