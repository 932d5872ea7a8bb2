"""Where the workers of a build are met: a private folder that is named after the build.

A build is known by the process that runs it: `<pid>-<start time>`, in the variable ZOO_BUILD.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import os
import re
import shutil
import stat
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

LONGEST = 100
"""Bytes of a socket's path: the kernel takes 107."""

STARTING = (
    "PYTHON", "LD_", "LANG", "LC_", "HOME", "XDG_", "VIRTUAL_ENV", "PATH", "MALLOC_", "GLIBC_",
    "OMP_", "GOMP_", "KMP_", "MKL_", "OPENBLAS_", "GOTO_", "BLIS_", "NUMEXPR_", "VECLIB_",
    "TF_", "XLA_", "KERAS_", "CUDA_", "NVIDIA_", "TORCH", "PYTORCH", "ATEN_", "ONEDNN_", "DNNL_",
    "OV_", "OPENVINO", "ORT_", "ONNX", "GRPC_", "PROTOCOL_BUFFERS_", "MPL", "NPY_", "NUMPY_",
)  # fmt: skip
"""Beginnings of the variables that are read once, when a process or a library starts.

A server serves the jobs that agree with it in all of them: the others get a server of their own.
"""

AGREED = "ZOO_WORKERS_KIND"
"""The variable that tells a job inside a job what the outer one agreed in."""


class Place(NamedTuple):
    """Where one server is met."""

    folder: Path
    build: str
    family: str
    kind: str  # what jobs must agree in to share a server

    @property
    def socket(self) -> Path:
        """Where it listens."""
        return self.folder / f"{self.family}-{self.kind}.sock"

    @property
    def log(self) -> Path:
        """What its packages say when they are imported."""
        return self.socket.with_suffix(".log")

    @contextlib.contextmanager
    def locked(self) -> Iterator[None]:
        """Only one process at a time starts or retires a server."""
        with self.socket.with_suffix(".lock").open("ab") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield


def build_id(pid: int | None = None) -> str:
    """The name of the build that a process runs: this one, unless another is meant."""
    pid = os.getpid() if pid is None else pid
    return f"{pid}-{_stat(pid)[START_TIME]}"


def current_build() -> str | None:
    """The build that this job belongs to, if its process is alive here and workers are wanted."""
    build = os.environ.get("ZOO_BUILD", "")
    wanted = os.environ.get("ZOO_WORKERS", "1") != "0" and hasattr(os, "pidfd_open")
    return build if wanted and is_alive(build) else None


def is_alive(build: str) -> bool:
    """Whether the process of a build runs on this machine, under this user."""
    pid, _, started = build.partition("-")
    if not pid.isdecimal():
        return False
    try:
        found = _stat(int(pid))
        is_own = Path("/proc", pid).stat().st_uid == os.getuid()
    except OSError:
        return False
    return is_own and found[START_TIME] == started and found[STATE] not in ENDED


STATE, START_TIME = 0, 19
"""Places in the line that `proc(5)` describes, counted after the name of the command."""

ENDED = "ZX"
"""States of a process that has ended, though nobody has asked for its exit code yet."""


def _stat(pid: int) -> list[str]:
    """The start time, in ticks, tells apart processes with one id."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()


def place_of(build: str, family: str) -> Place | None:
    """Where the server of a family is met, the folder made; None where none can be trusted."""
    folder = _folder(build)
    return None if folder is None else Place(folder, build, family, kind(os.environ))


def kind(environ: Mapping[str, str]) -> str:
    """A digest of what a server reads when it starts: interpreter, variables, installed packages.

    Installing a package changes the folder that it is installed into.
    """
    if AGREED in environ:
        return environ[AGREED]
    read = sorted(item for item in environ.items() if item[0].startswith(STARTING))
    places = [path for path in sys.path if path.endswith("site-packages")]
    changed = [(path, Path(path).stat().st_mtime_ns) for path in places if Path(path).is_dir()]
    return hashlib.sha256(repr((sys.executable, read, changed)).encode()).hexdigest()[:12]


def _folder(build: str) -> Path | None:
    for base in (os.environ.get("XDG_RUNTIME_DIR"), "/tmp", tempfile.gettempdir()):
        folder = Path(base or "", f"zoo-{os.getuid()}-{build}")
        if base and len(os.fsencode(folder)) + 40 <= LONGEST and _is_ours(folder):
            return folder
    return None


def _is_ours(folder: Path) -> bool:
    """Whether a folder is private to this user; it is made where it is not there."""
    try:
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
            _sweep(folder.parent)
        found = folder.lstat()
    except OSError:
        return False
    is_private = stat.S_ISDIR(found.st_mode) and not stat.S_IMODE(found.st_mode) & 0o077
    return is_private and found.st_uid == os.getuid()


def _sweep(base: Path) -> None:
    """Remove the folders of builds that ended without their servers' knowing."""
    own = re.compile(rf"zoo-{os.getuid()}-(\d+-\d+)")
    for name in os.listdir(base):  # noqa: PTH208 - a folder with many files of others
        found = own.fullmatch(name)
        if found and not is_alive(found[1]):
            shutil.rmtree(base / name, ignore_errors=True)
