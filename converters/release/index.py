"""The index of a release: every artefact a row: where it is, what it weighs, how good it is.

`index.json` is for programs and for the next release; `index.csv` holds the same rows.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from converters.jobs import COMPILED
from converters.release import licences
from converters.release.card import sqnr, worst
from converters.release.content import Offer

SCHEMA = 1


class Row(NamedTuple):
    """One artefact of one variant."""

    model: str
    variant: str
    name: str
    task: str
    license: str
    labels: str  # copyleft, non-commercial, restricted
    artifact: str
    file: str  # below the release's folder; empty if it is left out
    archive: str  # that holds it beside its licence, card and report
    sha256: str  # of the content: of a file its bytes, of a folder its files and their names
    bytes: int
    error: float | None  # largest normalised error over the outputs
    sqnr_db: float | None
    metric: str
    metric_value: float | None
    metric_source: float | None
    transposes: int | None
    operators: int | None
    calibrated: bool | None
    latency_ratio: float | None  # to the float32 file's on the same machine
    edgetpu_share: float | None  # of full_int8: operators on the Edge TPU, by compiler or predictor
    link: str  # where to get what is left out


def rows(offer: Offer, files: Mapping[str, str], archive: str) -> Iterator[Row]:
    """The artefacts of a variant; `files` says under which name each is released, if it is."""
    recipe = offer.recipe
    for name, path in offer.artifacts.items():
        found = offer.report["artifacts"].get(name, {})
        metric = found.get("metric") or {}
        yield Row(
            model=recipe.id,
            variant=offer.variant.name,
            name=recipe.name,
            task=recipe.task,
            license=recipe.license.spdx,
            labels=" ".join(licences.labels(recipe.license.spdx)),
            artifact=name,
            file=files.get(name, ""),
            archive=archive,
            sha256=offer.digests[name],
            bytes=found.get("bytes") or path.stat().st_size,
            error=worst(found) if found else None,
            sqnr_db=sqnr(found) if found else None,
            metric=metric.get("name", ""),
            metric_value=metric.get("value"),
            metric_source=metric.get("source"),
            transposes=(found.get("transposes") or {}).get("count"),
            operators=sum(found.get("operators", {}).values()) or None,
            calibrated=offer.report["stages"].get(name, {}).get("calibrated"),
            latency_ratio=latency_ratio(offer.report, name),
            edgetpu_share=edgetpu_share(offer.report) if name in ON_EDGETPU else None,
            link="" if files else link(offer),
        )


ON_EDGETPU = ("full_int8", COMPILED)


def edgetpu_share(report: Any) -> float | None:
    """Of the operators, how many the Edge TPU runs: the compiler's word where there is one."""
    facts = report["stages"].get(COMPILED) or {}
    mapped, all_of_them = facts.get("mapped"), facts.get("operators")
    if facts.get("built") and isinstance(mapped, int) and isinstance(all_of_them, int):
        return mapped / max(all_of_them, 1)
    share = (facts.get("predicted") or {}).get("share")
    return float(share) if isinstance(share, int | float) else None


def latency_ratio(report: Any, artifact: str) -> float | None:
    """How long one run takes, to the float32 file's: what of a time another machine may compare."""
    own, base = (_latency(report, name) for name in (artifact, "float32"))
    return own / base if own and base and artifact != COMPILED else None


def _latency(report: Any, artifact: str) -> float | None:
    found = report["artifacts"].get(artifact, {}).get("latency")
    value = found.get("median_ms") if isinstance(found, Mapping) else found
    return float(value) if isinstance(value, int | float) and value > 0 else None


def link(offer: Offer) -> str:
    """Where the original of a model is had."""
    links = offer.recipe.links
    sources = [source.url for source in offer.variant.sources.values() if source.url]
    return str(links.get("repo") or next(iter(sources), "") or offer.recipe.license.url)


def as_csv(listed: Iterable[Row]) -> str:
    """The rows as comma-separated values, with a line of names."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(Row._fields)
    writer.writerows(["" if value is None else value for value in row] for row in listed)
    return text.getvalue()
