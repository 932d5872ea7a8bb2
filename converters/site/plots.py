"""Plots as small inline SVG: bars and lines that take their colours from the page's style sheet.

Every plot has a label in words and its values as text, so that nobody needs to see it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from html import escape
from typing import NamedTuple

WIDTH, LABELS, VALUES, ROW = 560, 130, 76, 24
"""Of a plot, of the names at its left, of the values at its right, and of one bar, in units."""


class Bar(NamedTuple):
    """A named value; None where there is none."""

    name: str
    value: float | None
    text: str
    kind: str = ""  # class of the bar, for its colour


class Scale(NamedTuple):
    """How long a bar is, from 0 to 1."""

    share: Callable[[float], float]
    note: str


def linear(values: Sequence[float]) -> Scale:
    """From nothing to the largest value."""
    largest = max(values, default=0) or 1
    return Scale(lambda value: value / largest, "")


def logarithmic(values: Sequence[float]) -> Scale:
    """By orders of magnitude, from a tenth of the smallest value to the largest."""
    positive = [value for value in values if value > 0] or [1.0]
    low, high = math.floor(math.log10(min(positive))) - 1, math.log10(max(positive))
    span = max(high - low, 1e-9)
    return Scale(
        lambda value: (math.log10(value) - low) / span if value > 0 else 0.0, "logarithmic"
    )


def bars(title: str, listed: Sequence[Bar], scaled: Callable[[Sequence[float]], Scale]) -> str:
    """A bar per value, from above to below."""
    found = [bar for bar in listed if bar.value is not None]
    if not found:
        return ""
    scale = scaled([bar.value for bar in found if bar.value is not None])
    height = ROW * len(found) + 4
    told = "; ".join(f"{bar.name} {bar.text}" for bar in found)
    head = f'<svg class="plot" viewBox="0 0 {WIDTH} {height}" role="img"'
    parts = [f'{head} aria-label="{escape(f"{title}: {told}")}">']
    parts += [_bar(i, bar, scale.share(bar.value or 0.0)) for i, bar in enumerate(found)]
    note = f' <span class="note">({scale.note})</span>' if scale.note else ""
    caption = f"<figcaption>{escape(title)}{note}</figcaption>"
    return f"<figure>{caption}{''.join([*parts, '</svg>'])}</figure>"


def _bar(i: int, bar: Bar, share: float) -> str:
    y, room = i * ROW + 2, WIDTH - LABELS - VALUES
    length = max(2.0, room * min(max(share, 0.0), 1.0))
    return (
        f'<text class="name" x="{LABELS - 8}" y="{y + 15}">{escape(bar.name)}</text>'
        f'<rect class="bar {escape(bar.kind)}" x="{LABELS}" y="{y}" width="{length:.1f}"'
        f' height="{ROW - 6}" rx="3"/>'
        f'<text class="value" x="{LABELS + length + 6:.1f}" y="{y + 15}">{escape(bar.text)}</text>'
    )


class Line(NamedTuple):
    """A named row of values, in the order of the places along the axis."""

    name: str
    values: Sequence[float | None]


TICKS = 5
"""How many places are named below a plot, at most."""

HEIGHT, LEFT, BELOW, ABOVE = 220, 52, 30, 8
"""Of a plot of lines, and of its margins."""


def lines(title: str, places: Sequence[str], listed: Sequence[Line], unit: str) -> str:
    """Lines over places that follow each other: layers, releases."""
    every = [value for line in listed for value in line.values if value is not None]
    if not every or not places:
        return ""
    low, high = min(every), max(every)
    low, high = (low, high) if high > low else (low - abs(low) * 0.1 - 1e-9, high + 1e-9)
    axes = _axes(places, low, high, unit)
    drawn = [_line(i, line, len(places), (low, high)) for i, line in enumerate(listed)]
    names = [line.name for line in listed]
    told = f"{title}: {', '.join(names)} over {len(places)} places, {low:.3g} to {high:.3g} {unit}"
    keys = "".join(f'<li class="l{i % 6}">{escape(name)}</li>' for i, name in enumerate(names))
    head = f'<svg class="plot" viewBox="0 0 {WIDTH} {HEIGHT}" role="img"'
    picture = f'{head} aria-label="{escape(told)}">{axes}{"".join(drawn)}</svg>'
    legend = f'<ul class="keys">{keys}</ul>'
    return f"<figure><figcaption>{escape(title)}</figcaption>{picture}{legend}</figure>"


def _x(i: int, count: int) -> float:
    return LEFT + (WIDTH - LEFT - 12) * (i + 0.5) / count


def _y(value: float, low: float, high: float) -> float:
    return ABOVE + (HEIGHT - ABOVE - BELOW) * (high - value) / (high - low)


def _axes(places: Sequence[str], low: float, high: float, unit: str) -> str:
    parts = []
    for i in range(5):
        value = low + (high - low) * i / 4
        y = _y(value, low, high)
        parts.append(f'<path class="rule" d="M{LEFT} {y:.1f}H{WIDTH - 8}"/>')
        parts.append(f'<text class="tick" x="{LEFT - 6}" y="{y + 4:.1f}">{value:.3g}</text>')
    parts.append(f'<text class="unit" x="4" y="{HEIGHT - 8}">{escape(unit)}</text>')
    shown = range(0, len(places), math.ceil(len(places) / TICKS))
    for i in shown:
        x = _x(i, len(places))
        name = places[i] if len(places[i]) <= 14 else f"{places[i][:13]}…"
        parts.append(f'<text class="place" x="{x:.1f}" y="{HEIGHT - 10}">{escape(name)}</text>')
    return "".join(parts)


def _line(i: int, line: Line, count: int, span: tuple[float, float]) -> str:
    points = [
        (_x(j, count), _y(value, *span)) for j, value in enumerate(line.values) if value is not None
    ]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    dots = "".join(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3"/>' for x, y in points)
    marks = dots if len(points) <= 40 else ""
    return f'<g class="line l{i % 6}"><polyline points="{path}"/>{marks}</g>'
