"""Why a result is up to date or stale, in words, and what building it will run and cost.

    python -m converters.why results/u2netp/320x320/int8.tflite
    python -m converters.why u2netp                 all variants of a model
    python -m converters.why --json                 the whole zoo, as data

Says which recipe field, module, package, file or input differs from what the result was built
with. Costs come from earlier builds. Exit code 0: everything asked about is up to date; 1:
something is stale; 2: the question cannot be answered.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import yaml

from converters.errors import RecipeError, ZooError
from converters.job import address
from converters.jobs import Job
from converters.outlook import usual_seconds
from converters.paths import job_at
from converters.plan import Plan
from converters.store import Store, open_store
from converters.traces import Trace, digests_of

CONFIG = Path("config.yaml")


class Answer(NamedTuple):
    """What is known about one job."""

    job: Job
    causes: list[str]  # why it is stale; empty if it is not
    after: list[Job]  # stale jobs before it, whose results it waits for
    in_store: bool  # whether the store has the wanted result
    seconds: float | None  # what running it took before, here or for another model

    @property
    def is_stale(self) -> bool:
        """Whether a build would start it."""
        return bool(self.causes or self.after)

    def record(self) -> dict[str, Any]:
        """As JSON data."""
        return {
            **self._asdict(),
            "job": str(self.job),
            "after": [str(job) for job in self.after],
            "is_stale": self.is_stale,
        }


class Inquiry:
    """Questions about the jobs of a plan."""

    def __init__(self, plan: Plan, store: Store | None) -> None:
        self.plan, self.store = plan, store
        self._answers: dict[Job, Answer] = {}

    @cached_property
    def usual_seconds(self) -> Mapping[str, float]:
        """The median of what each stage took, over everything that was built here."""
        return usual_seconds()

    def before(self, job: Job) -> list[Job]:
        """A job and all that it depends on, each once, the first to run first."""
        found: dict[Job, None] = {}
        for each in self.plan.upstream_of(job):
            found.update(dict.fromkeys(self.before(each)))
        return [*found, job]

    def answer(self, job: Job) -> Answer:
        """What is known about a job."""
        if job not in self._answers:
            self._answers[job] = self._answered(job)
        return self._answers[job]

    def _answered(self, job: Job) -> Answer:
        known = self.plan.freshness
        trace, cause = known.trace(job), known.wanted(job).cause
        after = [each for each in self.plan.upstream_of(job) if self.answer(each).is_stale]
        causes = list(self._causes(job, trace, cause)) if cause else []
        seconds = trace.seconds if trace else self.usual_seconds.get(job.stage)
        return Answer(job, causes, after, not after and self._is_in_store(job, trace), seconds)

    def _causes(self, job: Job, trace: Trace | None, cause: str) -> Iterator[str]:
        wanted = self.plan.freshness.wanted(job)
        if trace is None or trace.key == wanted.key:
            if not cause.startswith("something before it"):
                yield cause
            return
        told = list(differences(trace.parts, wanted.parts))
        yield from told or ["the converters were edited while it was built"]

    def _is_in_store(self, job: Job, trace: Trace | None) -> bool:
        """Whether the wanted result can be restored; known only if its inputs are there."""
        if self.store is None or trace is None:
            return False
        inputs = digests_of(trace.inputs)
        place = address(self.plan.freshness.wanted(job).key, inputs, len(trace.outputs))
        return self.store.find(place) is not None


def differences(before: Any, now: Any, path: tuple[str, ...] = ()) -> Iterator[str]:
    """What differs between two sets of parts, one line each."""
    if isinstance(before, Mapping) and isinstance(now, Mapping):
        for name in sorted({*before, *now}):
            if before.get(name) != now.get(name):
                yield from differences(before.get(name), now.get(name), (*path, name))
    else:
        yield SAID.get(path[0], said_field)(path, before, now)


def said_field(path: tuple[str, ...], before: Any, now: Any) -> str:
    """A field of the recipe."""
    return f"recipe: {'.'.join(path[1:]) or path[0]} was {_short(before)}, is {_short(now)}"


def said_code(path: tuple[str, ...], before: Any, now: Any) -> str:
    """One of our modules."""
    what = "is new" if before is None else "is no longer used" if now is None else "changed"
    return f"code: {path[-1]} {what}"


def said_package(path: tuple[str, ...], before: Any, now: Any) -> str:
    """A package or a tool."""
    return f"package: {path[-1]} was {before or 'unused'}, is {now or 'unused'}"


def said_file(path: tuple[str, ...], before: Any, now: Any) -> str:
    """A file of the model's folder."""
    what = "is new" if before is None else "is no longer read" if now is None else "changed"
    return f"file: {path[-1]} {what}"


