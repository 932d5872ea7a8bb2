"""Run a stage by its name, in this process: what a job does where the store has no result.

    python -m converters.run_stage STAGE MODEL VARIANT OPTIONS

The sandbox runs it as a command; by hand, `python -m converters.<stage>` does the same.
"""

from __future__ import annotations

import importlib
import sys
from collections.abc import Sequence

from converters import stage as stages
from converters.keys import ENTRIES


def run_stage(stage: str, argv: Sequence[str]) -> int:
    """Run a stage's command line; its exit code, with any failure on record."""
    module = importlib.import_module(ENTRIES[stage])
    return stages.main(stage, module.__doc__ or "", module.add_arguments, module.run, argv)


if __name__ == "__main__":
    raise SystemExit(run_stage(sys.argv[1], sys.argv[2:]))
