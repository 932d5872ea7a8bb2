"""Pages of which one part is made, between marks, and the rest written by hand."""

from __future__ import annotations

from converters.errors import ZooError


def put_between(page: str, begin: str, end: str, text: str) -> str:
    """The page with other text between two marks; it is an error where they do not stand."""
    head, opened, rest = page.partition(begin)
    _, closed, tail = rest.partition(end)
    if not opened or not closed:
        raise ZooError(
            "does not stand in the page", subject=end if opened else begin, remedy="put it back"
        )
    return f"{head}{begin}\n\n{text.strip()}\n\n{end}{tail}"
