"""The server: imports a family of packages, then forks for every job until its build is gone.

`python -m converters.workers.server FOLDER BUILD FAMILY KIND FD`, started by the client alone.
One thread, no state: a job that dies takes nothing with it, and no child is used twice.
"""

from __future__ import annotations

import contextlib
import gc
import os
import selectors
import shutil
import signal
import socket
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from converters.workers import child, families, wire
from converters.workers.places import AGREED, Place, is_alive

IDLE_SECONDS = 900.0
"""After so long without a job a server ends; the next job starts another."""


class Job(NamedTuple):
    """A child at work, and the client that waits for it."""

    pid: int
    process: int  # file that becomes readable when the child has ended
    connection: socket.socket


class Server:
    """What listens and forks."""

    def __init__(self, place: Place, listener: socket.socket, builder: int) -> None:
        self.place, self.listener, self.builder = place, listener, builder
        self.set_by_imports: dict[str, str] = {}
        self.jobs: dict[int, Job] = {}
        self.selector = selectors.DefaultSelector()
        self.selector.register(listener, selectors.EVENT_READ, self._accept)
        self.selector.register(builder, selectors.EVENT_READ, self._end)
        self.idle = float(os.environ.get("ZOO_WORKERS_IDLE", IDLE_SECONDS))
        self.hidden = self.ended = False
        listener.setblocking(False)

    def prepare(self) -> None:
        """Import what the jobs will need."""
        before = dict(os.environ)
        for refusal in families.preload(families.FAMILIES[self.place.family]):
            print(f"not imported: {refusal}", file=sys.stderr, flush=True)
        # some packages set variables when they are imported, and read them later
        self.set_by_imports = {k: v for k, v in os.environ.items() if before.get(k) != v}
        os.chdir("/")
        gc.collect()
        # children share these pages for as long as no collection writes into them
        gc.freeze()

    def serve(self) -> None:
        """Work until the build is gone, or until there has been nothing to do for long."""
        while not self.ended:
            ready = self.selector.select(None if self.jobs else self.idle)
            if not ready:
                self._retire()
            for key, _ in ready:
                key.data(key.fileobj)
        for job in list(self.jobs.values()):
            self._kill(job, signal.SIGKILL)

    def _end(self, _: Any = None) -> None:
        self.ended = True

    def _retire(self) -> None:
        """Go, unless a job has come at the last moment; those after it find no socket."""
        if not self.hidden:
            with self.place.locked():
                self.place.socket.unlink(missing_ok=True)
        self.hidden = True
        self.ended = not self._accept(self.listener)

    # Jobs ---------------------------------------------------------------------------------------

    def _accept(self, listener: Any) -> bool:
        """Whether somebody was waiting."""
        try:
            connection, _ = listener.accept()
        except BlockingIOError:
            return False
        connection.settimeout(wire.PATIENCE)
        try:
            if not wire.is_own(connection):
                raise PermissionError("another user's")
            self._take(connection, *wire.receive(connection))
        except (OSError, ValueError, TypeError) as error:
            # without an answer the client does the job by itself
            print(f"refused: {error}", file=sys.stderr, flush=True)
            connection.close()
        return True

    def _take(self, connection: socket.socket, request: wire.Request, files: list[int]) -> None:
        try:
            self._fork(connection, request, files)
        finally:
            for file in files:
                os.close(file)

    def _fork(self, connection: socket.socket, request: wire.Request, files: list[int]) -> None:
        server = os.getpid()
        pid = os.fork()
        if not pid:
            request = request._replace(environ=self._environ(request))
            child.become(request, files, server, self._left_behind())
        wire.tell(connection, started=pid)
        job = Job(pid, os.pidfd_open(pid), connection)
        self.jobs[pid] = job
        self.selector.register(job.process, selectors.EVENT_READ, lambda _: self._finish(job))
        self.selector.register(connection, selectors.EVENT_READ, lambda _: self._listen(job))

    def _environ(self, request: wire.Request) -> dict[str, str]:
        """The job's variables; the jobs inside it shall agree with it, whatever it sets itself."""
        return {**self.set_by_imports, **request.environ, AGREED: self.place.kind}

    def _left_behind(self) -> list[Any]:
        """What a child must not keep open: it would keep other clients waiting."""
        others = [each for job in self.jobs.values() for each in (job.connection, job.process)]
        return [self.selector, self.listener, self.builder, *others]

    def _listen(self, job: Job) -> None:
        """A client sends signals for its child; when it hangs up, nobody wants the result."""
        if job.pid not in self.jobs:
            return
        try:
            numbers = job.connection.recv(64)
        except OSError:
            numbers = b""
        if not numbers:
            self.selector.unregister(job.connection)
        for number in numbers or [signal.SIGKILL]:
            self._kill(job, number)

    def _kill(self, job: Job, number: int) -> None:
        """Send a signal to a child and to all processes that it started."""
        # in its first moments a child has no group of its own yet
        for send in (os.killpg, os.kill):
            with contextlib.suppress(ProcessLookupError):
                send(job.pid, number)
                return

    def _finish(self, job: Job) -> None:
        _, status = os.waitpid(job.pid, 0)
        wire.tell(job.connection, ended=os.waitstatus_to_exitcode(status))
        del self.jobs[job.pid]
        for file in (job.process, job.connection):
            with contextlib.suppress(KeyError):
                self.selector.unregister(file)
        os.close(job.process)
        job.connection.close()


def main(argv: Sequence[str] | None = None) -> int:
    """Import, serve, clear away."""
    folder, build, family, kind, number = sys.argv[1:] if argv is None else argv
    place = Place(Path(folder), build, family, kind)
    listener = socket.socket(fileno=int(number))
    listener.set_inheritable(False)
    _close_others(listener.fileno())
    try:
        builder = os.pidfd_open(int(build.partition("-")[0]))
        if is_alive(build):
            server = Server(place, listener, builder)
            server.prepare()
            server.serve()
    except ProcessLookupError:
        pass
    finally:
        _clear(place)
    return 0


def _close_others(kept: int) -> None:
    """Files of the job that happened to start this server; a pipe held open never ends."""
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208
        if int(name) > 2 and int(name) != kept:
            with contextlib.suppress(OSError):
                os.close(int(name))


def _clear(place: Place) -> None:
    """Leave nothing behind; the last server of a build takes the folder with it."""
    if not is_alive(place.build):
        place.socket.unlink(missing_ok=True)
        if not any(place.folder.glob("*.sock")):
            shutil.rmtree(place.folder, ignore_errors=True)


if __name__ == "__main__":
    raise SystemExit(main())
