"""Strangers' code runs here: a process without network that can write to named folders alone.

bubblewrap (Debian's package of that name) makes the namespaces: no network, no other processes, a
read-only view of the file system, an empty /tmp and an empty home. Limits on memory, time and
file size are set besides, with or without it. Where bubblewrap is missing or may not make
namespaces, `sandbox: auto` in config.yaml warns and goes on with the limits alone, `required`
refuses, `off` does not ask.
"""

from __future__ import annotations

import ctypes
import os
import resource
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import IO, Any, NamedTuple

from converters.errors import ZooError

MODE, MODES = "ZOO_SANDBOX", ("auto", "required", "off")
"""The variable in which a build tells its jobs what config.yaml says, and what it may say."""

PASSED_ON = ("PATH", "LANG", "LC_ALL", "TZ", "PYTHONHASHSEED", "CUDA_VISIBLE_DEVICES", "ZOO_LOGS")
"""Variables that reach the code inside; others may hold secrets. Besides: what begins so."""
PASSED_PREFIXES = ("OMP_", "MKL_", "TF_", MODE)

ROOT = Path(__file__).resolve().parent.parent

PR_SET_PDEATHSIG = 1

TEMPORARY = 4_000_000_000
"""Bytes that /tmp and other folders that are empty inside may hold: they are memory."""

TOO_LONG = 124
"""The exit code of a process that was stopped for its time, as timeout(1) has it."""


class Limits(NamedTuple):
    """What the code inside may use."""

    memory: int = 16_000_000_000  # bytes of address space; torch alone reserves some 5e9
    seconds: int = 1800  # of the clock; of the processor, twice as many
    file: int = 8_000_000_000  # bytes of one file


class Files(NamedTuple):
    """What the code inside sees besides the system, and where it may write."""

    reads: Sequence[Path] = ()
    writes: Sequence[Path] = ()


def settings(config: Mapping[str, Any], outer: Mapping[str, str]) -> dict[str, str]:
    """The variables that carry what config.yaml says; the environment's own win."""
    said = {
        MODE: config.get("sandbox"),
        f"{MODE}_MEMORY": config.get("sandbox_memory"),
        f"{MODE}_SECONDS": config.get("sandbox_seconds"),
    }
    # YAML of old reads a bare `off` as false
    words = {name: "off" if value is False else str(value or "") for name, value in said.items()}
    return {name: outer.get(name) or word for name, word in words.items()}


def mode() -> str:
    """What config.yaml says: auto, required or off."""
    said = os.environ.get(MODE) or "auto"
    if said not in MODES:
        raise ZooError(
            f"{said!r} is none of {', '.join(MODES)}",
            subject="sandbox",
            remedy="correct config.yaml",
        )
    return said


@cache
def unavailable() -> str:
    """Why there can be no sandbox here; empty if there can."""
    tool = shutil.which("bwrap")
    if tool is None:
        return "bubblewrap is not installed (Debian: apt-get install bubblewrap)"
    probe = [tool, "--unshare-all", "--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc"]
    done = subprocess.run([*probe, "true"], capture_output=True, text=True, check=False)
    reason = (done.stderr.strip().splitlines() or ["it fails without a word"])[-1]
    return f"bubblewrap cannot make namespaces here ({reason})" if done.returncode else ""


def run(
    command: Sequence[str],
    files: Files,
    limits: Limits = Limits(),  # noqa: B008 - immutable
    output: IO[bytes] | int | None = None,
    folder: Path | None = None,
) -> int:
    """Run a command in the sandbox; its exit code, 128 and more for a signal.

    `output` gets what it prints; without it, where this process prints. `folder` is the current
    folder inside; without it, that of this process.
    """
    at = (folder or Path.cwd()).resolve()
    words = [*_wrapped(files, at), *command]
    with subprocess.Popen(
        words,
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=None if output is None else subprocess.STDOUT,
        env=environment(os.environ),
        preexec_fn=lambda: _limit(limits),
        cwd=at,
        start_new_session=True,
    ) as process:
        try:
            code = process.wait(limits.seconds)
        except subprocess.TimeoutExpired:
            print(f"sandbox: stopped after {limits.seconds} s", file=sys.stderr)
            code = TOO_LONG
        finally:
            # also where this process is interrupted: nothing inside outlives it
            _end(process)
    return code if code >= 0 else 128 - code


def _end(process: subprocess.Popen[bytes]) -> None:
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def environment(outer: Mapping[str, str]) -> dict[str, str]:
    """The variables inside: no tokens, no proxies, a home that is empty."""
    kept = {
        name: value
        for name, value in outer.items()
        if name in PASSED_ON or name.startswith(PASSED_PREFIXES)
    }
    path = os.pathsep.join(str(Path(each).resolve()) for each in (str(ROOT), *_import_paths(outer)))
    return {**kept, "HOME": "/tmp", "TMPDIR": "/tmp", "PYTHONPATH": path, "ZOO_WORKERS": "off"}


def _import_paths(outer: Mapping[str, str]) -> Iterator[str]:
    yield from (each for each in outer.get("PYTHONPATH", "").split(os.pathsep) if each)


def _wrapped(files: Files, at: Path) -> list[str]:
    """The words before a command: bubblewrap's, or none where there is none and need not be."""
    wanted = mode()
    reason = "" if wanted == "off" else unavailable()
    if reason and wanted == "required":
        raise ZooError(
            reason,
            subject="sandbox: required",
            remedy="install bubblewrap and allow user namespaces, or set sandbox: auto",
        )
    if reason:
        print(
            f"warning: foreign code runs without a sandbox, with limits alone: {reason}",
            file=sys.stderr,
        )
    return [] if reason or wanted == "off" else list(bubblewrap(files, at))


def bubblewrap(files: Files, at: Path) -> Iterator[str]:
    """The command line of bubblewrap up to the command."""
    yield from ("bwrap", "--unshare-all", "--die-with-parent", "--new-session", "--cap-drop", "ALL")
    yield from ("--ro-bind", "/", "/", "--dev", "/dev", "--proc", "/proc")
    for hidden in _hidden():
        yield from ("--size", str(TEMPORARY), "--tmpfs", str(hidden))
    shown = [ROOT, Path.cwd(), Path(sys.prefix), Path(sys.base_prefix), *files.reads]
    for path in _sorted(shown):
        yield from ("--ro-bind", str(path), str(path))
    for path in _sorted(files.writes):
        yield from ("--bind", str(path), str(path))
    yield from ("--chdir", str(at))


def _hidden() -> Iterator[Path]:
    """Folders that are empty inside, but for what is shown below them."""
    places = ["/tmp", "/var/tmp", "/run", "/home", "/root", str(Path.home())]
    yield from _sorted(Path(place) for place in places if Path(place).is_dir())


def _sorted(paths: Iterator[Path] | Sequence[Path]) -> list[Path]:
    """Resolved, each once, what lies deeper later."""
    return sorted({Path(path).resolve() for path in paths}, key=lambda path: path.parts)


def _limit(limits: Limits) -> None:
    """In the child, before it becomes the command. It ends with the process that started it."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    for kind, most in (
        (resource.RLIMIT_AS, limits.memory),
        (resource.RLIMIT_CPU, 2 * limits.seconds),
        (resource.RLIMIT_FSIZE, limits.file),
        (resource.RLIMIT_CORE, 0),
    ):
        hard = resource.getrlimit(kind)[1]
        wanted = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(kind, (wanted, wanted))
