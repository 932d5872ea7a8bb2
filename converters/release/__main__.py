"""release: everything that was built here, as one release in `release/<version>/`.

    python -m converters.release                      what config.yaml says
    python -m converters.release --version 1.2.0      under another name
    python -m converters.release --previous FOLDER    compare with a release that lies elsewhere

Makes an archive per variant and a file per artefact, an index, the checksums, a bill of materials,
a statement of provenance and the change log. Exit codes: 0: made; 1: refused by the gate, nothing
is written and the reasons are listed; 2: the question makes no sense (no such folder, no recipes).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from converters.errors import ZooError
from converters.release.made import Release
from converters.release.settings import FOLDER, Settings
from converters.why import planned


def main(argv: Sequence[str] | None = None) -> int:
    """The command."""
    args = parsed(argv)
    try:
        plan, _store = planned(args.models)
        settings = Settings.load(args.config)
        release = Release.of(plan, settings, args)
        refused = release.problems()
        if not refused or args.force:
            release.write()
    except ZooError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return told(release, refused, forced=args.force)


def parsed(argv: Sequence[str] | None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m converters.release",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", help="name of the release (default: config.yaml: version)")
    parser.add_argument("--previous", type=Path, help="folder of the release before it")
    parser.add_argument("--out", type=Path, default=FOLDER, help="folder of releases")
    parser.add_argument("--models", type=Path, help="folder of recipes (default: config.yaml)")
    parser.add_argument("--config", type=Path, default=Path("config.yaml"), help="configuration")
    parser.add_argument("--force", action="store_true", help="write it though the gate refuses")
    return parser.parse_args(argv)


def told(release: Release, refused: Sequence[str], *, forced: bool) -> int:
    """Say what became of it; return the exit code."""
    lines = [f"regression: {each}" for each in release.regressions if each.is_accepted]
    if refused:
        lines += [f"{len(refused)} reasons not to release:", *(f"  {each}" for each in refused)]
    if not refused or forced:
        lines += [release.summary()]
    print("\n".join(lines))
    return 1 if refused and not forced else 0


if __name__ == "__main__":
    raise SystemExit(main())
