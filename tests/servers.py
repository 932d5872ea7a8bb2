"""A web server on this machine that misbehaves as told, and a guard against asking any other.

`server.on(path, answer, answer, ...)` plays the answers one request after another; the last one
stays. An answer is a function of the request's handler.
"""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import urlsplit

import pytest

HERE = ("127.0.0.1", "localhost", "::1")
CHUNK = 1 << 14


class Handler(BaseHTTPRequestHandler):
    """Plays the next answer of the path that is asked for."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        server = self.server.owner
        path = urlsplit(self.path).path
        with server.lock:
            server.requests.append((self.path, dict(self.headers)))
            answers = server.answers.get(path, [status(404)])
            answer = answers.pop(0) if len(answers) > 1 else answers[0]
        with contextlib.suppress(ConnectionError):
            answer(self)

    def begin(self, code: int, **headers: object) -> None:
        """Send the head of a response; underscores stand for hyphens."""
        self.send_response(code)
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), str(value))
        self.end_headers()

    def cut(self) -> None:
        """End the connection in the middle."""
        self.wfile.flush()
        self.close_connection = True
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def offset(self, etag: str = "") -> int:
        """Where the wanted range starts; 0 if all is wanted or the version is another."""
        wanted = self.headers.get("Range", "bytes=0-").removeprefix("bytes=").rstrip("-")
        condition = self.headers.get("If-Range")
        return int(wanted) if condition in (None, etag) else 0

    def log_message(self, *_: object) -> None:
        pass


Answer = Callable[[Handler], None]


class Server:
    """The server, what it answers and what it was asked."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.scheme = "https" if tls else "http"
        self.answers: dict[str, list[Answer]] = {}
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.lock = threading.Lock()
        self.closing = threading.Event()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._http.daemon_threads = True
        self._http.owner = self
        if tls:
            self._http.socket = tls.wrap_socket(
                self._http.socket, server_side=True, do_handshake_on_connect=False
            )
        self._thread = threading.Thread(target=self._http.serve_forever, args=(0.01,), daemon=True)

    def url(self, path: str = "") -> str:
        return f"{self.scheme}://127.0.0.1:{self._http.server_address[1]}{path}"

    def on(self, path: str, *answers: Answer) -> str:
        self.answers[path] = list(answers)
        return self.url(path)

    def ranges(self) -> list[str | None]:
        """The Range header of every request so far."""
        return [headers.get("Range") for _, headers in self.requests]

    def __enter__(self) -> Server:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.closing.set()
        self._http.shutdown()
        self._http.server_close()
        self._thread.join()


def content(data: bytes, etag: str = "", ranges: bool = True, **headers: object) -> Answer:
    """The file, as a well-behaved server sends it."""

    def answer(handler: Handler) -> None:
        start = handler.offset(etag) if ranges else 0
        more = dict(headers)
        if start:
            more["Content_Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        if etag:
            more["ETag"] = etag
        handler.begin(206 if start else 200, Content_Length=len(data) - start, **more)
        handler.wfile.write(data[start:])

    return answer


def cut_after(count: int, data: bytes, etag: str = "") -> Answer:
    """The file, but the connection ends after `count` more bytes."""

    def answer(handler: Handler) -> None:
        start = handler.offset(etag)
        more = {"ETag": etag} if etag else {}
        if start:
            more["Content_Range"] = f"bytes {start}-{len(data) - 1}/{len(data)}"
        handler.begin(206 if start else 200, Content_Length=len(data) - start, **more)
        handler.wfile.write(data[start : start + count])
        handler.cut()

    return answer


def chunked(data: bytes, is_cut: bool = False) -> Answer:
    """The file in chunks, its length not told; perhaps without the last chunk."""

    def answer(handler: Handler) -> None:
        handler.begin(200, Transfer_Encoding="chunked")
        for start in range(0, len(data), CHUNK):
            part = data[start : start + CHUNK]
            handler.wfile.write(f"{len(part):x}\r\n".encode() + part + b"\r\n")
        if is_cut:
            handler.cut()
        else:
            handler.wfile.write(b"0\r\n\r\n")

    return answer


def announced(data: bytes, length: int) -> Answer:
    """The file, with a false length."""

    def answer(handler: Handler) -> None:
        handler.begin(200, Content_Length=length)
        handler.wfile.write(data)
        handler.cut()

    return answer


def endless(unit: bytes) -> Answer:
    """More and more, until the client has enough."""

    def answer(handler: Handler) -> None:
        handler.begin(200, Connection="close")
        handler.close_connection = True
        while not handler.server.owner.closing.is_set():
            handler.wfile.write(unit)

    return answer


def stalled(data: bytes, after: int) -> Answer:
    """Silence after the first bytes."""

    def answer(handler: Handler) -> None:
        handler.begin(200, Content_Length=len(data))
        handler.wfile.write(data[:after])
        handler.wfile.flush()
        handler.server.owner.closing.wait(5)
        handler.close_connection = True

    return answer


def dripping(data: bytes, pause: float) -> Answer:
    """A byte now and then: never silent, never done."""

    def answer(handler: Handler) -> None:
        handler.begin(200, Content_Length=len(data))
        for value in data:
            if handler.server.owner.closing.is_set():
                break
            handler.wfile.write(bytes([value]))
            handler.wfile.flush()
            time.sleep(pause)
        handler.close_connection = True

    return answer


def misranged(data: bytes, content_range: str) -> Answer:
    """All of the file where all is asked for; nonsense where a range is."""

    def answer(handler: Handler) -> None:
        if handler.headers.get("Range"):
            headers = {"Content_Range": content_range} if content_range else {}
            handler.begin(206, Content_Length=4, **headers)
            handler.wfile.write(b"oops")
        else:
            content(data)(handler)

    return answer


def status(code: int, **headers: object) -> Answer:
    """Nothing but a status."""
    return lambda handler: handler.begin(code, Content_Length=0, **headers)


def redirect(to: str) -> Answer:
    return status(302, Location=to)


def page(text: str, **headers: object) -> Answer:
    """An HTML page."""
    return content(text.encode(), ranges=False, Content_Type="text/html; charset=utf-8", **headers)


@pytest.fixture
def server() -> Iterator[Server]:
    with Server() as running:
        yield running


@pytest.fixture(autouse=True)
def only_this_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """No test reaches another host: neither from this process nor from a program it starts."""
    connect, look_up = socket.socket.connect, socket.getaddrinfo

    def guarded_connect(self, address):
        host = address[0] if isinstance(address, tuple) else "127.0.0.1"
        assert host in HERE, f"a test asked for {host}"
        return connect(self, address)

    def guarded_look_up(host, *arguments, **named):
        if host not in HERE:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
        return look_up(host, *arguments, **named)

    monkeypatch.setattr(socket.socket, "connect", guarded_connect)
    monkeypatch.setattr(socket, "getaddrinfo", guarded_look_up)
    for name in ("ZOO_MIRRORS", "ZOO_OFFLINE", "ZOO_DOWNLOADS", "ZOO_GOOGLE_DRIVE", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    for name in ("http_proxy", "https_proxy", "all_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    # git and what it starts: nobody listens on that port.
    monkeypatch.setenv("GIT_CONFIG_NOSYSTEM", "1")
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", "/dev/null")
    monkeypatch.setenv("GIT_SSH_COMMAND", "false")
    monkeypatch.setenv("https_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("http_proxy", "http://127.0.0.1:9")
    monkeypatch.setenv("no_proxy", "127.0.0.1,localhost")
