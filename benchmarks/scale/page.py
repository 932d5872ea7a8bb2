"""The page docs/scale.md: two tables, how they were measured, and what follows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from benchmarks.convert.process import Usage
from benchmarks.scale.measure import Row

INTRODUCTION = """\
# How planning scales

A zoo of made-up recipes, each with 15 artefacts in two variants: what Snakemake and the plan cost
while nothing is converted. The command below made this page; it is not edited by hand.

| | |
|---|---|
| date | {date} |
| machine | {machine}; load {load} while measuring |
| Snakemake | {snakemake} |
| command | `{command}` |
"""

METHOD = """\
## How it is measured

- Seconds are those of the clock; in brackets, of the processor. The peak is resident memory. On a
  machine that does other work, the seconds of the processor are what to compare.
- *Plan*: `snakemake -n --quiet rules progress` on a zoo of which nothing is built: every job is in
  the plan, every key is computed, no line is printed per job.
- *Nothing to do*: `snakemake` on the same zoo with all outputs there. They were put there by
  `benchmarks.scale.fabricate`: the real plan, the real traces and Snakemake's own notes, with small
  files in place of networks. So this is planning, not conversion.
- *One artefact*: `snakemake {artefact}` of the model in the middle, first with `-n`,
  then really converted, in a fresh zoo. Only the recipe that the target names is read. The servers
  that stages are forked from outlive Snakemake; their seconds of the processor are not counted.
- Jobs are what Snakemake counts for the whole zoo; each recipe has {jobs_each}.
"""


def page(rows: Sequence[Row], facts: Mapping[str, str]) -> str:
    """The whole page."""
    parts = [INTRODUCTION.format_map(facts), "\n".join(whole(rows)) + "\n"]
    parts += ["\n".join(growth(rows)) + "\n", "\n".join(alone(rows)) + "\n"]
    each = str((rows[-1].jobs - 1) // rows[-1].recipes)
    return "\n".join([*parts, METHOD.format_map({**facts, "jobs_each": each})])


def spent(usage: Usage | None) -> str:
    """Seconds of the clock, in brackets of the processor."""
    return f"{usage.seconds:.1f} ({usage.cpu:.1f})" if usage else "-"


def whole(rows: Sequence[Row]) -> Iterator[str]:
    """The zoo as a whole, a line per size."""
    yield "| recipes | artefacts | jobs | plan, s | peak MB | nothing to do, s | peak MB |"
    yield "|---:|---:|---:|---:|---:|---:|---:|"
    for row in rows:
        counts = f"| {row.recipes} | {row.artefacts} | {row.jobs} "
        yield (
            f"{counts}| {spent(row.plan)} | {row.plan.peak / 1e6:.0f} "
            f"| {spent(row.idle)} | {row.idle.peak / 1e6:.0f} |"
        )


def growth(rows: Sequence[Row]) -> Iterator[str]:
    """What each further recipe costs: the same at any size, if it grows linearly."""
    yield "What each further recipe costs, in milliseconds of the processor:\n"
    yield "| from | to | plan | nothing to do |"
    yield "|---:|---:|---:|---:|"
    for small, large in pairwise(rows):
        further = (large.recipes - small.recipes) / 1e3
        plan = (large.plan.cpu - small.plan.cpu) / further
        idle = (large.idle.cpu - small.idle.cpu) / further
        yield f"| {small.recipes} | {large.recipes} | {plan:.0f} | {idle:.0f} |"


def alone(rows: Sequence[Row]) -> Iterator[str]:
    """One model of each zoo."""
    yield "One artefact of one model of the zoo:\n"
    yield "| of recipes | plan, s | plan and build, s |"
    yield "|---:|---:|---:|"
    yield from (f"| {r.recipes} | {spent(r.one_plan)} | {spent(r.one_build)} |" for r in rows)
