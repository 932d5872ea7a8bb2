"""Files over http and https: ranges, redirects, time-outs, and what servers get wrong."""

from __future__ import annotations

import contextlib
import email.utils
import re
import time
from collections.abc import Callable, Iterator
from typing import NamedTuple
from urllib.parse import urlsplit

import requests
import urllib3

from converters.download.content import HEAD, refuse_stand_in
from converters.download.failures import AbsentError, TransientError
from converters.download.options import FetchOptions
from converters.errors import SourceError

CHUNK = 1 << 18
MAX_REDIRECTS = 10
LONGEST_PAUSE = 120.0
ABSENT = (404, 410)
BUSY = (408, 425, 429, 500, 502, 503, 504)
RANGE_REFUSED = 416
PARTIAL = 206
CERTIFICATE_REMEDY = "check the clock; behind a proxy, name its certificates in REQUESTS_CA_BUNDLE"
FORBIDDEN_REMEDY = "the host wants a log-in, or the address is old: correct it or add a mirror"


class Stream(NamedTuple):
    """What a place serves: bytes that follow the first `start` ones of the file."""

    start: int
    chunks: Iterator[bytes]
    total: int | None = None  # announced size of the whole file
    etag: str = ""  # strong ones only: they alone promise the same bytes


class GuardedSession(requests.Session):
    """A session that never leaves https for http, nor either for another scheme."""

    def __init__(self) -> None:
        super().__init__()
        self.max_redirects = MAX_REDIRECTS
        # Ranges count the bytes of what is sent: it must be the file itself.
        self.headers["Accept-Encoding"] = "identity"

    def get_redirect_target(self, resp: requests.Response) -> str | None:
        """Where a redirect leads; refused if that is less safe than where it comes from."""
        target = super().get_redirect_target(resp)
        scheme = urlsplit(target or "").scheme.lower()
        came_by = urlsplit(resp.url).scheme.lower()
        if scheme and (scheme not in ("http", "https") or (came_by, scheme) == ("https", "http")):
            resp.close()
            raise SourceError(
                f"redirects from {came_by} to {scheme}, which is refused",
                remedy="name the address that it leads to in the recipe, if it can be trusted",
            )
        return target


class Web:
    """Fetches addresses with one session; all its errors say whether another try may help."""

    def __init__(self, options: FetchOptions) -> None:
        self.options = options
        self.session = GuardedSession()

    def __enter__(self) -> Web:
        return self

    def __exit__(self, *_: object) -> None:
        self.session.close()

    @contextlib.contextmanager
    def open(self, url: str, offset: int, etag: str) -> Iterator[Stream]:
        """The file at an address, from `offset` on where the server can do that."""
        with self.answer(url, offset, etag) as response:
            yield self.stream(response)

    @contextlib.contextmanager
    def answer(self, url: str, offset: int, etag: str = "") -> Iterator[requests.Response]:
        """A good answer to a request; one that misunderstands the range is asked for all."""
        with in_words(self.options):
            response = self._ask(url, offset, etag)
            if offset and not _is_range_from(response, offset):
                response.close()
                response = self._ask(url, 0, "")
            with response:
                _refuse_status(response)
                yield response

    def stream(self, response: requests.Response) -> Stream:
        """The body of a good answer, in chunks as they come."""
        start, total = _extent(response)
        chunks = _flowing(self._chunks(response), self.options)
        content_type = response.headers.get("Content-Type", "")
        if start == 0 and "html" in content_type.lower():
            chunks = _unless_page(chunks, content_type, response.url)
        etag = response.headers.get("ETag", "")
        return Stream(start, chunks, total, "" if etag.startswith("W/") else etag)

    def _ask(self, url: str, offset: int, etag: str) -> requests.Response:
        headers = {"Range": f"bytes={offset}-"} if offset else {}
        if offset and etag:
            headers["If-Range"] = etag
        timeout = (self.options.connect_timeout, self.options.read_timeout)
        return self.session.get(url, headers=headers, timeout=timeout, stream=True)

    def _chunks(self, response: requests.Response) -> Iterator[bytes]:
        with in_words(self.options):
            while chunk := response.raw.read1(CHUNK, decode_content=False):
                yield chunk


def _flowing(chunks: Iterator[bytes], options: FetchOptions) -> Iterator[bytes]:
    """The chunks, until they only drip."""
    began, came = time.monotonic(), 0
    for chunk in chunks:
        yield chunk
        came += len(chunk)
        passed = time.monotonic() - began
        if passed < options.stall_seconds:
            continue
        if came < options.stall_bytes:
            raise TransientError(f"stalled: {came} bytes in {passed:.0f} s")
        began, came = time.monotonic(), 0


