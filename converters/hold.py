"""Hold: one build at a time in one folder.

Snakemake's own lock outlives a killed process and has to be removed by hand; this one is the
kernel's, and goes with the process that holds it.
"""

from __future__ import annotations

import fcntl
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TextIO

HELD = Path(".snakemake") / "zoo.lock"


def hold_folder(path: Path = HELD, *, after_waiting: Callable[[], None] = lambda: None) -> TextIO:
    """Hold the folder until this process ends or the answer is closed; wait for who holds it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    file = path.open("a+", encoding="utf-8")
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        print(
            f"another build runs in this folder (process {file.read().strip() or 'unknown'}): "
            "waiting for its end",
            file=sys.stderr,
            flush=True,
        )
        fcntl.flock(file, fcntl.LOCK_EX)
        after_waiting()
    file.seek(0)
    file.truncate()
    file.write(str(os.getpid()))
    file.flush()
    return file


def plan_anew() -> None:
    """Start this command again in this process: its plan is of the time before it waited.

    Nothing happens where that cannot be done: what was planned is then built, again if need be.
    """
    words = sys.orig_argv
    is_command = any(Path(word).name == "snakemake" for word in words[1:3])
    has_moved = any(word.startswith(("-d", "--dir")) for word in words)
    if is_command and not has_moved:
        sys.stdout.flush()
        sys.stderr.flush()
        os.execv(sys.executable, words)  # which lets go of the folder
