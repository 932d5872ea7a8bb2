"""site: the zoo as static pages in `site/`, from what was built here.

    python -m converters.site                             into site/
    python -m converters.site --out public --only digits  some models
    python -m converters.site --public                    without pictures of unknown licence
    python -m converters.site --downloads https://example.org/files   files that lie elsewhere

Open `site/index.html`: no server is needed. Exit codes: 0: made; 2: there is nothing to show.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from converters.errors import ZooError
from converters.release.content import offers, unbuilt
from converters.release.packing import Packed
from converters.release.settings import FOLDER
from converters.site import pages
from converters.site.pages import Entry, Place
from converters.stage import made_whole
from converters.why import planned


def main(argv: Sequence[str] | None = None) -> int:
    """The command."""
    args = parsed(argv)
    try:
        made = build(args)
    except ZooError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    size = sum(path.stat().st_size for path in args.out.rglob("*") if path.is_file())
    print(f"{args.out}/index.html: {made} variants, {size / 1e6:.1f} MB")
    return 0


def parsed(argv: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m converters.site",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--out", type=Path, default=Path("site"), help="folder to make")
    parser.add_argument("--models", type=Path, help="folder of recipes (default: config.yaml)")
    parser.add_argument("--releases", type=Path, default=FOLDER, help="releases, for the history")
    parser.add_argument("--downloads", default="", help="base URL of the files (default: copied)")
    parser.add_argument(
        "--public", action="store_true", help="without pictures that may not be handed on"
    )
    parser.add_argument("--only", nargs="+", default=[], help="ids of recipes (default: all)")
    return parser.parse_args(argv)


def build(args: argparse.Namespace) -> int:
    """Make the site, whole or not at all; return how many variants it shows."""
    plan, _store = planned(args.models)
    found = [each for each in offers(plan) if not args.only or each.recipe.id in args.only]
    if not found:
        raise ZooError("nothing was built", subject="results/", remedy="run snakemake first")
    with made_whole(args.out) as folder:
        folder.mkdir()
        place = Place(folder, args.releases, args.downloads.rstrip("/"), args.public)
        entries = [Entry(Packed(offer), place) for offer in found]
        pages.copy_static(place)
        for entry in entries:
            entry.draw()
            pages.copy_files(entry)
        for entry in entries:
            pages.model_page(entry, entries)
            pages.graph_page(entry)
            print(f"  {entry.offer.name}", flush=True)
        pages.start_page(place, entries, unbuilt(plan))
    return len(entries)


if __name__ == "__main__":
    raise SystemExit(main())
