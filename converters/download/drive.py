"""Files on Google Drive: past the page that asks whether to download what no scanner has seen.

Small files come at once. For large ones the answer is a page with a form, whose hidden fields
must be sent back; older pages have a link or a cookie instead. A page that asks for something
else (a log-in, patience) is told in words.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import requests

from converters.download.http import Stream, Web
from converters.errors import SourceError

PAGE_LIMIT = 1 << 20
FORM = "download-form"
COOKIE = "download_warning"

REASONS = (
    (
        r"quota exceeded|too many users have (viewed|downloaded)",
        "Google Drive's quota for this file is used up",
        "try again in a day, or put the file into a mirror",
    ),
    (
        r"accounts\.google\.com|sign in|need access|request access",
        "Google Drive wants a log-in: the file is not shared with everyone",
        "ask its owner to share it, or put the file into a mirror",
    ),
    (
        r"does not exist|not found|been deleted",
        "Google Drive knows no such file",
        "correct the id in the recipe",
    ),
)


class Drive:
    """Opens files by their id."""

    def __init__(self, web: Web, base: str) -> None:
        self.web = web
        self.base = base.rstrip("/")

    def address(self, file_id: str) -> str:
        """Where a file is asked for; `confirm=t` is what the page's button sends today."""
        query = urlencode({"id": file_id, "export": "download", "confirm": "t"})
        return f"{self.base}/download?{query}"

    @contextlib.contextmanager
    def open(self, file_id: str, offset: int, etag: str) -> Iterator[Stream]:
        """The file of that id, from `offset` on where Google can do that."""
        with self.web.answer(self.address(file_id), offset, etag) as response:
            if not _is_page(response):
                yield self.web.stream(response)
                return
            confirmed = self._confirmation(response)
        with self.web.answer(confirmed, offset, etag) as response:
            if _is_page(response):
                raise _reason(_text(response))
            yield self.web.stream(response)

    def _confirmation(self, response: requests.Response) -> str:
        """The address behind the button of a warning page."""
        text = _text(response)
        page = _Page()
        page.feed(text)
        address = page.confirmation(response.url) or self._by_cookie(response.url)
        if not address:
            raise _reason(text)
        if urlsplit(address).scheme != urlsplit(self.base).scheme:
            raise SourceError(f"Google Drive's page leads to {address[:80]}, which is refused")
        return address

    def _by_cookie(self, url: str) -> str:
        cookies = self.web.session.cookies
        token = next((c.value for c in cookies if c.name.startswith(COOKIE)), None)
        return f"{url.split('&confirm=')[0]}&confirm={token}" if token else ""


class _Page(HTMLParser):
    """The forms and links of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}
        self.links: list[str] = []
        self._in_form = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note what leads to the file."""
        named = {name: value or "" for name, value in attrs}
        if tag == "form" and (named.get("id") == FORM or "download" in named.get("action", "")):
            self._in_form, self.action = True, named.get("action", "")
        elif tag == "input" and self._in_form and named.get("name"):
            self.fields[named["name"]] = named.get("value", "")
        elif tag == "a":
            self.links.append(named.get("href", ""))

    def handle_endtag(self, tag: str) -> None:
        """Fields of other forms are not ours."""
        if tag == "form":
            self._in_form = False

    def confirmation(self, url: str) -> str:
        """The address that the form or the link sends to; empty if the page has neither."""
        if self.action:
            target = urlsplit(urljoin(url, self.action))
            carried = {name: values[-1] for name, values in parse_qs(target.query).items()}
            return target._replace(query=urlencode({**carried, **self.fields})).geturl()
        link = next((link for link in self.links if "confirm=" in link and "id=" in link), "")
        return urljoin(url, link) if link else ""


def _is_page(response: requests.Response) -> bool:
    """Whether this is a page: files come with a disposition, whatever their type."""
    is_html = "html" in response.headers.get("Content-Type", "").lower()
    return is_html and "attachment" not in response.headers.get("Content-Disposition", "")


def _text(response: requests.Response) -> str:
    # The address tells where a redirect ended: at a log-in, often.
    read = b""
    for chunk in response.iter_content(1 << 14):
        read += chunk
        if len(read) >= PAGE_LIMIT:
            break
    return f"{response.url}\n{read.decode('utf-8', errors='replace')}"


def _reason(text: str) -> SourceError:
    for pattern, cause, remedy in REASONS:
        if re.search(pattern, text, re.IGNORECASE):
            return SourceError(cause, remedy=remedy)
    return SourceError(
        "Google Drive serves an HTML page in place of the file, of a kind not known here",
        remedy="open the address in a browser; put the file into a mirror",
    )
