"""Workers: servers with the heavy packages imported, that fork for every job of one build.

The first job that needs a family of packages starts its server, and the server ends with the
build. Nothing depends on it: where none can be had, a job does its work in its own process.
"""

from __future__ import annotations

from collections.abc import Sequence

from converters.workers import client, families, places, wire
from converters.workers.places import build_id

__all__ = ["build_id", "run_command_in_worker", "run_in_worker"]

STAGE = "converters.workers.child:run_stage"


def run_in_worker(stage: str, argv: Sequence[str], framework: str = "") -> int | None:
    """The exit code of a stage that a worker ran; None: there is no worker, run it yourself.

    `framework` is the recipe's, for the stages that run or read the source model itself.
    """
    family = families.family_of(stage, argv, framework)
    return run_command_in_worker(family, STAGE, [stage, *argv]) if family else None


def run_command_in_worker(
    family: str, entry: str, argv: Sequence[str], files: Sequence[int] = (0, 1, 2)
) -> int | None:
    """The same for a function `module:function` that takes `argv` and returns an exit code.

    `files` become its standard input, output and error.
    """
    build = places.current_build()
    if build is None:
        return None
    return client.answered(build, family, wire.current(entry, list(argv)), files)
