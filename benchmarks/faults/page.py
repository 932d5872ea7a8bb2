"""The page docs/faults.md: each fault, how often it was tried, and what became of the builds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from benchmarks.faults.bench import Outcome

INTRODUCTION = """\
# Faults

Builds of a small zoo to which something happens, and then the same command again. A build has
*survived* if that command ends with exit 0 and every file of `results/` and `sources/`, times and
traces apart, equals in content that of an undisturbed build; if a further build then finds nothing
to do; and, where the fault is the store's, if the build itself ends well and says what is wrong.
The command below made this page, in one run or, with `--kept`, in several, the earlier of which may
have been of earlier code; it is not edited by hand. Where a kill struck *after 15 stages*, all
stages were done and Snakemake had not ended yet.

| | |
|---|---|
| date | {date} |
| machine | {machine}; load {load} while trying |
| command | `{command}` |
| seed | {seed} |
| an undisturbed build | {stages}, {seconds} s |
"""


class Tried(NamedTuple):
    """A fault, and what became of every trial of it."""

    fault: str
    outcomes: Sequence[Outcome]
    impossible: str = ""

    @property
    def survived(self) -> int:
        """How many trials ended as they should."""
        return sum(outcome.survived for outcome in self.outcomes)


def page(tried: Sequence[Tried], facts: Mapping[str, str]) -> str:
    """The whole page."""
    parts = [INTRODUCTION.format_map(facts), "\n".join(table(tried)) + "\n"]
    parts += ["\n".join(details(tried)) + "\n"]
    return "\n".join(parts)


def table(tried: Sequence[Tried]) -> Iterator[str]:
    """A line per fault."""
    yield "| fault | times | survived |"
    yield "|---|---:|---|"
    for each in tried:
        told = each.impossible and f"not tried: {each.impossible}"
        count = len(each.outcomes)
        said = "all" if each.survived == count else f"**{each.survived}**"
        yield f"| {each.fault} | {count} | {told or said} |"
    total = sum(len(each.outcomes) for each in tried)
    yield f"| **together** | {total} | {sum(each.survived for each in tried)} |"


def details(tried: Sequence[Tried]) -> Iterator[str]:
    """What was seen in each trial."""
    yield "What was seen, trial by trial:\n"
    for each in tried:
        seen = [o.words if o.survived else f"**not survived: {o.words}**" for o in each.outcomes]
        if seen:
            yield f"- {each.fault}: {'; '.join(seen)}"
