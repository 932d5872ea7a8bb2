"""How often ours is better, equal or worse, column by column; and where the peer is better."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from benchmarks.convert.measure import OURS, Row

Number = float | int | None


@dataclass(frozen=True)
class Column:
    """A number of which less is better.

    Two numbers are equal that differ by no more than a part of themselves, or lie both below a
    floor: what rounding or the machine's mood may do.
    """

    name: str
    value: Callable[[Row], Number]
    shown: str = "{:,.0f}"
    part: float = 0.0
    floor: float = 0.0

    def ratio(self, row: Row, peer: Row) -> float | None:
        """Ours to the peer's."""
        a, b = self.value(row), self.value(peer)
        if a is None or b is None:
            return None
        if max(a, b) <= self.floor:
            return 1.0
        return a / b if b else float("inf")

    def verdict(self, row: Row, peer: Row) -> str:
        """Of ours: better, equal, worse; or nothing where one is missing."""
        ratio = self.ratio(row, peer)
        if ratio is None:
            return ""
        if 1 / (1 + self.part) <= ratio <= 1 + self.part:
            return "equal"
        return "better" if ratio < 1 else "worse"


COLUMNS = (
    Column("seconds, ONNX to TFLite", lambda row: row.seconds, "{:.1f} s", 0.1),
    Column("CPU seconds, ONNX to TFLite", lambda row: row.cpu, "{:.1f} s", 0.05),
    Column("peak memory", lambda row: row.peak and row.peak / 1e6, "{:.0f} MB", 0.05),
    Column("operators", lambda row: row.ops),
    Column("transposes", lambda row: row.transposes),
    Column("bytes transposed", lambda row: row.transposed),
    Column("size of the file", lambda row: row.size and row.size / 1e3, "{:.1f} kB", 0.01),
    Column("error", lambda row: row.error, "{:.1e}", 0.25, 1e-6),
    Column("least latency, 1 thread", lambda row: row.fastest("1"), "{:.3g} ms", 0.05),
    Column("least latency, 2 threads", lambda row: row.fastest("2"), "{:.3g} ms", 0.05),
)


def pairs(rows: Sequence[Row], peer: str) -> list[tuple[Row, Row]]:
    """Ours and the peer's row of every network of which both made a file that is right.

    What a file costs that computes something else is no measure.
    """
    right = [row for row in rows if row.is_right]
    theirs = {row.model: row for row in right if row.by == peer}
    return [(row, theirs[row.model]) for row in right if row.by == OURS and row.model in theirs]


def summary(rows: Sequence[Row], peer: str) -> Iterator[tuple[str, int, int, int, str]]:
    """Per column: its name, how often ours is better, equal, worse, and the middle ratio."""
    both = pairs(rows, peer)
    for column in COLUMNS:
        said = [column.verdict(*pair) for pair in both]
        ratios = [ratio for pair in both if (ratio := column.ratio(*pair)) is not None]
        middle = f"{statistics.median(ratios):.2f}" if ratios else "-"
        yield column.name, said.count("better"), said.count("equal"), said.count("worse"), middle


def losses(rows: Sequence[Row], peer: str) -> Iterator[str]:
    """Per column where the peer is better anywhere: on which networks, and by what."""
    both = pairs(rows, peer)
    for column in COLUMNS:
        worse = [pair for pair in both if column.verdict(*pair) == "worse"]
        if len(worse) == len(both) > 1:
            yield f"{column.name}: everywhere"
        elif worse:
            yield f"{column.name}: {'; '.join(loss(column, *pair) for pair in worse)}"


def loss(column: Column, row: Row, peer: Row) -> str:
    """Both numbers; of operators, which ones ours has more of, and fewer."""
    numbers = [column.shown.format(column.value(each)) for each in (row, peer)]
    text = f"{row.model} {numbers[0]} against {numbers[1]}"
    if column.name != "operators" or not row.operators:
        return text
    ours, theirs = Counter(row.operators), Counter(peer.operators)
    more = [f"+{count} {name}" for name, count in sorted((ours - theirs).items())]
    fewer = [f"-{count} {name}" for name, count in sorted((theirs - ours).items())]
    return f"{text} ({', '.join([*more, *fewer])})"
