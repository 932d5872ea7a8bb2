"""outlook: what a build has before it and how long that takes, from what it took before.

Told when a build starts and, on a terminal, while it runs. Times are of earlier runs of the same
job, else of the same stage for other models; a result that the store has takes less.
"""

from __future__ import annotations

import statistics
import sys
import threading
import time
from collections.abc import Collection, Iterator, Mapping
from typing import NamedTuple

from converters import journal
from converters.jobs import Job
from converters.plan import Plan
from converters.traces import all_traces

PAUSE = 15.0
"""Seconds between two lines on a terminal."""


class Outlook(NamedTuple):
    """The jobs of a build that have to run, and what each took before."""

    seconds: Mapping[Job, float | None]  # None: neither it nor its stage ever ran here
    cores: int

    def left(self, done: Collection[Job] = ()) -> float:
        """Seconds until the others are done, if they share the cores well."""
        waiting = [taken or 0.0 for job, taken in self.seconds.items() if job not in done]
        return max(sum(waiting) / max(self.cores, 1), max(waiting, default=0.0))

    @property
    def unknown(self) -> int:
        """How many jobs nobody can tell a time for."""
        return sum(1 for taken in self.seconds.values() if taken is None)


def outlook(plan: Plan, cores: int) -> Outlook:
    """What Snakemake has asked the plan for and has to run, in no order."""
    usual, freshness = usual_seconds(), plan.freshness
    found: dict[Job, float | None] = {}
    for job in waiting(plan):
        trace = freshness.trace(job)
        found[job] = trace.seconds if trace else usual.get(job.stage)
    return Outlook(found, cores)


def waiting(plan: Plan) -> Iterator[Job]:
    """The jobs that Snakemake asked about and that have to run, or follow one that has."""
    yield from (wanted.job for wanted in plan.freshness.asked() if wanted.cause)


def usual_seconds() -> dict[str, float]:
    """The median of what each stage took, over everything that was built here."""
    taken: dict[str, list[float]] = {}
    for path, trace in all_traces():
        if trace is not None:
            taken.setdefault(path.parent.name.split("-")[0], []).append(trace.seconds)
    return {stage: statistics.median(values) for stage, values in taken.items()}


def duration(seconds: float) -> str:
    """A time as people say it: 40 s, 3 min, 2 h 5 min."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"


def announced(found: Outlook) -> str:
    """The line with which a build starts."""
    count, known = len(found.seconds), len(found.seconds) - found.unknown
    if not known:
        return f"{count} stages to run; none of them ran here before, so nobody knows how long"
    never = f", {found.unknown} of unknown length" if found.unknown else ""
    return f"{count} stages to run{never}: about {duration(found.left())} at most, by earlier runs"


def progressed(found: Outlook, done: Collection[Job]) -> str:
    """A line on the way."""
    count = sum(1 for job in found.seconds if job in done)
    return f"{count} of {len(found.seconds)} stages done, about {duration(found.left(done))} left"


def tell(plan: Plan, cores: int) -> None:
    """Say what is before a build; on a terminal go on saying so until the process ends."""
    found = outlook(plan, cores)
    if not found.seconds:
        return
    print(announced(found), file=sys.stderr, flush=True)
    if sys.stderr.isatty():
        threading.Thread(target=_keep_telling, args=(found, plan.began), daemon=True).start()


def _keep_telling(found: Outlook, since: float) -> None:
    told = 0
    while True:
        time.sleep(PAUSE)
        done = {line.job for line in journal.lines(since)}
        if len(done) != told:
            told = len(done)
            print(progressed(found, done), file=sys.stderr, flush=True)
