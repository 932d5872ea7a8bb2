"""The gate on quality: what keeps a release from being made, sentence by sentence.

Every limit of every recipe holds for what is released, nothing is uncalibrated, nothing lacks its
evidence, nothing is stale or was changed after it was built; against the release before nothing is
worse than the configured margins allow.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from converters.errors import ZooError
from converters.intact import check_package
from converters.jobs import verified_artifacts
from converters.plan import Plan
from converters.release.content import Offer, failed
from converters.verify.limits import OF_OUTPUTS, Check, limits_of

MARGINS = {"error": 0.1, "bytes": 0.05, "transposes": 0.0, "latency_ratio": 0.25}
"""By how much, relative to the release before, a measure of an artefact may rise."""

LEAST = {"error": 1e-6, "bytes": 0, "transposes": 0, "latency_ratio": 0.0}
"""What is too small to count: differences below these are noise of the last digits."""


class Regression(NamedTuple):
    """A measure of an artefact that rose."""

    name: str  # model/variant/artefact
    measure: str
    before: float
    now: float
    is_accepted: bool  # within the margin, or named in the configuration

    def __str__(self) -> str:
        share = f" (+{self.now / self.before - 1:.1%})" if self.before else ""
        return f"{self.name}: {self.measure} was {self.before:.4g}, is {self.now:.4g}{share}"


def problems(plan: Plan, offers: Iterable[Offer]) -> list[str]:
    """What is wrong with what was built, each with the variant it is about."""
    found = [f"{name}: {why}" for name, why in failed(plan).items()]
    for offer in offers:
        found += [f"{offer.name}: {what}" for what in _problems(offer)]
    return found


def _problems(offer: Offer) -> Iterator[str]:
    yield from _stale(offer)
    yield from _changed(offer)
    evidence = offer.report["artifacts"]
    for name in verified_artifacts(offer.variant):
        if name not in evidence:
            yield f"{name} has no report"
        elif name not in offer.artifacts or not offer.artifacts[name].exists():
            yield f"{name} has a report and no file"
        else:
            yield from _beyond(offer, name, evidence[name])
    for name, facts in offer.report["stages"].items():
        if facts.get("calibrated") is False:
            yield f"{name} is not calibrated on real data"


def _stale(offer: Offer) -> Iterator[str]:
    """Jobs whose results are no longer what the recipe and the code say."""
    freshness = offer.plan.freshness
    stale = [job.record for job in offer.jobs if freshness.wanted(job).cause]
    if stale:
        yield f"is stale ({', '.join(stale[:3])}{', ...' if stale[3:] else ''}): build it again"


def _changed(offer: Offer) -> Iterator[str]:
    try:
        found = check_package(offer.package).findings
    except ZooError as error:
        yield str(error.cause)
        return
    yield from map(str, found)


def _beyond(offer: Offer, name: str, evidence: Mapping[str, Any]) -> Iterator[str]:
    """Limits of the recipe as it is now, held against what was measured."""
    yield from (_sentence(name, each) for each in evidence["limits"] if not each["held"])
    for measure, bound in limits_of(name, offer.variant.limits).items():
        if measure in OF_OUTPUTS:
            for output, found in evidence["outputs"].items():
                check = Check(measure, bound, found.get(measure), output)
                is_equal = measure == "sqnr_db" and check.value is None
                if not (check.is_held or is_equal):
                    yield f"{name}: {check.sentence()}"


def _sentence(name: str, limit: Mapping[str, Any]) -> str:
    return f"{name}: {limit['measure']} is {limit['value']}, accepted is {limit['bound']}"


def regressions(
    before: Iterable[Mapping[str, Any]],
    now: Iterable[Mapping[str, Any]],
    margins: Mapping[str, float],
    accepted: Iterable[str] = (),
) -> list[Regression]:
    """What rose from one index to another, artefact by artefact."""
    were = {_name(row): row for row in before}
    allowed = set(accepted)
    found: list[Regression] = []
    for row in now:
        old = were.get(_name(row))
        for measure, margin in {**MARGINS, **margins}.items() if old else ():
            found += _risen(_name(row), measure, (old or {}, row), margin)
    return [
        each._replace(is_accepted=each.is_accepted or _is_named(each, allowed)) for each in found
    ]


def _name(row: Mapping[str, Any]) -> str:
    return f"{row['model']}/{row['variant']}/{row['artifact']}"


def _risen(
    name: str, measure: str, rows: tuple[Mapping[str, Any], Mapping[str, Any]], margin: float
) -> Iterator[Regression]:
    old, new = (row.get(measure) for row in rows)
    if old is None or new is None or new - old <= LEAST[measure]:
        return
    yield Regression(name, measure, old, new, new <= old * (1 + margin))


def _is_named(found: Regression, accepted: set[str]) -> bool:
    """Whether the configuration accepts it: `model/variant/artefact measure`."""
    return f"{found.name} {found.measure}" in accepted
