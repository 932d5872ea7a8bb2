"""Try every fault on builds of a small zoo.

python -m benchmarks.faults --write               50 kills, and every other fault a few times
python -m benchmarks.faults --only kill --kills 5

Builds run for half an hour or more. Give it a checkout that nobody edits meanwhile: an edited
converter is a reason to build again.
"""

from __future__ import annotations

import argparse
import json
import shlex
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from os import cpu_count, getloadavg
from pathlib import Path

from benchmarks.convert.machine import memory, processor
from benchmarks.faults import disks, kills, together
from benchmarks.faults.bench import Bench, Fault, Impossible, Outcome
from benchmarks.faults.page import Tried, page

PAGE = Path("docs/faults.md")

FAULTS: Mapping[Fault, int] = {
    kills.without_store: 50,
    kills.with_store: 30,
    kills.while_restoring: 15,
    kills.twice: 5,
    kills.snakemake_alone: 0,
    kills.interrupted: 0,
    kills.terminated: 0,
    kills.one_job: 0,
    disks.full_results: 0,
    disks.full_folder: 0,
    disks.full_store: 0,
    disks.read_only_empty: 0,
    disks.read_only_full: 0,
    disks.vanishing: 0,
    disks.replaced: 0,
    disks.damaged_blobs: 0,
    disks.damaged_entries: 0,
    together.dead_server: 0,
    together.two_builds: 0,
    together.heir: 0,
    together.two_clones: 0,
}
"""Every fault, and its share in hundred of `--kills`; 0: it is tried `--times`."""


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(
        prog="python -m benchmarks.faults",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("--kills", type=int, default=50, help="random moments of kill -9 (50)")
    made.add_argument("--times", type=int, default=3, help="how often every other fault (3)")
    made.add_argument("--seed", type=int, default=1, help="of the random moments (1)")
    made.add_argument("--only", default="", help="faults whose names hold this")
    made.add_argument("--write", action="store_true", help=f"write {PAGE}")
    made.add_argument("--kept", type=Path, help="file of outcomes, to go on from (JSON lines)")
    made.add_argument("--below", type=Path, help="folder for the builds (default: a temporary one)")
    return made


class Kept:
    """The outcomes so far, in a file: a long run goes on where it was interrupted."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.known: dict[tuple[str, int], Outcome] = {}
        for line in path.read_text().splitlines() if path.is_file() else ():
            name, number, survived, words = json.loads(line)
            self.known[name, number] = Outcome(survived, words)

    def add(self, name: str, number: int, outcome: Outcome) -> None:
        """One more."""
        with self.path.open("a") as file:
            file.write(json.dumps([name, number, *outcome]) + "\n")
        sign = "survived" if outcome.survived else "NOT SURVIVED"
        print(f"{name} {number + 1}: {sign}: {outcome.words}", file=sys.stderr, flush=True)


def tried(bench: Bench, fault: Fault, times: int, kept: Kept) -> Tried:
    """A fault, tried a number of times, each with chances of its own."""
    name = (fault.__doc__ or "").strip()
    outcomes = []
    for number in range(times):
        outcome = kept.known.get((name, number))
        bench.chance.seed(f"{bench.seed} {name} {number}")
        try:
            outcomes.append(outcome or fault(bench))
        except Impossible as reason:
            return Tried(name, [], str(reason))
        if outcome is None:
            kept.add(name, number, outcomes[-1])
    return Tried(name, outcomes)


def facts(words: Sequence[str], bench: Bench) -> dict[str, str]:
    """Date, machine and command, as words."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "machine": f"{processor()}, {cpu_count()} cores, {memory():.0f} GiB",
        "load": f"{getloadavg()[2]:.1f}",
        "command": shlex.join(["python", "-m", "benchmarks.faults", *words]),
        "seed": str(bench.seed),
        "stages": bench.ended.stages,
        "seconds": f"{bench.seconds:.0f}",
    }


def without_paths(words: Sequence[str]) -> list[str]:
    """A command line without the options that name places on this machine."""
    kept = iter(words)
    return [word for word in kept if word not in ("--kept", "--below") or not next(kept, word)]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; 1 if a build did not survive."""
    words = list(sys.argv[1:] if argv is None else argv)
    args = parser().parse_args(words)
    root = Path(tempfile.mkdtemp(dir=args.below))
    bench, kept = Bench(root, args.seed), Kept(args.kept or root / "kept.jsonl")
    found = []
    for fault, share in FAULTS.items():
        if args.only in (fault.__doc__ or ""):
            times = round(args.kills * share / 100) if share else args.times
            found.append(tried(bench, fault, times, kept))
    bench.undisturbed  # noqa: B018 - for the facts
    text = page(found, facts(without_paths(words), bench))
    if args.write:
        PAGE.write_text(text)
    print(text)
    survived = all(each.survived == len(each.outcomes) for each in found)
    if survived:
        shutil.rmtree(root, ignore_errors=True)
    return 0 if survived else 1


if __name__ == "__main__":
    raise SystemExit(main())
