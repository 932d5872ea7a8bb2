"""The child's side: a fork of the server becomes the process that the job would have been.

It ends with its server, whatever ends that, and with its client: the server sees to it.
"""

from __future__ import annotations

import atexit
import contextlib
import ctypes
import importlib
import os
import signal
import sys
import tempfile
import threading
import time
import traceback
from collections.abc import Iterable, Sequence
from typing import Any, NoReturn

from converters.workers.wire import Request

PR_SET_PDEATHSIG = 1
BUG = 70


def become(request: Request, files: Sequence[int], server: int, left: Iterable[Any]) -> NoReturn:
    """Do the job and end."""
    code = BUG
    try:
        _tie_to(server)
        _take_over(request, files, left)
        code = _called(request)
    except BaseException:  # noqa: BLE001 - nothing may return into the server's loop
        traceback.print_exc()
    finally:
        _end(code)


def run_stage(argv: Sequence[str]) -> int:
    """The entry of every stage: its name, then its command line."""
    from converters.run_stage import run_stage

    name, *options = argv
    return run_stage(name, options)


def _tie_to(server: int) -> None:
    """Die with the server."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != server:
        os._exit(BUG)
    os.setsid()


def _take_over(request: Request, files: Sequence[int], left: Iterable[Any]) -> None:
    """Files, folder, variables, limits: as the client has them."""
    for number, file in enumerate(files):
        os.dup2(file, number)
        os.close(file)
    for each in left:
        os.close(each) if isinstance(each, int) else each.close()
    os.chdir(request.cwd)
    os.umask(request.umask)
    with contextlib.suppress(OSError):
        os.setpriority(os.PRIO_PROCESS, 0, request.nice)
    os.environ.clear()
    os.environ.update(request.environ)
    time.tzset()
    tempfile.tempdir = None
    sys.path[0] = request.cwd
    _forget_our_modules()


def _forget_our_modules() -> None:
    """The job reads them as they are now, not as they were when the server started."""
    for name in list(sys.modules):
        if name.startswith("converters.") and not name.startswith(__package__):
            del sys.modules[name]
    importlib.invalidate_caches()


def _called(request: Request) -> int:
    module, _, function = request.entry.partition(":")
    sys.argv = [module, *request.argv]
    try:
        return int(getattr(importlib.import_module(module), function)(request.argv))
    except SystemExit as end:
        return _code_of(end)
    except KeyboardInterrupt:
        traceback.print_exc()
        return -signal.SIGINT


def _code_of(end: SystemExit) -> int:
    if end.code is None or isinstance(end.code, int):
        return end.code or 0
    print(end.code, file=sys.stderr)
    return 1


def _end(code: int) -> NoReturn:
    """What an interpreter does at its end, but for taking its memory apart."""
    with contextlib.suppress(Exception):
        threading._shutdown()  # type: ignore[attr-defined]
        atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
    if code < 0:
        signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code & 0xFF)
