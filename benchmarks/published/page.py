"""The tables of docs/quantisation.md, between marks that say where each belongs."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from benchmarks.published.compare import Found
from converters.marked import put_between
from converters.recipes import ARTIFACTS
from converters.summary import size_text

MODELS = (("digits", "8x8"), ("u2netp", "320x320"))


def models_table(found: Iterable[Found]) -> str:
    """A row for each of MLPerf Tiny's models."""
    head = (
        "model",
        "ours",
        "theirs",
        "size",
        "constants: ours, theirs",
        "operators",
        "same top class",
        "as the float file: ours, theirs",
        "SQNR to it: ours, theirs",
        "does not hold",
    )
    return _table(head, (_cells(each) for each in found))


def _cells(found: Found) -> Sequence[str]:
    differences = (f"{n} {a} for {b}" for n, (a, b) in found.operators.items())
    of = f"of {found.samples}"
    return (
        f"`{found.name}`",
        f"{found.ours} B",
        f"{found.theirs} B",
        f"{100 * (found.ratio - 1):+.1f}%",
        f"{found.constants[0]} B, {found.constants[1]} B",
        ", ".join(differences) or "the same",
        "-" if found.agreed is None else f"{found.agreed} {of}",
        "-" if found.as_float is None else f"{found.as_float[0]}, {found.as_float[1]} {of}",
        f"{found.sqnr[0]:.1f} dB, {found.sqnr[1]:.1f} dB",
        "; ".join(found.misses) or "-",
    )


def kinds_table(results: Path) -> str:
    """Metric by artefact, for the models whose held-out data are labelled."""
    head = ("model", "artefact", "size", "metric", "of the source", "lost", "samples", "SQNR")
    return _table(head, (cells for model in MODELS for cells in _kinds(results, *model)))


def _kinds(results: Path, model: str, variant: str) -> Iterator[Sequence[str]]:
    for name in ARTIFACTS:
        path = results / model / variant / "verify" / f"{name}.json"
        found = json.loads(path.read_text()) if path.is_file() else {}
        metric = found.get("metric")
        if metric and (results / model / variant / f"{name}.tflite").is_file():
            yield _kind(model, name, found, metric)


def _kind(model: str, name: str, found: Any, metric: Any) -> Sequence[str]:
    sqnr = found["worst"]["sqnr_db"]["value"]
    return (
        f"`{model}`",
        f"`{name}`",
        size_text(found["bytes"]),
        f"{metric['name']} {metric['value']:.4f}",
        f"{metric['source']:.4f}",
        f"{metric['drop']:.4f}",
        str(metric["count"]),
        "-" if sqnr is None else f"{sqnr:.1f} dB",
    )


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def written(page: Path, name: str, text: str) -> None:
    """Put a table in its place on the page."""
    begin, end = f"<!-- {name}: made by python -m benchmarks.published -->", f"<!-- end {name} -->"
    whole = put_between(page.read_text(encoding="utf-8"), begin, end, text)
    page.write_text(whole, encoding="utf-8")
