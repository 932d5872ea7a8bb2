"""Tables of text, their columns as wide as what stands in them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

WIDEST = 48
"""Longer texts lose their middle."""


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A head, a line, and the rows."""
    lines = [list(head), *([_short(cell) for cell in row] for row in rows)]
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    lines.insert(1, ["-" * width for width in widths])
    padded = ((cell.ljust(n) for cell, n in zip(row, widths, strict=True)) for row in lines)
    return "\n".join("  ".join(row).rstrip() for row in padded)


def _short(cell: str) -> str:
    if len(cell) <= WIDEST:
        return cell
    kept = (WIDEST - 3) // 2
    return f"{cell[:kept]}...{cell[-kept:]}"
