"""What client and server say to each other: one request with three open files, then short lines.

The server answers `started` and `ended` lines; the client sends one byte for each signal.
"""

from __future__ import annotations

import contextlib
import json
import os
import socket
import struct
from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple

LENGTH = struct.Struct(">I")
PATIENCE = 30.0
"""Seconds that one side may take for one message; a stopped process must not stop the other."""


class Request(NamedTuple):
    """A job, as its own process would have found it."""

    entry: str  # module:function
    argv: list[str]
    cwd: str
    environ: dict[str, str]
    umask: int
    nice: int


def current(entry: str, argv: list[str]) -> Request:
    """The request for a function to run as if in this process."""
    umask = os.umask(0o077)
    os.umask(umask)
    nice = os.getpriority(os.PRIO_PROCESS, 0)
    return Request(entry, argv, os.getcwd(), dict(os.environ), umask, nice)  # noqa: PTH109


def send(connection: socket.socket, request: Request, files: Sequence[int]) -> None:
    """Send a request, with the three standard files."""
    # names of files need not be text: json keeps what the file system encoding cannot decode
    body = json.dumps(request._asdict()).encode()
    socket.send_fds(connection, [LENGTH.pack(len(body))], files)
    connection.sendall(body)


def receive(connection: socket.socket) -> tuple[Request, list[int]]:
    """The request that a client sent, and its three files; ValueError if it is none."""
    head, files, _, _ = socket.recv_fds(connection, LENGTH.size, 3)
    try:
        if len(head) < LENGTH.size or len(files) != 3:
            raise ValueError("no request")
        return Request(**json.loads(_exactly(connection, LENGTH.unpack(head)[0]))), files
    except BaseException:
        for file in files:
            os.close(file)
        raise


def _exactly(connection: socket.socket, size: int) -> bytes:
    parts = bytearray()
    while len(parts) < size:
        part = connection.recv(size - len(parts))
        if not part:
            raise ValueError("the request is cut short")
        parts += part
    return bytes(parts)


def tell(connection: socket.socket, **message: Any) -> None:
    """Send one line; a client that is gone is noticed elsewhere."""
    with contextlib.suppress(OSError):
        connection.sendall(json.dumps(message).encode() + b"\n")


def lines(connection: socket.socket) -> Iterator[dict[str, Any]]:
    """The server's lines until it hangs up."""
    rest = b""
    while part := connection.recv(4096):
        *whole, rest = (rest + part).split(b"\n")
        for line in whole:
            yield json.loads(line)


def is_own(connection: socket.socket) -> bool:
    """Whether the other side runs under the same user."""
    credentials = struct.Struct("3i")
    found = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, credentials.size)
    return bool(credentials.unpack(found)[1] == os.getuid())
