"""The artefact store: what it holds, whether it is sound, and making room in it.

    python -m converters.store                  how much it holds
    python -m converters.store gc --size 20GB   drop the least recently used beyond 20 GB
    python -m converters.store check            re-read everything; drop what is damaged

The store is ZOO_CACHE, or `cache` of config.yaml. Exit code 1: something was damaged, or the
store cannot be reached.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from converters.errors import ZooError
from converters.store import BLOBS, ENTRIES, Store, open_store
from converters.store.room import RECENT, make_room, size_of
from converters.summary import size_text

CONFIG = Path("config.yaml")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m converters.store",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("verb", nargs="?", choices=sorted(VERBS), default="show")
    parser.add_argument("--at", help="folder or URL, instead of the configured one")
    parser.add_argument("--size", default="", help="gc: the bound (cache_size)")
    parser.add_argument(
        "--recent", type=float, default=RECENT, help="gc: seconds in which use protects (3600)"
    )
    parser.add_argument("--quiet", action="store_true", help="gc: say nothing if nothing went")
    args = parser.parse_args(argv)
    try:
        configured = _configured()
        store = open_store(args.at or configured["cache"])
        if store is None:
            print("no store: `cache` in config.yaml is empty and ZOO_CACHE is not set")
            return 0
        args.size = args.size or configured["cache_size"]
        return VERBS[args.verb](store, args)
    except (ZooError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1


def _configured() -> dict[str, str]:
    import yaml

    read = yaml.safe_load(CONFIG.read_text()) if CONFIG.is_file() else None
    return {name: str((read or {}).get(name) or "") for name in ("cache", "cache_size")}


def show(store: Store, _args: argparse.Namespace) -> int:
    """Print how much the store holds."""
    blobs, entries = list(store.shelf.held(BLOBS)), list(store.shelf.held(ENTRIES))
    total = sum(held.size for held in blobs)
    print(f"{store.shelf.place}: {len(entries)} results in {len(blobs)} files, {size_text(total)}")
    return 0


def gc(store: Store, args: argparse.Namespace) -> int:
    """Make room."""
    freed = make_room(store, size_of(args.size or "20 GB"), recent=args.recent)
    if args.quiet and not freed.entries:
        return 0
    print(
        f"{store.shelf.place}: dropped {freed.entries} results, {size_text(freed.bytes)};"
        f" {size_text(freed.kept_bytes)} stay"
    )
    return 0


def check(store: Store, _args: argparse.Namespace) -> int:
    """Re-read every blob and drop those that are damaged."""
    found = list(store.damaged())
    for name in found:
        store.shelf.drop(name)
        print(f"{store.shelf.place}: {name} was damaged and is dropped: it will be made again")
    if not found:
        print(f"{store.shelf.place}: sound")
    return 1 if found else 0


VERBS = {"show": show, "gc": gc, "check": check}

if __name__ == "__main__":
    raise SystemExit(main())
