"""summary: the table at the end of a build: what was made, how good it is, what failed and why.

    python -m converters.summary                  everything that was built here
    python -m converters.summary --only digits    one model
    python -m converters.summary --json           as data

One row per artefact: model, variant, artefact, size, worst error against the source model,
transposes, where it lies. Below it every failure with its stage, cause and log, and what was
left out. `--json` prints the same as data.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from converters import journal, latency
from converters.errors import RecipeError
from converters.jobs import RESULTS
from converters.plan import not_built_because
from converters.recipes import ARTIFACTS, Recipe, read_zoo
from converters.recipes.references import is_shared
from converters.report import uncalibrated
from converters.stage import LOGS
from converters.traces import all_traces


class Row(NamedTuple):
    """One artefact of one variant."""

    model: str
    variant: str
    artifact: str
    bytes: int
    worst_error: float | None  # largest normalised_max over the outputs
    sqnr_db: float | None  # smallest over the outputs; None where the outputs are equal
    metric: str
    transposes: int | None
    is_calibrated: bool  # false for a kind whose ranges come from random data
    on_edgetpu: str  # operators predicted there, of how many; empty for what has no 8 bits
    latency_ms: float | None  # median of one run with one thread, where somebody measured it
    path: str


class Failure(NamedTuple):
    """One job that failed the last time it ran."""

    model: str
    variant: str
    stage: str
    cause: str
    remedy: str
    log: str


def rows(results: Path = RESULTS, only: Sequence[str] = ()) -> Iterator[Row]:
    """The artefacts of every variant that was packaged, in the order of their names."""
    for path in _below(results, only, "*/report.json"):
        package = path.parent / "package"
        if package.is_dir():
            report = latency.merged(json.loads(path.read_text()), path.parent, package)
            for name in sorted(report["artifacts"], key=_place):
                yield _row(report, name, report["artifacts"][name], package)


def _place(artifact: str) -> tuple[int, str]:
    """The schema lists artefacts in the order of the chain; one it no longer knows follows."""
    return (ARTIFACTS.index(artifact) if artifact in ARTIFACTS else len(ARTIFACTS), artifact)


def least_sqnr(evidence: Any) -> float | None:
    """The smallest over the outputs, in dB; None where all of them are equal."""
    outputs = evidence["outputs"].values()
    return min((o["sqnr_db"] for o in outputs if o.get("sqnr_db") is not None), default=None)


def metric_text(evidence: Any) -> str:
    """The metric's name, the artefact's value, and the source's in brackets; or nothing."""
    metric = evidence.get("metric")
    return f"{metric['name']} {metric['value']:.4f} ({metric['source']:.4f})" if metric else ""


def transposes_of(evidence: Any) -> int | None:
    """How many there are; None for a format that has none to count."""
    return (evidence.get("transposes") or {}).get("count")


def _row(report: Any, name: str, evidence: Any, package: Path) -> Row:
    outputs = evidence["outputs"].values()
    return Row(
        report["model"],
        report["variant"],
        name,
        evidence["bytes"],
        max((o["normalised_max"] for o in outputs), default=None),
        least_sqnr(evidence),
        metric_text(evidence),
        transposes_of(evidence),
        name not in uncalibrated(report),
        _mapping(evidence.get("edgetpu")),
        (evidence.get("latency") or {}).get("median_ms"),
        str(package),
    )


def _mapping(record: Any) -> str:
    return f"{record['mapped']}/{record['operators']}" if record else ""


def warnings(results: Path = RESULTS, only: Sequence[str] = ()) -> dict[str, dict[str, int]]:
    """How often lint warned of each rule, by `model/variant`; those it had nothing to say of."""
    found: dict[str, dict[str, int]] = {}
    for path in _below(results, only, "*/report.json"):
        report = json.loads(path.read_text())
        counts = report.get("stages", {}).get("lint", {}).get("counts")
        if counts:
            found[f"{report['model']}/{report['variant']}"] = counts
    return found


def _warning_lines(found: Mapping[str, Mapping[str, int]]) -> Iterator[str]:
    total = sum(sum(counts.values()) for counts in found.values())
    yield f"Warnings before quantising: {total}, named in facts/lint.json and the logs of lint"
    for place, counts in found.items():
        yield f"  {place}: " + ", ".join(f"{rule} {n}" for rule, n in counts.items())


def _below(folder: Path, only: Sequence[str], pattern: str) -> list[Path]:
    """Files below the folders of some models, or of all where none is named."""
    return sorted(p for model in only or ("*",) for p in folder.glob(f"{model}/{pattern}"))


