"""How long files take under tflite-runtime, in turns: `SECONDS OUT.json TFLITE...`."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

from converters.timing import ROUNDS, THREADS, Round, calm, in_turns, loaded

__all__ = ["ROUNDS", "Round", "calm", "in_turns", "main"]


def main(seconds: float, out: Path, files: Sequence[Path]) -> None:
    """Write, per number of threads, whether it was calm, and each file's milliseconds."""
    found = {
        threads: calm(in_turns([loaded(file, threads).invoke for file in files], seconds))
        for threads in THREADS
    }
    out.write_text(json.dumps(found))


if __name__ == "__main__":
    main(float(sys.argv[1]), Path(sys.argv[2]), [Path(file) for file in sys.argv[3:]])