def _unless_page(chunks: Iterator[bytes], content_type: str, url: str) -> Iterator[bytes]:
    """The chunks, if they do not start as an HTML page; looked at before anything is written."""
    first = b""
    for chunk in chunks:
        first += chunk
        if len(first) >= HEAD:
            break
    if not urlsplit(url).path.lower().endswith((".html", ".htm")):
        refuse_stand_in(first[:HEAD], content_type)
    yield from (part for part in (first,) if part)
    yield from chunks


def _is_range_from(response: requests.Response, offset: int) -> bool:
    """Whether the answer to a request for a range can be used: the range itself, or all."""
    if response.status_code == RANGE_REFUSED:
        return False
    return response.status_code != PARTIAL or _extent(response)[0] == offset


def _extent(response: requests.Response) -> tuple[int, int | None]:
    """Where a body starts in the file, -1 if it does not say; and the size of the file."""
    if response.status_code == PARTIAL:
        span = re.fullmatch(
            r"bytes (\d+)-(\d+)/(\d+|\*)", response.headers.get("Content-Range", "").strip()
        )
        if span is None:
            return -1, None
        return int(span[1]), None if span[3] == "*" else int(span[3])
    length = response.headers.get("Content-Length", "")
    is_plain = response.headers.get("Content-Encoding", "identity") == "identity"
    return 0, int(length) if length.isdigit() and is_plain else None


def _refuse_status(response: requests.Response) -> None:
    status = response.status_code
    answered = f"answered {status} {response.reason or ''}".rstrip()
    if status in ABSENT:
        raise AbsentError(answered)
    if status in BUSY:
        raise TransientError(answered, pause=_wanted_pause(response.headers.get("Retry-After", "")))
    if status == PARTIAL and response.request.headers.get("Range") is None:
        raise SourceError("serves a part where all was asked for")
    if status not in (200, PARTIAL):
        raise SourceError(answered, remedy=FORBIDDEN_REMEDY if status in (401, 403) else "")


def _wanted_pause(text: str) -> float:
    """Seconds, of a Retry-After header in either of its forms."""
    if text.strip().isdigit():
        seconds = float(text)
    else:
        try:
            seconds = email.utils.parsedate_to_datetime(text).timestamp() - time.time()
        except (TypeError, ValueError):
            return 0.0
    return min(max(seconds, 0.0), LONGEST_PAUSE)


@contextlib.contextmanager
def in_words(options: FetchOptions) -> Iterator[None]:
    """Errors of the libraries below, as ours."""
    try:
        yield
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        for kinds, words in FAILURES:
            if isinstance(error, kinds):
                raise words(error, options) from error
        raise TransientError(f"the connection failed: {_root(error)}") from error


def _root(error: BaseException) -> str:
    """The innermost reason of an error that wraps others: the one that says something."""
    if isinstance(error, urllib3.exceptions.NameResolutionError):
        return "the host name is not known"
    inner = getattr(error, "reason", None) or next(
        (arg for arg in error.args if isinstance(arg, BaseException)), error.__cause__
    )
    if isinstance(inner, BaseException) and inner is not error:
        return _root(inner)
    return str(getattr(error, "strerror", None) or error)


def _no_encryption(reason: str) -> SourceError:
    """A certificate does not mend itself; a broken handshake may."""
    if "certificate" not in reason.lower():
        return TransientError(f"the encrypted connection failed: {reason}")
    return SourceError(f"its certificate is not accepted: {reason}", remedy=CERTIFICATE_REMEDY)


Words = Callable[[Exception, FetchOptions], SourceError]

FAILURES: tuple[tuple[tuple[type[Exception], ...], Words], ...] = (
    (
        (requests.exceptions.SSLError, urllib3.exceptions.SSLError),
        lambda e, _: _no_encryption(_root(e)),
    ),
    (
        (requests.exceptions.ConnectTimeout,),
        lambda _, options: TransientError(f"no connection within {options.connect_timeout:g} s"),
    ),
    (
        (requests.exceptions.ReadTimeout, urllib3.exceptions.ReadTimeoutError),
        lambda _, options: TransientError(f"stalled: not a byte for {options.read_timeout:g} s"),
    ),
    (
        (requests.exceptions.TooManyRedirects,),
        lambda _, __: SourceError(f"redirects more than {MAX_REDIRECTS} times"),
    ),
    (
        (urllib3.exceptions.IncompleteRead, urllib3.exceptions.ProtocolError),
        lambda e, _: TransientError(f"the connection was cut: {_root(e)}"),
    ),
    (
        (
            requests.exceptions.InvalidURL,
            requests.exceptions.InvalidSchema,
            requests.exceptions.MissingSchema,
        ),
        lambda e, _: SourceError(f"is not an address: {e}", remedy="correct the url"),
    ),
)
