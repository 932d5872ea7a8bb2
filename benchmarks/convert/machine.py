"""What a measurement was made on: the processor and the versions, never the name of a host."""

from __future__ import annotations

import os
import platform
import re
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.convert.peers import locked_version
from converters.versions import versions

PACKAGES = ("tensorflow", "openvino-dev", "onnx", "onnxruntime", "tflite-runtime")


def processor() -> str:
    """The model of the processor, as it names itself."""
    info = Path("/proc/cpuinfo")
    text = info.read_text() if info.is_file() else ""
    found = re.search(r"^model name\s*:\s*(.+)$", text, re.MULTILINE)
    return found.group(1).strip() if found else platform.machine()


def memory() -> float:
    """GiB of it."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def described() -> dict[str, str]:
    """Date, machine, load and versions, as words."""
    found = versions(*PACKAGES)
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{processor()}, {os.cpu_count()} cores, {memory():.0f} GiB",
        "load": f"{os.getloadavg()[1]:.1f}",
        "ours": ", ".join(f"{name} {version}" for name, version in found.items()),
        "peer": f"onnx2tf {locked_version('onnx2tf')}",
    }
