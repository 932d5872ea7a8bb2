"""published: the tables of docs/quantisation.md, from what is built here.

    snakemake --cores 2 results/mlperf_tiny_{resnet8,vww,kws,ad,sww}/...
    python -m benchmarks.published

Our int8 files of MLPerf Tiny's reference models beside the authors' own, and for two of our models
what each kind costs on data that nothing was trained or calibrated on.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from benchmarks.published.compare import compared
from benchmarks.published.page import kinds_table, models_table, written
from benchmarks.published.tasks import TASKS
from converters.jobs import RESULTS
from converters.latency import this_machine

PAGE = Path("docs") / "quantisation.md"


def main(argv: Sequence[str] | None = None) -> int:
    """Compare, print, write the page; 1 if a model could not be compared."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.published",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--page", type=Path, default=PAGE, help="page to write the tables into")
    parser.add_argument("--results", type=Path, default=RESULTS, help="folder of what is built")
    args = parser.parse_args(argv)
    found, failed = [], []
    for task in TASKS:
        try:
            found.append(compared(task, args.results))
        except (OSError, ValueError) as error:
            failed.append(f"{task.variant}: {error}")
    facts = f"{datetime.now(UTC).date()}, {this_machine()}, `python -m benchmarks.published`"
    tables = {"models": models_table(found), "kinds": kinds_table(args.results)}
    for name, table in tables.items():
        print(f"{table}\n")
        written(args.page, name, f"{table}\n\nMade {facts}.")
    for line in failed:
        print(f"not compared: {line}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
