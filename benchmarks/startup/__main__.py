"""Build a zoo of tiny networks with a process per stage and with workers, and compare.

python -m benchmarks.startup --write              20 models; rewrites docs/startup.md
python -m benchmarks.startup --models 3           print the page only
"""

from __future__ import annotations

import argparse
import shlex
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from benchmarks.convert.machine import described
from benchmarks.startup.measure import ROOT, Build, build, import_costs
from benchmarks.startup.page import page
from benchmarks.startup.zoo import ARTIFACTS, make_zoo
from converters.workers.server import IDLE_SECONDS

PAGE = Path("docs/startup.md")

WAYS = {"a process per stage": False, "workers": True}
"""How to build, and whether with workers."""


def measured(models: int, cores: int) -> dict[str, Build]:
    """A build in each way, of the same recipes, in folders that are removed."""
    builds = {}
    with tempfile.TemporaryDirectory(prefix="startup-") as name:
        folder = Path(name)
        make_zoo(folder / "models", models, ROOT / "models" / "schema.yaml")
        for way, workers in WAYS.items():
            made = build(folder / way.replace(" ", "-"), folder / "models", cores, workers)
            if made.usage.code or len(made.digests) < models:
                raise SystemExit(f"{way}: the build failed\n{made.usage.said[-4000:]}")
            print(f"{way}: {made.usage.cpu:.0f} CPU s, {made.usage.wall:.0f} s", file=sys.stderr)
            builds[way] = made
    return builds


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print the page or write it; 1 if the two ways made different packages."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.startup",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--models", type=int, default=20, help="how many (default: 20)")
    parser.add_argument("--cores", type=int, default=2, help="jobs at once (default: 2)")
    parser.add_argument("--write", action="store_true", help=f"write {PAGE}")
    args = parser.parse_args(argv)
    words = sys.argv[1:] if argv is None else argv
    facts = {
        "command": shlex.join(["python", "-m", "benchmarks.startup", *words]),
        "models": str(args.models),
        "artifacts": str(len(ARTIFACTS)),
        "idle": str(IDLE_SECONDS),
    }
    builds = measured(args.models, args.cores)
    text = page(builds, import_costs(), {**described(), **facts})
    if args.write:
        PAGE.write_text(text, encoding="utf-8")
    else:
        print(text)
    one, other = builds.values()
    return 0 if one.digests == other.digests else 1


if __name__ == "__main__":
    raise SystemExit(main())
