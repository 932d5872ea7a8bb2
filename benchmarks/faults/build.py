"""A build as its user starts it: one command in a session of its own, which can be killed whole."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, NamedTuple

import psutil

ROOT = Path(__file__).resolve().parents[2]
SNAKEMAKE = Path(sys.executable).parent / "snakemake"
LIMIT = 1800.0
"""Seconds after which a build counts as hung."""

UNTOLD = ("ZOO_MIRRORS", "ZOO_OFFLINE", "ZOO_DOWNLOADS", "ZOO_BUILD", "ZOO_PLANNED", "ZOO_WORKERS")


class Ended(NamedTuple):
    """A build that came to its end."""

    code: int
    output: str

    @property
    def stages(self) -> str:
        """How many stages ran and were restored, in the words of the build."""
        lines = [line for line in self.output.splitlines() if line.startswith("Stages: ")]
        return lines[-1].removeprefix("Stages: ").rstrip(".") if lines else ""


class Build:
    """`snakemake all` in a folder; `off` is the store that does not exist."""

    def __init__(self, folder: Path, store: Path | str = "off", *options: str, **more: str) -> None:
        self.folder = folder
        self.began = time.time()
        command = [str(SNAKEMAKE), "--snakefile", str(ROOT / "Snakefile"), "--cores", "2", "all"]
        kept = {name: value for name, value in os.environ.items() if name not in UNTOLD}
        # not in the folder: its disk may be full
        self._log: IO[bytes] = tempfile.NamedTemporaryFile(prefix="build-")  # noqa: SIM115
        self.process = subprocess.Popen(
            [*command, "--configfile", "config.yaml", *options],
            cwd=folder,
            env={**kept, "PYTHONPATH": str(ROOT), "ZOO_CACHE": str(store), **more},
            stdin=subprocess.DEVNULL,
            stdout=self._log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def ended(self) -> Ended:
        """Wait for its end."""
        try:
            code = self.process.wait(LIMIT)
        except subprocess.TimeoutExpired:
            self.kill()
            return Ended(-1, f"hung for {LIMIT:.0f} s\n{self.output}")
        output = self.output
        self._log.close()
        return Ended(code, output)

    @property
    def output(self) -> str:
        """What it has printed so far."""
        return Path(self._log.name).read_text(errors="replace")

    @property
    def is_running(self) -> bool:
        """Whether its first process still runs."""
        return self.process.poll() is None

    def finished_stages(self) -> int:
        """How many of its jobs have come to an end."""
        journal = self.folder / "logs" / "journal.jsonl"
        text = journal.read_text(errors="replace") if journal.is_file() else ""
        times = []
        for line in text.splitlines():
            with contextlib.suppress(ValueError):
                times.append(json.loads(line)[0])
        return sum(1 for when in times if when >= self.began)

    def wait_until(self, condition: Callable[[], bool]) -> bool:
        """Wait for something to be so; False if the build ended before."""
        while self.is_running:
            if condition():
                return True
            time.sleep(0.02)
        return False

    def everyone(self) -> list[psutil.Process]:
        """Its processes: descendants, its session, and the workers, which have left both."""
        found: dict[int, psutil.Process] = {}
        own = self.process.pid
        with contextlib.suppress(psutil.NoSuchProcess):
            found |= {p.pid: p for p in psutil.Process(own).children(recursive=True)}
        for process in psutil.process_iter():
            with contextlib.suppress(psutil.Error, OSError):
                if os.getsid(process.pid) == own or _build_of(process) == str(own):
                    found[process.pid] = process
        return list(found.values())

    def kill(self) -> None:
        """Kill -9 of every process at one moment; returns when none is left."""
        found = self.everyone()
        _send(self.process.pid, signal.SIGKILL)
        for process in found:
            _send(process.pid, signal.SIGKILL)
        # whoever was started in between
        for process in self.everyone():
            _send(process.pid, signal.SIGKILL)
        self.process.wait()
        psutil.wait_procs([p for p in found if p.pid != self.process.pid], timeout=30)
        self._log.close()


def _build_of(process: psutil.Process) -> str:
    """The process id of the build that a process works for."""
    return str(process.environ().get("ZOO_BUILD", "")).partition("-")[0]


def _send(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