def said_config(path: tuple[str, ...], before: Any, now: Any) -> str:
    """A line of config.yaml."""
    return f"config.yaml: {'.'.join(path[1:])} was {_short(before)}, is {_short(now)}"


def said_command(_path: tuple[str, ...], _before: Any, _now: Any) -> str:
    """The shell command of the rule."""
    return "rule: its command changed"


SAID = {
    "code": said_code,
    "packages": said_package,
    "files": said_file,
    "command": said_command,
    "config": said_config,
}


def _short(value: Any) -> str:
    text = "absent" if value is None else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 70 else f"{text[:67]}..."


def told(inquiry: Inquiry, job: Job) -> Iterator[str]:
    """The answer about a job in words, its past first."""
    answers = [inquiry.answer(each) for each in inquiry.before(job)]
    stale = [answer for answer in answers if answer.is_stale]
    if not stale:
        yield f"{job} is up to date: {len(answers)} stages stand behind it, none of them changed"
        return
    yield f"{job} is stale:"
    for answer in stale:
        yield from _told_of(answer)
    known = [answer.seconds for answer in stale if answer.seconds is not None]
    unknown = len(stale) - len(known)
    yield (
        f"  building it starts {len(stale)} stages, about {sum(known):.0f} s of work at most"
        + (f" (and {unknown} that never ran here)" if unknown else "")
        + "; where a result comes out as it was, what follows is restored"
    )


def _told_of(answer: Answer) -> Iterator[str]:
    cost = "" if answer.seconds is None else f" ({answer.seconds:.1f} s)"
    cost = " (in the store)" if answer.in_store else cost
    for cause in answer.causes:
        yield f"  [{answer.job.record}]{cost} {cause}"
    if not answer.causes:
        names = ", ".join(job.record for job in answer.after)
        yield f"  [{answer.job.record}]{cost} follows {names}"


def asked(plan: Plan, targets: Iterable[str]) -> Iterator[Job]:
    """The jobs that the named files, folders, variants or models are about."""
    for target in targets:
        model, _, variant = target.strip("/").partition("/")
        if model in plan.recipes:
            names = [variant] if variant else list(plan.recipes[model].variants)
            yield from (Job("package", model, name) for name in names)
        else:
            yield job_at(target)


def main(argv: Sequence[str] | None = None) -> int:
    """Answer; return the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m converters.why",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("targets", nargs="*", help="files below results/, or ids of models")
    parser.add_argument("--models", type=Path, help="folder of recipes (default: config.yaml)")
    parser.add_argument("--json", action="store_true", help="print data instead of words")
    args = parser.parse_args(argv)
    try:
        plan, store = planned(args.models)
        jobs = list(asked(plan, args.targets or plan.targets()))
        inquiry = Inquiry(plan, store)
        answers = {each: inquiry.answer(each) for job in jobs for each in inquiry.before(job)}
        if args.json:
            print(json.dumps([answer.record() for answer in answers.values()], indent=2))
        else:
            print("\n".join(line for job in jobs for line in told(inquiry, job)))
    except ZooError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    return 1 if any(answer.is_stale for answer in answers.values()) else 0


def planned(models: Path | None) -> tuple[Plan, Store | None]:
    """The plan and the store as a build in this folder would have them."""
    config = yaml.safe_load(CONFIG.read_text()) if CONFIG.is_file() else {}
    if models is not None:
        config = {**config, "models": str(models)}
    plan = Plan.load(config or {})
    if not plan.recipes and not plan.problems:
        raise RecipeError(
            "no recipes", subject=str(plan.models), remedy="run this in the zoo's folder"
        )
    return plan, open_store(plan.cache)


if __name__ == "__main__":
    raise SystemExit(main())
