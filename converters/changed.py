"""changed: which variants another commit would build otherwise, by keys and not by file names.

    python -m converters.changed --base origin/main             names and reasons
    python -m converters.changed --base v0.1.0 --targets        what to give to snakemake
    python -m converters.changed --base HEAD~1 --json           as data

The keys of all jobs are computed twice: here, and by the base's own code in a checkout of it. A
variant whose keys are equal comes out equal and need not be built. Exit codes: 0: told; 2: the base
cannot be read.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from converters.errors import ZooError
from converters.why import differences

KEYS = """
import importlib.metadata, json, re, sys
from pathlib import Path
import yaml
from converters import keys
from converters.jobs import Job
from converters.plan import Plan, not_built_because

locked = {}
for name in ("main.txt", "torch.txt"):
    path = Path("envs") / name
    text = path.read_text() if path.is_file() else ""
    found = re.findall(r"^([A-Za-z0-9_.-]+)==([^ ;\\\\]+)", text, re.M)
    locked.update({package.lower(): version for package, version in found})
installed = keys._version
keys._version = lambda package: locked.get(package) or installed(package)

config = yaml.safe_load(Path("config.yaml").read_text()) if Path("config.yaml").is_file() else {}
plan = Plan.load(config or {})
answer = {}

def behind(job):
    found = {}
    for each in plan.upstream_of(job):
        found.update(behind(each))
    return {**found, job: None}

for recipe in plan.recipes.values():
    if not_built_because(recipe):
        continue
    for name in recipe.variants:
        jobs = behind(Job("package", recipe.id, name))
        parts = {job.record: plan.parts_of(job) for job in jobs}
        lineage = plan.freshness.key_and_lineage(Job("package", recipe.id, name))[1]
        answer[f"{recipe.id}/{name}"] = {"lineage": lineage, "jobs": parts}
json.dump(answer, sys.stdout)
"""
"""What each commit is asked, in its own folder and with its own modules."""


class Change(NamedTuple):
    """A variant that is not as the base has it."""

    name: str  # model/variant
    kind: str  # new | gone | changed
    reasons: dict[str, list[str]]  # why -> the jobs that it is among the parts of

    @property
    def target(self) -> str:
        """What Snakemake is asked for."""
        return f"results/{self.name}/package"


def compared(before: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[Change]:
    """The variants that differ, in the order of their names."""
    for name in sorted({*before, *now}):
        if name not in before:
            yield Change(name, "new", {})
        elif name not in now:
            yield Change(name, "gone", {})
        elif before[name]["lineage"] != now[name]["lineage"]:
            yield Change(name, "changed", _reasons(before[name]["jobs"], now[name]["jobs"]))


def _reasons(before: Mapping[str, Any], now: Mapping[str, Any]) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for record in now:
        if record not in before:
            found.setdefault(f"stage: {record} is new", []).append(record)
            continue
        for reason in differences(before[record], now[record]):
            found.setdefault(reason, []).append(record)
    return found


def keys_in(folder: Path) -> dict[str, Any]:
    """The keys of every variant, as the code in a folder computes them."""
    command = [sys.executable, "-c", KEYS]
    done = subprocess.run(
        command, cwd=folder, env=_environment(folder), capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        last = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        raise ZooError(
            f"its keys cannot be computed: {last}",
            subject=str(folder),
            remedy="choose a base with stage keys, or build everything: snakemake all",
        )
    return dict(json.loads(done.stdout))


def _environment(folder: Path) -> dict[str, str]:
    import os

    return {**os.environ, "PYTHONPATH": str(folder.resolve())}


def keys_of(base: str) -> dict[str, Any]:
    """The keys of another commit, from a checkout that is removed again."""
    with tempfile.TemporaryDirectory(prefix="base-") as place:
        folder = Path(place) / "tree"
        done = _git("worktree", "add", "--detach", "--quiet", str(folder), base)
        if done.returncode != 0:
            raise ZooError(
                done.stderr.strip() or "git cannot check it out",
                subject=f"base {base}",
                remedy="name a commit, tag or branch; in a shallow clone, fetch it first",
            )
        try:
            return keys_in(folder)
        finally:
            _git("worktree", "remove", "--force", str(folder))


def _git(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(["git", *words], capture_output=True, text=True, check=False)


def text(found: Sequence[Change], base: str, total: int) -> Iterator[str]:
    """The changes in words."""
    yield f"{len(found)} of {total} variants are not as {base} has them"
    for change in found:
        yield f"{change.name}: {change.kind}"
        for reason, records in change.reasons.items():
            shown = ", ".join(records[:3]) + (
                f" and {len(records) - 3} more" if records[3:] else ""
            )
            yield f"  {reason} ({shown})"


def main(argv: Sequence[str] | None = None) -> int:
    """The command."""
    parser = argparse.ArgumentParser(
        prog="python -m converters.changed",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--base", required=True, help="commit, tag or branch to compare with")
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="print data")
    form.add_argument("--targets", action="store_true", help="print what Snakemake is asked for")
    args = parser.parse_args(argv)
    try:
        now = keys_in(Path())
        found = list(compared(keys_of(args.base), now))
    except ZooError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    if args.json:
        print(json.dumps([change._asdict() for change in found], indent=2))
    elif args.targets:
        print("\n".join(change.target for change in found if change.kind != "gone"))
    else:
        print("\n".join(text(found, args.base, len(now))))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
