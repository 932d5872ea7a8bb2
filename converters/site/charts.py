"""The plots of a variant's page: what its artefacts weigh and lose, along layers and releases."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from converters.release.content import Offer
from converters.release.index import Row
from converters.release.settings import INDEX, releases
from converters.site import plots
from converters.site.plots import Bar, Line
from converters.summary import size_text


def of_variant(offer: Offer, rows: list[Row], earlier: Path) -> list[str]:
    """All plots that there are data for."""
    by_size = [Bar(row.artifact, row.bytes, size_text(row.bytes), _kind(row)) for row in rows]
    by_error = [
        Bar(row.artifact, row.error, _text(row.error, "{:.1e}"), _kind(row)) for row in rows
    ]
    decibels = [Bar(r.artifact, r.sqnr_db, _text(r.sqnr_db, "{:.1f} dB"), _kind(r)) for r in rows]
    found = [
        plots.bars("Size by artefact", by_size, plots.linear),
        plots.bars("Largest error beside the original", by_error, plots.logarithmic),
        plots.bars("Signal to quantisation noise", decibels, plots.linear),
        plots.bars("Latency", list(_latencies(offer, rows)), plots.linear),
        _layers(offer),
        *_history(rows, earlier),
    ]
    return [plot for plot in found if plot]


def _kind(row: Row) -> str:
    return "whole" if "int8" in row.artifact else "real"


def _text(value: float | None, form: str) -> str:
    return "" if value is None else form.format(value)


def _latencies(offer: Offer, rows: Iterable[Row]) -> Iterator[Bar]:
    for row in rows:
        found = offer.report["artifacts"].get(row.artifact, {}).get("latency")
        value = found.get("median_ms") if isinstance(found, Mapping) else None
        yield Bar(row.artifact, value, _text(value, "{:.2f} ms"), _kind(row))


def _layers(offer: Offer) -> str:
    """SQNR along the layers of the quantised files, where it was measured."""
    tables = {path.stem: _read(path) for path in sorted((offer.folder / "layers").glob("*.json"))}
    tables = {name: table["layers"] for name, table in tables.items() if table.get("layers")}
    if not tables:
        return ""
    longest = max(tables.values(), key=len)
    names = [f"{row.get('number', i)} {row.get('operator', '')}" for i, row in enumerate(longest)]
    listed = [Line(n, [row.get("sqnr_db") for row in table]) for n, table in tables.items()]
    return plots.lines("SQNR along the layers", names, listed, "dB")


def _read(path: Path) -> Any:
    return json.loads(path.read_bytes())


def _history(rows: list[Row], folder: Path) -> Iterator[str]:
    """Sizes and errors over the releases that hold the variant, if there are two."""
    if not rows:
        return
    found = [(path.name, _rows(path, rows[0])) for path in releases(folder)]
    held = [(name, own) for name, own in found if own]
    if len(held) < 2:
        return
    places = [name for name, _own in held]
    for title, field, factor, unit in HISTORIES:
        listed = [
            Line(
                row.artifact,
                [_scaled(own.get(row.artifact, {}).get(field), factor) for _, own in held],
            )
            for row in rows
        ]
        yield plots.lines(f"{title} over releases", places, listed, unit)


HISTORIES = (("Size", "bytes", 1e-3, "kB"), ("SQNR", "sqnr_db", 1.0, "dB"))


def _scaled(value: float | None, factor: float) -> float | None:
    return None if value is None else value * factor


def _rows(release: Path, like: Row) -> dict[str, Any]:
    listed = _read(release / INDEX)["artifacts"]
    own = (r for r in listed if (r["model"], r["variant"]) == (like.model, like.variant))
    return {row["artifact"]: row for row in own}