def failures(logs: Path = LOGS, only: Sequence[str] = ()) -> Iterator[Failure]:
    """What failed and has not succeeded since."""
    for path in _below(logs, only, "*/*.error.json"):
        record = json.loads(path.read_text())
        model, variant = path.parts[-3:-1]
        stage = path.name.removesuffix(".error.json")
        cause = ": ".join(part for part in (record["subject"], record["cause"]) if part)
        log = path.with_name(f"{stage}.log")
        yield Failure(model, variant, stage, cause, record["remedy"], str(log))


def standing(recipes: Mapping[str, Recipe], found: Iterable[Failure]) -> list[Failure]:
    """Failures of what recipes still ask for.

    A failure outlives its recipe, variant or kind in the logs. Of a recipe that is marked as broken
    its reason is told instead.
    """
    return [each for each in found if _stands(recipes.get(each.model), each)]


def _stands(recipe: Recipe | None, failure: Failure) -> bool:
    if recipe is None or recipe.status == "broken":
        return is_shared(failure.model)
    if failure.stage.startswith("download"):
        return True
    variant = recipe.variants.get(failure.variant)
    kind = failure.stage.partition("-")[2]
    return variant is not None and (kind not in ARTIFACTS or kind in variant.artifacts)


def missed(
    recipes: Mapping[str, Recipe], problems: Iterable[RecipeError], only: Sequence[str]
) -> list[Failure]:
    """What failed of what recipes ask for, and the recipes that cannot be read."""
    return [*standing(recipes, failures(only=only)), *refused(problems)]


def refused(problems: Iterable[RecipeError]) -> Iterator[Failure]:
    """Recipes that cannot be read: their check fails, and nothing of them is built."""
    for problem in problems:
        log = LOGS / problem.recipe / "recipe" / "check.log"
        yield Failure(problem.recipe, "recipe", "check", problem.cause, problem.remedy, str(log))


def asked_for(models: Path, only: Sequence[str]) -> tuple[dict[str, Recipe], list[RecipeError]]:
    """The recipes among some names, or all: a name may be that of a data set, which has none."""
    named = [name for name in only if not is_shared(name)]
    return read_zoo(models, named) if named or not only else ({}, [])


def left_out(recipes: Iterable[Recipe]) -> dict[str, str]:
    """Recipes that no target asks for, and why."""
    reasons = {recipe.id: not_built_because(recipe) for recipe in recipes}
    return {model: reason for model, reason in reasons.items() if reason}


def markdown(models: Path, variants: Sequence[str], only: Sequence[str]) -> Iterator[str]:
    """The table and the failures of some variants (`model/variant`), as a comment shows them."""
    chosen = [row for row in rows(only=only) if f"{row.model}/{row.variant}" in variants]
    recipes, _ = asked_for(models, only)
    stand = standing(recipes, failures(only=only))
    failed = [each for each in stand if each.model in set(only)]
    yield f"{len(variants)} variants differ from the base, by their keys."
    if chosen:
        yield "\n".join(
            f"| {' | '.join(cells)} |"
            for cells in (COLUMNS, ["---"] * len(COLUMNS), *map(_cells, chosen))
        )
    if failed:
        lines = (f"- {f.model}/{f.variant} [{f.stage}] {f.cause}" for f in failed)
        yield "\n".join(["Failed:", "", *lines])


def named_in(listing: Path) -> list[str]:
    """The variants that a file of Snakemake's targets names."""
    lines = listing.read_text(encoding="utf-8").split()
    return ["/".join(Path(line).parts[1:3]) for line in lines]


COLUMNS = (
    "model",
    "variant",
    "artefact",
    "size",
    "error",
    "SQNR",
    "metric (source)",
    "transposes",
    "Edge TPU",
    "latency",
)


def table(listed: Sequence[Row]) -> str:
    """The rows as text, columns aligned; the place is given once per variant."""
    cells = [COLUMNS, *(_cells(row) for row in listed)]
    widths = [max(len(line[i]) for line in cells) for i in range(len(COLUMNS))]
    numeric = (3, 4, 5, 7, 8, 9)
    lines = []
    for line in cells:
        aligned = [
            text.rjust(width) if i in numeric else text.ljust(width)
            for i, (text, width) in enumerate(zip(line, widths, strict=True))
        ]
        lines.append("  ".join(aligned).rstrip())
    lines.insert(1, "  ".join("-" * width for width in widths))
    return "\n".join(lines)


