"""The least time of each file with one thread, without TensorFlow nearby: `SECONDS OUT FILE...`."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from benchmarks.convert.latency import in_turns, loaded


def main(seconds: float, out: Path, files: list[Path]) -> None:
    """Write microseconds, in the order of the files."""
    taken = in_turns([loaded(file, 1).invoke for file in files], seconds)
    out.write_text(json.dumps([1000 * min(each.milliseconds for each in one) for one in taken]))


if __name__ == "__main__":
    main(float(sys.argv[1]), Path(sys.argv[2]), [Path(file) for file in sys.argv[3:]])
