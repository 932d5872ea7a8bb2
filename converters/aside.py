"""A module of ours run in a process apart, for native code that may crash or shares badly.

A worker's child where there is one, else a fresh interpreter; the module has `main(argv) -> int`.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from typing import NamedTuple

from converters.workers import run_command_in_worker


class Ended(NamedTuple):
    """How it ended, and what it said."""

    code: int  # 128 and more: that signal killed it
    out: str
    err: str


def run_aside(family: str, module: str, argv: Sequence[str]) -> Ended:
    """Run `module.main(argv)` in a process with the packages of a family of workers."""
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        files = (0, out.fileno(), err.fileno())
        code = run_command_in_worker(family, f"{module}:main", argv, files)
        if code is None:
            code = _in_fresh_interpreter(module, argv, files)
        said = []
        for file in (out, err):
            file.seek(0)
            said.append(file.read().decode(errors="replace"))
    return Ended(code, *said)


def _in_fresh_interpreter(module: str, argv: Sequence[str], files: Sequence[int]) -> int:
    done = subprocess.run(
        [sys.executable, "-m", module, *argv],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        stdout=files[1],
        stderr=files[2],
        check=False,
    )
    return done.returncode if done.returncode >= 0 else 128 - done.returncode
