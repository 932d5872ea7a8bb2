"""The page docs/prices.md: what was measured, and the prices that follow."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from benchmarks.prices.fit import Prices, Times

INTRODUCTION = """\
# Prices, measured

What transposes, movers and kernels cost each other under tflite-runtime with one thread: the source
of the numbers in `converters/ir_to_tf/layout/prices.py`. The command below made this page; it is
not edited by hand.

| | |
|---|---|
| date | {date} |
| machine | {machine}; load {load} while measuring |
| with | tflite-runtime {runtime}, its default delegate |
| command | `python -m benchmarks.prices --seconds {seconds} --write` |
"""

METHOD = """\
## How it is measured

Each probe is a file of one op. All files take turns in one process, so that whatever else the
machine does falls on all alike; the fastest of the rounds counts. A group does the same work in
several ways. Prices are in bytes of TRANSPOSE: the bytes that one moves in the same time, by a line
through all transposes of a matrix.
"""


def page(times: Times, prices: Prices, facts: Mapping[str, str]) -> str:
    """The whole page."""
    parts = [INTRODUCTION.format_map(facts), "## Prices\n\n" + "\n".join(_prices(prices)) + "\n"]
    return "\n".join([*parts, "## Times\n\n" + "\n".join(_times(times)) + "\n", METHOD])


def _prices(prices: Prices) -> Iterator[str]:
    yield "| what | in bytes of TRANSPOSE |"
    yield "|---|---:|"
    yield f"| TRANSPOSE, µs per kB | {prices.microseconds_per_kilobyte:.3f} |"
    yield f"| one more TRANSPOSE, whatever its size | {prices.per_copy:.0f} |"
    for what, times in (
        ("`W x` instead of a dense layer, times the bytes of x", prices.turned),
        ("`W x^T` instead of `W x`, times the multiplications", prices.turned_inside),
        ("a product per head instead of a dense layer, times the bytes of x", prices.heads),
        ("`x^T y` instead of `x y`, times the bytes of x", prices.adjoint_left),
        ("`x y^T` instead of `x y`, times the multiplications", prices.adjoint_right),
        ("softmax as exp / sum over an axis that is not last", prices.composed),
    ):
        yield f"| {what} | {times:.2f} |"
    for piece, times in prices.pieces.items():
        yield f"| Concat, Split, Slice of pieces of {piece} bytes, times all bytes | {times:.2f} |"


def _times(times: Times) -> Iterator[str]:
    yield "| what | how | on | µs |"
    yield "|---|---|---|---:|"
    for probe, taken in times.items():
        yield f"| {probe.group} | {probe.way} | {probe.place} | {taken:.2f} |"
