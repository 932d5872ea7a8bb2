"""A made-up zoo as if it had been built: every output there, traced and known to Snakemake.

python -m benchmarks.scale.fabricate FOLDER

The plan is the real one, and so are the means by which jobs leave their traces; only the stages
are not run. Each output holds its own path instead of a network. Planning cannot tell the
difference: it looks at traces, sizes and times.
"""

from __future__ import annotations

import asyncio
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from snakemake.api import SnakemakeApi
from snakemake.settings.types import (
    ConfigSettings,
    DAGSettings,
    ExecutionSettings,
    OutputSettings,
    Quietness,
    ResourceSettings,
)

from converters.freshness import Wanted
from converters.journal import RAN
from converters.traces import Output, Trace, digests_of, write_trace

ROOT = Path(__file__).resolve().parent.parent.parent
SECONDS = 1.0
"""What each stage is said to have taken."""


def planned(api: SnakemakeApi, folder: Path) -> Any:
    """Snakemake's workflow with the plan of the whole zoo."""
    made = api.workflow(
        resource_settings=ResourceSettings(cores=1),
        config_settings=ConfigSettings(configfiles=[folder / "config.yaml"]),
        snakefile=ROOT / "Snakefile",
        workdir=folder,
    )
    made.dag(DAGSettings())
    workflow = made._workflow
    workflow.execution_settings = ExecutionSettings()
    workflow._prepare_dag(forceall=False, ignore_incomplete=True, lock_warn_only=True)
    workflow._build_dag()
    return workflow


def put(path: Path, is_folder: bool, now: int) -> None:
    """An output with its own path for content."""
    file = path / "content" if is_folder else path
    file.parent.mkdir(parents=True, exist_ok=True)
    text = json.dumps({"path": str(path), "artifacts": {}}) if path.suffix == ".json" else str(path)
    file.write_text(text)
    marks = [path, path / ".snakemake_timestamp"] if is_folder else []
    marks[1:] and marks[1].touch()
    for mark in (file, *marks):
        os.utime(mark, ns=(now, now))


def trace(job: Any, now: int) -> None:
    """What a job leaves behind when it has run."""
    wanted = Wanted.read(Path(job.input.wanted))
    inputs = digests_of(path for path in job.input if path != job.input.wanted)
    made = {str(path): Output.of(Path(path)) for path in job.output}
    how = {"seconds": SECONDS, "how": RAN, "ended": now}
    left = Trace(wanted.key, wanted.lineage, wanted.parts, inputs, made, **how)
    write_trace(wanted.job, left)


async def fabricate(workflow: Any) -> int:
    """Every job of a plan, as if it had run; inputs first. How many there are."""
    now = time.time_ns()
    for level in workflow.dag.toposorted():
        for job in level:
            for path in job.output:
                put(Path(path), path.is_directory, now)
            if job.output and "wanted" in job.input.keys():  # noqa: SIM118 - not a mapping
                trace(job, now)
            await workflow.persistence.finished(job)
    return len(workflow.dag)


def main() -> int:
    """The command; its one argument is the folder."""
    with SnakemakeApi(OutputSettings(quiet={Quietness.ALL})) as api:
        workflow = planned(api, Path(sys.argv[1]).resolve())
        jobs = asyncio.run(fabricate(workflow))
    print(json.dumps({"jobs": jobs}))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