def _cells(row: Row) -> tuple[str, ...]:
    return (
        row.model,
        row.variant,
        row.artifact if row.is_calibrated else f"{row.artifact}, uncalibrated",
        size_text(row.bytes),
        "-" if row.worst_error is None else f"{row.worst_error:.1e}",
        "-" if row.sqnr_db is None else f"{row.sqnr_db:.1f} dB",
        row.metric or "-",
        "-" if row.transposes is None else str(row.transposes),
        row.on_edgetpu or "-",
        "-" if row.latency_ms is None else f"{row.latency_ms:.3g} ms",
    )


def size_text(count: int) -> str:
    """A number of bytes as people read it: 23.4 kB, 1.2 MB."""
    for unit, size in (("MB", 1e6), ("kB", 1e3)):
        if count >= size:
            return f"{count / size:.1f} {unit}"
    return f"{count} B"


def text(models: Path, only: Sequence[str] = ()) -> Iterator[str]:
    """The whole summary, or that of some models, block by block."""
    listed = list(rows(only=only))
    if listed:
        yield table(listed)
        places = dict.fromkeys(row.path for row in listed)
        yield "\n".join(["Packages:", *(f"  {place}" for place in places)])
    if warned := warnings(only=only):
        yield "\n".join(_warning_lines(warned))
    recipes, problems = asked_for(models, only)
    failed = missed(recipes, problems, only)
    if failed:
        yield "\n".join(["Failed:", *_failure_lines(failed)])
    missing = left_out(recipes.values())
    if missing:
        lines = (f"  {model}: {reason}" for model, reason in missing.items())
        yield "\n".join(["Not built:", *lines])
    seen = {row.model for row in listed} | {failure.model for failure in failed} | set(missing)
    waiting = [model for model in recipes if model not in seen]
    if only:
        yield "Other recipes were not looked at; python -m converters.summary tells of all."
    elif waiting:
        yield f"Not asked for in this folder yet: {', '.join(waiting)}"


def work_done(since: float, only: Sequence[str] = ()) -> str:
    """How many stages ran, came from the store, were up to date; what the store complained of."""
    done = journal.counted(since)
    skipped = sum(1 for _path, trace in all_traces(only) if trace) - done["ran"] - done["restored"]
    told = ", ".join(
        [
            f"{done['ran']} run",
            f"{done['restored']} restored from the store",
            f"{max(skipped, 0)} skipped (up to date)",
            *([f"{done['failed']} failed"] if done["failed"] else []),
        ]
    )
    complaints = [f"  store: {text}" for text in done["complaints"]]
    return "\n".join([f"Stages: {told}.", *complaints])


def _failure_lines(failed: Iterable[Failure]) -> Iterator[str]:
    for failure in failed:
        yield f"  {failure.model}/{failure.variant} [{failure.stage}] {failure.cause}"
        if failure.remedy:
            yield f"    remedy: {failure.remedy}"
        yield f"    log: {failure.log}"


def main(argv: Sequence[str] | None = None) -> int:
    """Print the summary; exit 0 even when jobs failed: the build itself reports that."""
    parser = argparse.ArgumentParser(
        prog="python -m converters.summary",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--models", type=Path, default=Path("models"), help="folder of recipes")
    parser.add_argument("--since", type=float, help="when the build began, s since the epoch")
    parser.add_argument("--only", nargs="+", default=[], help="ids of recipes (default: all)")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print data instead of a table")
    form.add_argument("--markdown", action="store_true", help="print a table for a comment")
    parser.add_argument("--variants", type=Path, help="file of targets: what --markdown is about")
    args = parser.parse_args(argv)
    if args.markdown:
        named = named_in(args.variants) if args.variants else []
        only = sorted({name.split("/")[0] for name in named})
        print("\n\n".join(markdown(args.models, named, only)))
    elif args.json:
        recipes, problems = asked_for(args.models, args.only)
        listed = list(rows(only=args.only))
        failed = missed(recipes, problems, args.only)
        data = {
            "artifacts": [row._asdict() for row in listed],
            "failures": [failure._asdict() for failure in failed],
            "left_out": left_out(recipes.values()),
            "warnings": warnings(only=args.only),
            "stages": journal.counted(args.since or 0.0),
        }
        json.dump(data, sys.stdout, indent=2)
        print()
    else:
        blocks = list(text(args.models, args.only))
        blocks += [] if args.since is None else [work_done(args.since, args.only)]
        print("\n" + "\n\n".join(blocks) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
