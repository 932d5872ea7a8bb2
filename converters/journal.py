"""The journal of a build: which jobs ran, which were restored, what the store complained of.

Every job adds one line to `logs/journal.jsonl`; the summary reads those since the build began.
"""

from __future__ import annotations

import json
import os
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from converters.jobs import Job
from converters.stage import LOGS

JOURNAL = LOGS / "journal.jsonl"
RAN, RESTORED, FAILED = "ran", "restored", "failed"


class Line(NamedTuple):
    """What became of one job."""

    time: float  # seconds since the epoch, when it ended
    job: Job
    how: str  # ran | restored | failed
    seconds: float
    complaints: list[str]


def note(job: Job, how: str, seconds: float, complaints: Iterable[str] = ()) -> None:
    """Add a line: one write, so that jobs side by side do not mix theirs."""
    line = json.dumps([time.time(), list(job), how, round(seconds, 2), list(complaints)])
    JOURNAL.parent.mkdir(parents=True, exist_ok=True)
    file = os.open(JOURNAL, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(file, (line + "\n").encode())
    finally:
        os.close(file)


def lines(since: float = 0.0) -> Iterator[Line]:
    """The lines since a time; one that a killed job left half-written is passed over."""
    if not JOURNAL.is_file():
        return
    for text in JOURNAL.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            when, job, how, seconds, complaints = json.loads(text)
            line = Line(when, Job(*job), how, seconds, complaints)
        except (ValueError, TypeError):
            continue
        if line.time >= since:
            yield line


def counted(since: float) -> dict[str, Any]:
    """How many stages ran, were restored, failed since a time, in how many seconds of work."""
    found = list(lines(since))
    how = Counter(line.how for line in found)
    return {
        **{name: how[name] for name in (RAN, RESTORED, FAILED)},
        "seconds": round(sum(line.seconds for line in found), 1),
        "complaints": sorted({text for line in found for text in line.complaints}),
    }
