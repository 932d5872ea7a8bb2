"""Builds at once, and a server that dies: what others do to a build."""

from __future__ import annotations

import http.server
import socket
import threading
from pathlib import Path

from benchmarks.faults.bench import Bench, Outcome
from benchmarks.faults.build import Build
from benchmarks.faults.zoo import contents, network

WAITS = "another build runs in this folder"


def two_builds(bench: Bench) -> Outcome:
    """two builds at once in one folder"""
    bench.undisturbed  # noqa: B018
    folder = bench.zoo()
    first, second = begun(folder)
    ended, then = first.ended(), second.ended()
    outcome = bench.judged(folder, ended)
    if not outcome.survived or not bench.judged(folder, then).survived:
        return Outcome(False, f"{outcome.words}; {bench.judged(folder, then).words}")
    if "Nothing to be done" not in then.output.rpartition(WAITS)[2]:
        return Outcome(False, f"the second built again: {then.stages}")
    return Outcome(WAITS in then.output, "the second waited, said so, and had nothing left to do")


def heir(bench: Bench) -> Outcome:
    """two builds at once in one folder, the first is killed: kill -9"""
    bench.undisturbed  # noqa: B018
    folder = bench.zoo()
    first, second = begun(folder)
    stages = first.finished_stages()
    first.kill()
    ended = second.ended()
    if WAITS not in ended.output:
        return Outcome(False, "the second did not wait")
    words = f"the second took over after {stages} stages; {ended.stages}"
    return bench.judged(folder, ended, words)


def begun(folder: Path) -> tuple[Build, Build]:
    """A build in the middle of its work, and a second one that has seen it."""
    first = Build(folder)
    first.wait_until(lambda: first.finished_stages() > 0)
    second = Build(folder)
    first.wait_until(lambda: WAITS in second.output)
    return first, second


def two_clones(bench: Bench) -> Outcome:
    """two clones at once on one new store"""
    bench.undisturbed  # noqa: B018
    store = bench.folder()
    folders = [bench.zoo(), bench.zoo()]
    builds = [Build(folder, store) for folder in folders]
    ended = [build.ended() for build in builds]
    outcomes = [bench.judged(*pair) for pair in zip(folders, ended, strict=True)]
    words = "; ".join(outcome.words for outcome in outcomes)
    complaints = [line for e in ended for line in e.output.splitlines() if "store: " in line]
    return Outcome(all(o.survived for o in outcomes) and not complaints, words)


def dead_server(bench: Bench) -> Outcome:
    """a server that dies in mid-download, and is back later"""
    with socket.create_server(("127.0.0.1", 0)) as reserved:
        port = reserved.getsockname()[1]
    folder = bench.zoo(url=f"http://127.0.0.1:{port}/small.onnx")
    content = network()
    cut = bench.chance.randrange(1, len(content))
    with Dying(port, content, cut) as server:
        build = Build(folder)
        build.wait_until(server.died.is_set)
    ended = build.ended()
    if not ended.code or f"127.0.0.1:{port}" not in ended.output:
        return Outcome(False, f"the build does not say that the server is away: {ended.output}")
    with Dying(port, content) as server:
        healthy = bench.zoo(url=f"http://127.0.0.1:{port}/small.onnx")
        Build(healthy, bench.store).ended()
        server.starts.clear()
        words = f"{cut} of {len(content)} bytes had come"
        outcome = bench.rebuilt(folder, words=words, wanted=contents(healthy))
    resumed = [start for start in server.starts if start]
    return outcome._replace(words=f"{outcome.words}; resumed at {resumed or 0}")


class Dying:
    """A server of one file, which ends after so many bytes of it."""

    def __init__(self, port: int, content: bytes, after: int | None = None) -> None:
        self.died = threading.Event()
        self.starts: list[int] = []
        dying = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                """Send the file, or a part of it and nothing more."""
                dying.answer(self, content, after)

            def log_message(self, *_words: object) -> None:
                """Say nothing."""

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", port), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    def answer(
        self, handler: http.server.BaseHTTPRequestHandler, content: bytes, after: int | None
    ) -> None:
        """One answer; the server's last, if it dies of it."""
        start = int((handler.headers.get("Range") or "bytes=0-")[6:].partition("-")[0])
        self.starts.append(start)
        handler.send_response(206 if start else 200)
        handler.send_header("Content-Length", str(len(content) - start))
        handler.send_header("ETag", '"1"')
        if start:
            last = len(content) - 1
            handler.send_header("Content-Range", f"bytes {start}-{last}/{len(content)}")
        handler.end_headers()
        handler.wfile.write(content[start:after])
        handler.wfile.flush()
        if after is not None:
            self._server.socket.close()  # nobody is let in any more
            self.died.set()

    def __enter__(self) -> Dying:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
