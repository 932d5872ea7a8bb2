"""Traces: what each job of a build was made from, kept beside its results.

`results/<model>/<variant>/traces/<record>/trace.json` says with which key (recipe fields, code,
packages, files), from which inputs and to which outputs a job came. Whether a result is up to
date follows from it and from the files alone: not from times, nor from Snakemake's own notes.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from converters.contents import ABSENT, Stamp, content_digest, file_digest, files_below, together
from converters.jobs import RESULTS, Job
from converters.stage import made_whole

FOLDER = "traces"


class Output(NamedTuple):
    """One file or folder that a job made: its files by name (`.` for a file), digest and stamp."""

    is_folder: bool
    files: Mapping[str, tuple[str, int, int]]  # sha256, size in bytes, mtime in ns

    @classmethod
    def of(cls, path: Path) -> Output:
        """What lies there now."""
        files = {n: (file_digest(path / n), *Stamp.of(path / n)) for n in files_below(path)}
        return cls(path.is_dir(), files)

    @property
    def digest(self) -> str:
        """The content digest of the whole, equal to `content_digest` of its path."""
        digests = {name: file[0] for name, file in self.files.items()}
        return together(digests) if self.is_folder else digests.get(".", ABSENT)

    def changed(self, path: Path, *, thorough: bool = False) -> str:
        """What is no longer as the job left it, in words; empty if nothing.

        A file of the same size and time is taken for unchanged, unless `thorough`.
        """
        for name in files_below(path):
            if name not in self.files:
                return f"{_named(path, name)} was added"
            digest, *stamp = self.files[name]
            same = not thorough and Stamp.of(path / name) == Stamp(*stamp)
            if not same and file_digest(path / name) != digest:
                return f"{_named(path, name)} has another content than was built"
        if self.is_folder != path.is_dir() and (self.is_folder or self.files):
            return f"{path} is gone"
        missing = [name for name in self.files if not (path / name).exists()]
        return f"{_named(path, missing[0])} is gone" if missing else ""


class Trace(NamedTuple):
    """How a job's outputs came about."""

    key: str
    lineage: str
    parts: Mapping[str, Any]  # what the key was made of: see `keys.key_parts`
    inputs: Mapping[str, str]  # path -> content digest
    outputs: Mapping[str, Output]  # by path
    seconds: float  # that the stage took when it last really ran
    how: str  # ran | restored
    ended: int  # in ns since the epoch: after all its files were written

    def record(self) -> dict[str, Any]:
        """As JSON data."""
        made = {path: [output.is_folder, output.files] for path, output in self.outputs.items()}
        return {**self._asdict(), "outputs": made}

    def changed(self, *, thorough: bool = False) -> str:
        """What of its outputs is no longer as it was left; empty if nothing."""
        answers = (made.changed(Path(p), thorough=thorough) for p, made in self.outputs.items())
        return next((answer for answer in answers if answer), "")


def trace_folder(job: Job) -> Path:
    """The folder of a job's trace: its own, for Snakemake takes a folder that it once listed as
    known, and would not see a file written there while it makes its plan.
    """
    return RESULTS / job.model / job.variant / FOLDER / job.record


def trace_path(job: Job) -> Path:
    """Where a job's trace lies."""
    return trace_folder(job) / "trace.json"


def read_trace(job: Job) -> Trace | None:
    """The trace of a job; None if there is none, or none that can be read."""
    return _read(trace_path(job))


def _read(path: Path) -> Trace | None:
    try:
        data = json.loads(path.read_bytes())
        made = {
            p: Output(is_folder, {name: (f[0], f[1], f[2]) for name, f in files.items()})
            for p, (is_folder, files) in data["outputs"].items()
        }
        return Trace(**{**data, "outputs": made})
    except (OSError, ValueError, TypeError, KeyError, IndexError, AttributeError):
        return None


def all_traces(models: Sequence[str] = ()) -> Iterator[tuple[Path, Trace | None]]:
    """Every trace in the folder of results, or of some models, with its path, in their order."""
    for model in sorted(models) or ("*",):
        for path in sorted(RESULTS.glob(f"{model}/*/{FOLDER}/*/trace.json")):
            yield path, _read(path)


def write_trace(job: Job, trace: Trace) -> None:
    """Keep a job's trace, whole or not at all."""
    with made_whole(trace_path(job)) as part:
        part.write_text(json.dumps(trace.record(), separators=(",", ":"), sort_keys=True))


def digests_of(paths: Iterable[str]) -> dict[str, str]:
    """The content digest of each path."""
    return {path: content_digest(Path(path)) for path in paths}


def _named(path: Path, name: str) -> str:
    return os.fspath(path) if name == "." else f"{path}/{name}"
