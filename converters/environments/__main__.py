"""Environments of further tools: make them, lock them, see what there is.

python -m converters.environments                 # what there is, and where
python -m converters.environments make tfjs node  # make some; what is made stays as it is
python -m converters.environments lock tfjs       # resolve envs/tfjs.in again
python -m converters.environments conda           # write envs/<name>.yaml from the locks
python -m converters.environments prune           # remove those of former locks
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from converters.environments import conda, locking, making
from converters.environments.place import all_environments, place_of
from converters.environments.table import ENVIRONMENTS, environment_named
from converters.errors import ZooError


def shown(names: Sequence[str]) -> None:
    """A line for each environment."""
    for name in names:
        place = place_of(name)
        state = "made" if place.is_made else "not made yet"
        print(f"{name:9} {state:13} {environment_named(name).purpose}; {place.folder}")


def make(names: Sequence[str]) -> None:
    """Make those that are not made."""
    for name in names:
        print(making.ready(name).folder)


def lock(names: Sequence[str]) -> None:
    """Resolve their lists again."""
    for name in names:
        print(locking.lock(name))
    conda.write()


def write_conda(_names: Sequence[str]) -> None:
    """Write the files for conda."""
    for path in conda.write():
        print(path)


def prune(_names: Sequence[str], within: Path | None = None) -> None:
    """Remove every environment that no present lock leads to."""
    wanted = {place_of(name).folder.name for name in ENVIRONMENTS}
    for folder in sorted((within or all_environments()).glob("*-*")):
        if folder.is_dir() and folder.name not in wanted:
            print(f"removed {folder}")
            shutil.rmtree(folder)


COMMANDS: Mapping[str, Callable[[Sequence[str]], None]] = {
    "list": shown,
    "make": make,
    "lock": lock,
    "conda": write_conda,
    "prune": prune,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Do it; 0, or 1 after an error in words."""
    parser = argparse.ArgumentParser(
        prog="python -m converters.environments",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("command", nargs="?", default="list", choices=COMMANDS)
    parser.add_argument("names", nargs="*", help=f"of {', '.join(ENVIRONMENTS)} (default: all)")
    args = parser.parse_args(argv)
    try:
        COMMANDS[args.command]([*map(str, args.names)] or list(ENVIRONMENTS))
    except ZooError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
