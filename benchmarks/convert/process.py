"""A command, run once in a process of its own: what it cost, and why it failed."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

LIMIT = 900.0
"""Seconds after which a command is ended."""

REASON = 200
"""Characters of a message that a table can bear."""

COLOURS = re.compile(r"\x1b\[[0-9;]*m")
ERROR = re.compile(r"^(\w+\.)*\w*(Error|Exception)\b|^error:", re.IGNORECASE)


@dataclass(frozen=True)
class Usage:
    """What a command took. Memory is that of its largest process; CPU that of all of them."""

    code: int
    seconds: float
    cpu: float
    peak: int  # bytes
    log: str

    @property
    def reason(self) -> str:
        """Why it failed, in its own words; empty if it did not."""
        if self.code == 0:
            return ""
        if self.code < 0:
            return f"ended by {signal.Signals(-self.code).name}"
        return self.last_word or f"exit {self.code}"

    @property
    def last_word(self) -> str:
        """The last error that it printed, or else its last line."""
        lines = [line.strip() for line in COLOURS.sub("", self.log).splitlines() if line.strip()]
        errors = [line for line in lines if ERROR.match(line)]
        return (errors or lines or [""])[-1][:REASON]


def measured(
    command: Sequence[str | Path],
    folder: Path,
    environment: Mapping[str, str] | None = None,
    limit: float = LIMIT,
) -> Usage:
    """Run a command in a folder; the caller stays small, since a child inherits its peak."""
    log = folder / "log.txt"
    began = time.monotonic()
    with log.open("wb") as file:
        process = subprocess.Popen(
            [str(part) for part in command],
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            cwd=folder,
            env=dict(environment) if environment is not None else None,
            start_new_session=True,
        )
        timer = threading.Timer(limit, os.killpg, (process.pid, signal.SIGKILL))
        timer.start()
        _, status, used = os.wait4(process.pid, 0)
        timer.cancel()
    process.returncode = os.waitstatus_to_exitcode(status)
    return Usage(
        process.returncode,
        time.monotonic() - began,
        used.ru_utime + used.ru_stime,
        used.ru_maxrss * 1024,
        log.read_text(errors="replace").replace(f"{folder}/", ""),
    )
