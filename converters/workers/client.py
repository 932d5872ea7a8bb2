"""The job's side: find the server or start it, hand the job over, pass on signals, get the code.

Needs the standard library alone: a job must not pay for packages that its worker has.
"""

from __future__ import annotations

import contextlib
import os
import signal
import socket
import sys
import threading
from collections.abc import Iterator, Sequence
from typing import Any

from converters.workers import wire
from converters.workers.places import Place, is_alive, place_of

FORWARDED = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

STARTING_SECONDS = 600
"""How long a server may take to import its packages on a very busy machine."""

LOST = 75
"""Exit code of a job whose build is gone."""

Absent = (FileNotFoundError, ConnectionRefusedError)


class UnservedError(Exception):
    """The server did not take the job: it may be done elsewhere."""


def answered(build: str, family: str, request: wire.Request, files: Sequence[int]) -> int | None:
    """The exit code of a job that a worker did; None where no worker can be had."""
    try:
        place = place_of(build, family)
    except OSError:
        return None
    # a server that is about to retire may hang up once
    for _ in range(2 if place else 0):
        try:
            with connected(place) as connection:  # type: ignore[arg-type]
                return _handed_over(connection, build, request, files)
        except UnservedError:
            continue
        except (OSError, ValueError):
            return None
    return None


def connected(place: Place) -> socket.socket:
    """A connection to the server, which is started where there is none."""
    with contextlib.suppress(*Absent):
        return _dialled(place)
    with place.locked():
        with contextlib.suppress(*Absent):
            return _dialled(place)
        _start(place)
        return _dialled(place)


def _dialled(place: Place) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.settimeout(wire.PATIENCE)
        connection.connect(str(place.socket))
        if not wire.is_own(connection):
            raise PermissionError(f"{place.socket} belongs to another user")
    except BaseException:
        connection.close()
        raise
    return connection


def _start(place: Place) -> None:
    """Start a server. It is given the open socket, so that jobs may wait in it from now on."""
    place.socket.unlink(missing_ok=True)
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(str(place.socket))
        listener.listen(128)
        listener.set_inheritable(True)
        number = str(listener.fileno())
        words = ["-m", "converters.workers.server", str(place.folder), place.build, place.family]
        log = (str(place.log), os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.posix_spawn(
            sys.executable,
            [sys.executable, *words, place.kind, number],
            os.environ,
            file_actions=[
                (os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
                (os.POSIX_SPAWN_OPEN, 1, *log),
                (os.POSIX_SPAWN_OPEN, 2, *log),
            ],
            setsid=True,
        )


def _handed_over(
    connection: socket.socket, build: str, request: wire.Request, files: Sequence[int]
) -> int | None:
    """Give the job away and wait for its end."""
    _flush()
    try:
        wire.send(connection, request, files)
        connection.settimeout(STARTING_SECONDS)
        messages = wire.lines(connection)
        child = next(messages, {}).get("started")
        if child is None:
            raise UnservedError
    except (ConnectionError, TimeoutError) as error:
        raise UnservedError from error
    connection.settimeout(None)
    with _signals_passed_on(connection):
        status = _status(messages)
    if status is None:
        # server and child are dead; what the child started follows them
        with contextlib.suppress(ProcessLookupError):
            os.killpg(child, signal.SIGKILL)
        # a build that lives on wants the result all the same
        return None if is_alive(build) else LOST
    return status if status >= 0 else 128 - status


def _status(messages: Iterator[dict[str, Any]]) -> int | None:
    """The exit code, or the number of a signal with a minus; None if the server is lost."""
    with contextlib.suppress(ConnectionError, ValueError):
        for message in messages:
            if "ended" in message:
                return int(message["ended"])
    return None


@contextlib.contextmanager
def _signals_passed_on(connection: socket.socket) -> Iterator[None]:
    """What this process is sent meanwhile, the child gets."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def pass_on(number: int, _: Any) -> None:
        with contextlib.suppress(OSError):
            connection.sendall(bytes([number]))

    before = {number: signal.signal(number, pass_on) for number in FORWARDED}
    try:
        yield
    finally:
        for number, action in before.items():
            signal.signal(number, action)


def _flush() -> None:
    """What was printed so far stands before what the child prints."""
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError):
            stream.flush()
