"""Freshness: which jobs have to run, decided by content alone, and told to Snakemake by a time.

Every job reads one more file than its rule's text shows: `traces/<record>/wanted.json`, which says
with which key its result is wanted. A job whose trace has that key, and whose files are what the
trace says, is fresh: its wanted file is given a time before all others, and its files get back
the times that they were made with (a clone, a cache or `touch` may have changed them). For any
other job the wanted file is newer than what the job made, so Snakemake runs it.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from converters.contents import ONLY_SNAKEMAKES
from converters.jobs import Job
from converters.keys import digest
from converters.traces import Trace, read_trace, trace_folder

LONG_AGO = 1_000_000_000
"""A time, in seconds since the epoch, that no build of a zoo can have: September 2001."""


class Wanted(NamedTuple):
    """What is wanted of a job: the result that a key stands for."""

    job: Job
    key: str
    lineage: str  # the key, with those of all jobs before it
    parts: Mapping[str, Any]  # what the key is made of
    cause: str  # why it has to run; empty if it has not

    @classmethod
    def read(cls, path: Path) -> Wanted:
        """From the file that a plan wrote."""
        data = json.loads(path.read_bytes())
        return cls(**{**data, "job": Job(*data["job"])})

    @property
    def path(self) -> Path:
        """Where a job finds it."""
        return trace_folder(self.job) / "wanted.json"

    def text(self) -> str:
        """As JSON, the same wherever the content is the same."""
        data = {**self._asdict(), "job": list(self.job)}
        return json.dumps(data, sort_keys=True, separators=(",", ":"))


class Freshness:
    """What is known in one run about the jobs of a plan; every question is answered once."""

    def __init__(
        self,
        parts_of: Callable[[Job], Mapping[str, Any]],
        upstream_of: Callable[[Job], tuple[Job, ...]],
    ) -> None:
        self.parts_of = parts_of
        self.upstream_of = upstream_of
        self._wanted: dict[Job, Wanted] = {}
        self._traces: dict[Job, Trace | None] = {}
        self._lineages: dict[Job, tuple[str, str]] = {}

    def trace(self, job: Job) -> Trace | None:
        """How the present result of a job came about, if there is one."""
        if job not in self._traces:
            self._traces[job] = read_trace(job)
        return self._traces[job]

    def key_and_lineage(self, job: Job) -> tuple[str, str]:
        """The key of a job, and the digest of it with the lineages of the jobs it reads from."""
        if job not in self._lineages:
            key = digest(self.parts_of(job))
            before = [self.key_and_lineage(each)[1] for each in self.upstream_of(job)]
            self._lineages[job] = key, digest(key, before)
        return self._lineages[job]

    def wanted(self, job: Job) -> Wanted:
        """What is wanted of a job, and whether it has to run."""
        if job not in self._wanted:
            key, lineage = self.key_and_lineage(job)
            self._wanted[job] = Wanted(
                job, key, lineage, self.parts_of(job), self._cause(job, key, lineage)
            )
        return self._wanted[job]

    def asked(self) -> list[Wanted]:
        """What was asked about so far: once Snakemake has its plan, all jobs in it."""
        return list(self._wanted.values())

    def _cause(self, job: Job, key: str, lineage: str) -> str:
        """Why the present result is not the wanted one; empty if it is."""
        trace = self.trace(job)
        if trace is None:
            return "it was never built here"
        if trace.key != key:
            return f"what it is made from changed: {key[:12]}"
        return (
            trace.changed()
            or self._other_input(job, trace)
            or ("" if trace.lineage == lineage else f"something before it changed: {lineage[:12]}")
        )

    def _other_input(self, job: Job, trace: Trace) -> str:
        """An input that has since been made anew with another content."""
        for before in self.upstream_of(job):
            made = self.trace(before)
            for path, output in (made.outputs if made else {}).items():
                if path in trace.inputs and output.digest != trace.inputs[path]:
                    return f"{path} is another than was read: {output.digest[:12]}"
        return ""

    def tell_snakemake(self, job: Job) -> Path:
        """Write what is wanted of a job, with a time by which Snakemake decides rightly."""
        wanted, trace = self.wanted(job), self.trace(job)
        path, text = wanted.path, wanted.text()
        is_new = not path.is_file() or path.read_text() != text
        if is_new:  # also of a fresh job: it may run after one that is not, and reads this
            _write(path, text)
        if not wanted.cause and trace is not None:
            _set_time(path, LONG_AGO * 10**9)
            _give_back_times(trace)
        elif is_new:
            _set_time(path, max(time.time_ns(), _newest(trace) + 10**9))
        elif path.stat().st_mtime_ns <= _newest(trace):
            _set_time(path, _newest(trace) + 10**9)
        return path


def _write(path: Path, text: str) -> None:
    """Write a file whole; a plan writes thousands, so without a folder of its own for each."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"{path.name}.{os.getpid()}")
    part.write_text(text)
    part.replace(path)


def _newest(trace: Trace | None) -> int:
    """The latest time, in ns, of what a job made and is still there."""
    paths = [Path(path) for path in trace.outputs] if trace else []
    marks = [path / ONLY_SNAKEMAKES for path in paths]
    return max((p.stat().st_mtime_ns for p in [*paths, *marks] if p.exists()), default=0)


def _give_back_times(trace: Trace) -> None:
    """The times that a job's files had when it ended: their content is known to be the same."""
    for name, output in trace.outputs.items():
        path = Path(name)
        for file, (_digest, _size, mtime) in output.files.items():
            _set_time(path / file, mtime)
        for mark in (path / ONLY_SNAKEMAKES, path):
            if path.is_dir() and mark.exists():
                _set_time(mark, trace.ended)


def _set_time(path: Path, mtime_ns: int) -> None:
    found = path.stat()
    if found.st_mtime_ns != mtime_ns:
        os.utime(path, ns=(found.st_atime_ns, mtime_ns))
