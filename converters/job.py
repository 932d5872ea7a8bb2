"""One job of a build: asks the store for the result, and runs the stage only where it has none.

    python -m converters.job WANTED --reads INPUT ... --makes OUTPUT ... -- OPTIONS OF THE STAGE

Snakemake starts it; WANTED is the file in which the plan says which job this is and with which
key. By hand a stage runs as `python -m converters.<stage> MODEL VARIANT`, without store or trace.
Exit codes are the stage's.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from converters import journal, strangers
from converters.errors import ZooError
from converters.freshness import Wanted
from converters.keys import digest, edited_since
from converters.recipes.references import MARK, data_set_file
from converters.stage import error_record
from converters.store import Store, open_store
from converters.traces import Output, Trace, digests_of, write_trace
from converters.workers import run_in_worker

PLANNED = "ZOO_PLANNED"
"""The variable in which a build tells its jobs when it read the code."""


class Asked(NamedTuple):
    """What Snakemake wants of a job."""

    wanted: Wanted
    planned: float  # when the plan read the code, in seconds since the epoch
    reads: list[str]
    makes: list[str]
    may_make: list[str]  # outputs that a stage leaves out where it lacks a tool
    options: list[str]  # of the stage

    @property
    def models(self) -> Path:
        """The folder of recipes, as the stage is told it."""
        at = self.options.index("--models") if "--models" in self.options else -1
        return Path(self.options[at + 1] if at >= 0 else "models")

    def written_in(self) -> list[Path]:
        """Where what decides the result was written: the model's folder, and shared data sets."""
        told = json.dumps([self.wanted.job, self.wanted.parts.get("recipe")])
        names = sorted(set(re.findall(rf'"{MARK}([a-z0-9_-]+)[/"]', told)))
        return [
            self.models / self.wanted.job.model,
            *(data_set_file(self.models, n) for n in names),
        ]


def main(argv: Sequence[str] | None = None) -> int:
    """Do the job; return the exit code."""
    asked = parsed(sys.argv[1:] if argv is None else argv)
    started = time.monotonic()
    store = opened()
    inputs = digests_of(asked.reads)
    place = address(asked.wanted.key, inputs, len(asked.makes) + len(asked.may_make))
    made: Trace | int = 70
    try:
        made = restored(asked, store, place, inputs) or ran(asked, store, place, inputs)
    finally:
        complaints = store.complaints if store else []
        for complaint in complaints:
            print(f"store: {complaint}", file=sys.stderr)
        how = made.how if isinstance(made, Trace) else journal.FAILED
        journal.note(asked.wanted.job, how, time.monotonic() - started, complaints)
    return made if isinstance(made, int) else 0


def opened() -> Store | None:
    """The store that ZOO_CACHE names; a build goes on without one that cannot be opened."""
    try:
        return open_store(None)
    except ZooError as error:
        print(f"store: {error}", file=sys.stderr)
        return None


def parsed(argv: Sequence[str]) -> Asked:
    """The command line; the stage's own options are not looked at."""
    parser = argparse.ArgumentParser(
        prog="python -m converters.job",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("wanted", type=Path, help="the file that says which job this is")
    parser.add_argument("--reads", nargs="*", default=[], help="input files and folders")
    parser.add_argument("--makes", nargs="+", required=True, help="output files and folders")
    parser.add_argument("--may-make", nargs="*", default=[], help="outputs that may be left out")
    cut = list(argv).index("--") if "--" in argv else len(argv)
    args = parser.parse_args(list(argv)[:cut])
    wanted = Wanted.read(args.wanted)
    own = [wanted.job.model, wanted.job.variant, "--record", wanted.job.record]
    reads = [path for path in args.reads if Path(path) != args.wanted]
    options = [*own, *list(argv)[cut + 1 :]]
    planned = float(os.environ.get(PLANNED) or time.time())
    return Asked(wanted, planned, reads, args.makes, args.may_make, options)


def address(key: str, inputs: Mapping[str, str], outputs: int) -> str:
    """Where a result stands in the store: the stage's key, and the content of what it reads.

    Where the inputs lie says nothing about the result: two recipes may share a download.
    """
    return digest(key, list(inputs.values()), outputs)


def restored(asked: Asked, store: Store | None, place: str, inputs: dict[str, str]) -> Trace | None:
    """The trace of a result that the store had; None if it must be made."""
    entry = store.find(place) if store else None
    targets = [Path(path) for path in (*asked.makes, *asked.may_make)]
    if store is None or entry is None or not store.restore(place, entry, targets):
        return None
    job = asked.wanted.job
    error_record(job.model, job.variant, job.record).unlink(missing_ok=True)
    trace = _trace(asked, inputs, entry.restored(targets), entry.seconds, journal.RESTORED)
    write_trace(job, trace)
    print(f"restored from {store.shelf.place}")
    return trace


def ran(asked: Asked, store: Store | None, place: str, inputs: dict[str, str]) -> Trace | int:
    """Run the stage; its trace, or the exit code of its failure."""
    started = time.monotonic()
    code = _run_stage(asked)
    if code != 0:
        return code
    missing = [path for path in asked.makes if not Path(path).exists()]
    if missing:
        print(f"error: the stage did not make {', '.join(missing)}", file=sys.stderr)
        return 70
    made = {path: Output.of(Path(path)) for path in (*asked.makes, *asked.may_make)}
    trace = _trace(asked, inputs, made, round(time.monotonic() - started, 2), journal.RAN)
    if edited_since(asked.planned, asked.wanted.parts, *asked.written_in()):
        print("converters or recipe were edited meanwhile: the next build runs this stage again")
        trace = trace._replace(key="")
    elif store is not None and digests_of(asked.reads) == inputs:
        store.put(place, made, asked.wanted.parts, trace.seconds)
    write_trace(asked.wanted.job, trace)
    return trace


def _trace(
    asked: Asked, inputs: dict[str, str], made: dict[str, Output], seconds: float, how: str
) -> Trace:
    wanted = asked.wanted
    ended = time.time_ns()
    return Trace(wanted.key, wanted.lineage, wanted.parts, inputs, made, seconds, how, ended)


def _run_stage(asked: Asked) -> int:
    """In a worker that has the packages imported; where there is none, in this process.

    Strangers' code gets a process of its own, in the sandbox.
    """
    stage, recipe = asked.wanted.job.stage, asked.wanted.parts.get("recipe", {})
    foreign = strangers.code_in(stage, recipe)
    if foreign:
        print(f"in the sandbox, because it runs {foreign}")
        sys.stdout.flush()
        reads = [*asked.reads, str(asked.models)]
        return strangers.run_boxed(strangers.Boxed(stage, asked.options, reads, asked.makes))
    framework = recipe.get("load", {}).get("framework", "")
    code = run_in_worker(stage, asked.options, framework)
    if code is not None:
        return code
    from converters.run_stage import run_stage

    return run_stage(stage, asked.options)


if __name__ == "__main__":
    raise SystemExit(main())
