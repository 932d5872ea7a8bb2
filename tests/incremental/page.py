"""The page of the table: `python -m tests.incremental.page` writes it."""

from __future__ import annotations

from converters.marked import put_between
from tests.incremental.changes import ALL, CHANGES, FROM_EXPORT, Change
from tests.incremental.zoo import ROOT

PAGE = ROOT / "docs" / "incremental.md"
BEGIN, END = "<!-- the table: made by `make docs` -->", "<!-- end of the table -->"


def table() -> str:
    """One row per kind of change."""
    lines = ["| what happens | stages that run again | |", "|---|---|---|"]
    lines += [f"| {c.name} | {_stages(c)} | {c.remark} |" for c in CHANGES]
    return "\n".join(lines) + "\n"


def _stages(change: Change) -> str:
    if change.ran == ALL:
        return "all"
    if change.ran and change.ran >= FROM_EXPORT:
        return "all but download"
    if any(name.startswith("twin: ") for name in change.ran):
        return "those of the new recipe but the download, which is restored"
    return ", ".join(sorted(change.ran)) or "none"


def page() -> str:
    """The page as it stands, with the table as it is now."""
    return put_between(PAGE.read_text(encoding="utf-8"), BEGIN, END, table())


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
