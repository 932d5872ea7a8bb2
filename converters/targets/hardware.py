"""The hardware that some targets want, and how one sees that it is not here."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

DRIVER = Path("/proc/driver/nvidia/version")
VARIABLE = "TRTEXEC"
"""A command to use in place of TensorRT's Python package."""

MISSING = "no TensorRT here: there is no NVIDIA GPU"


def without_tensorrt() -> str | None:
    """Why nothing of this can be built on this machine; None where it can be tried."""
    if trtexec() or shutil.which("nvidia-smi") or DRIVER.is_file():
        return None
    return MISSING


def trtexec() -> str | None:
    """TensorRT's own command, where it is installed."""
    return shutil.which(os.environ.get(VARIABLE, "") or "trtexec")


LACKING: Mapping[str, Callable[[], str | None]] = {"TensorRT": without_tensorrt}
"""By the hardware in table.py."""
