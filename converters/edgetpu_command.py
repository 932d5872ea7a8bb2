"""Which command compiles for the Edge TPU: of the environment, of config.yaml, or on PATH."""

from __future__ import annotations

import os
import shlex
import shutil
from collections.abc import Mapping
from typing import Any

from converters.errors import ZooError

COMPILER = "edgetpu_compiler"
VARIABLE = "EDGETPU_COMPILER"
SETTING = "edgetpu_compiler"
"""Of config.yaml: a command with its arguments, such as `docker run ... edgetpu_compiler`."""


def adopt(config: Mapping[str, Any]) -> None:
    """Let the processes of this build see what config.yaml names; the environment goes first."""
    named = str(config.get(SETTING) or "").strip()
    if named:
        os.environ.setdefault(VARIABLE, named)


def compiler() -> list[str] | None:
    """The command to run, or None where there is no compiler."""
    named = shlex.split(os.environ.get(VARIABLE, ""))
    command = named or [COMPILER]
    found = shutil.which(command[0])
    if named and found is None:
        raise ZooError(
            f"{command[0]} is no program",
            subject=f"{VARIABLE}, or {SETTING} in config.yaml",
            remedy="mend the command, or unset it",
        )
    return [found, *command[1:]] if found else None
