"""What Snakemake and the plan cost for one zoo: planning all of it, nothing to do, one model."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.convert.process import Usage, measured
from benchmarks.scale import zoo
from benchmarks.scale.fabricate import ROOT
from converters.errors import ZooError

SNAKEMAKE = Path(sys.executable).parent / "snakemake"
PLAN = ("--dry-run", "--quiet", "rules", "progress")
"""Plans, counts, and prints no line per job."""


@dataclass(frozen=True)
class Row:
    """What one zoo cost."""

    recipes: int
    jobs: int
    plan: Usage  # of everything, nothing being built
    idle: Usage  # a build of everything, all being built
    one_plan: Usage  # of one artefact of one model, nothing being built
    one_build: Usage | None  # of the same; None where it was not asked for

    @property
    def artefacts(self) -> int:
        """How many the recipes ask for."""
        return self.recipes * zoo.ARTEFACTS


class Bench:
    """A folder for zoos, and whether networks are converted in it."""

    def __init__(self, folder: Path, *, builds: bool = True) -> None:
        self.folder, self.builds = folder, builds

    def row(self, count: int) -> Row:
        """Make a zoo of so many recipes, and measure it."""
        place = self.zoo(f"zoo-{count}", count)
        target = f"results/{zoo.name(count // 2)}/{zoo.ONE_ARTEFACT}"
        one_plan = self.snakemake(place, target, *PLAN)
        plan = self.snakemake(place, *PLAN)
        jobs = self.fabricated(place)
        idle = self.snakemake(place, "--cores", "1")
        if "Nothing to be done" not in idle.log:
            raise ZooError(f"something is to be done: {idle.last_word}", subject=str(place))
        one_build = None
        if self.builds:
            fresh = self.zoo(f"fresh-{count}", count)
            one_build = self.snakemake(fresh, target, "--cores", "1")
        return Row(count, jobs, plan, idle, one_plan, one_build)

    def zoo(self, name: str, count: int) -> Path:
        """A new zoo of so many recipes."""
        place = self.folder / name
        place.mkdir()
        zoo.make(place, count)
        return place

    def snakemake(self, place: Path, *words: str) -> Usage:
        """A run of Snakemake in a zoo, as a user would start it."""
        fixed = [SNAKEMAKE, "--snakefile", ROOT / "Snakefile", "--configfile", "config.yaml"]
        command: Sequence[str | Path] = [*fixed[:1], *words, *fixed[1:]]
        usage = measured(command, place)
        if usage.code != 0:
            raise ZooError(usage.reason, subject=f"snakemake {' '.join(words)}")
        return usage

    def fabricated(self, place: Path) -> int:
        """Give the zoo its outputs without converting anything; how many jobs that stands for."""
        command = [sys.executable, "-m", "benchmarks.scale.fabricate", str(place)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise ZooError(done.stderr.strip()[-500:], subject="fabricate")
        return int(json.loads(done.stdout)["jobs"])
