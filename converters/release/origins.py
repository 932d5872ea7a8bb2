"""What every variant of a release was made from: the parts of all keys behind it.

The next release is compared with it, so that its change log can say why a file is another one.
Code and packages are listed once per stage, what a recipe says once per job.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from converters.jobs import COMPILED, made_by
from converters.release.content import Offer
from converters.why import differences

SHARED = ("code", "packages", "command")
"""Parts that are the same for all jobs of a stage."""


def shared_parts(offers: Iterable[Offer]) -> dict[str, Any]:
    """Stage -> the code, packages and command behind it, over all variants."""
    found: dict[str, Any] = {}
    for offer in offers:
        for job, trace in offer.traces.items():
            if trace is not None:
                mine = {name: trace.parts[name] for name in SHARED if name in trace.parts}
                found.setdefault(job.stage, mine)
    return found


def own_parts(offer: Offer) -> dict[str, Any]:
    """Job -> what its recipe and its model's folder put into it, and the jobs it reads from."""
    found = {}
    for job, trace in offer.traces.items():
        parts = trace.parts if trace is not None else {}
        own = {name: value for name, value in parts.items() if name not in (*SHARED, "stage")}
        reads = [each.record for each in offer.plan.upstream_of(job)]
        found[job.record] = {"stage": job.stage, "reads": reads, "parts": own}
    return found


def makers(offer: Offer) -> dict[str, str]:
    """Artefact -> the job that made it."""
    job = offer.jobs[-1]
    return {
        name: "edgetpu" if name == COMPILED else made_by(job, name).record
        for name in offer.artifacts
    }


class Origin:
    """What one variant of one release was made from."""

    def __init__(self, release: Mapping[str, Any], name: str) -> None:
        self.shared = release.get("stages", {})
        self.entry = release["variants"][name]

    @property
    def jobs(self) -> Mapping[str, Any]:
        """Its jobs by their records."""
        return dict(self.entry["jobs"])

    def parts(self, record: str) -> dict[str, Any]:
        """Everything that a job was made from."""
        job = self.jobs.get(record)
        return {**self.shared.get(job["stage"], {}), **job["parts"]} if job else {}

    def behind(self, record: str) -> list[str]:
        """A job and those that it depends on."""
        found: dict[str, None] = {}
        for each in self.jobs.get(record, {}).get("reads", ()):
            found |= dict.fromkeys(self.behind(each))
        return [*found, record]


def reasons(before: Origin, now: Origin, records: Iterable[str]) -> dict[str, list[str]]:
    """What differs behind some jobs -> the jobs whose own parts it is among."""
    found: dict[str, list[str]] = {}
    for record in records:
        for reason in _differences(before.parts(record), now.parts(record)):
            found.setdefault(reason, []).append(record)
    return found


def _differences(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    if before and now:
        yield from differences(before, now)
