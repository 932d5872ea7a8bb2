"""Measure the converter by the ONNX backend test suite.

For every test that OpenVINO computes rightly, the model is saved as IR, converted, and run: the
outputs must be those that the suite expects. Prints tables; `--write` keeps them in
docs/coverage.md, and the names of the tests that pass in tests/golden/onnx_suite.txt.
"""

from __future__ import annotations

import argparse
import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.onnx_suite.measure import Outcome, Reference, Reproduction
from tests.onnx_suite.pool import Crash, outcomes
from tests.onnx_suite.suite import Test, load
from tests.onnx_suite.tables import Row, coverage, failures

ROOT = Path(__file__).resolve().parents[2]
LISTED = ROOT / "tests/golden/onnx_suite.txt"
PAGE = ROOT / "docs/coverage.md"


def options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.onnx_suite", description=__doc__)
    parser.add_argument("--filter", default="", help="only tests whose name this pattern finds")
    parser.add_argument("--listed", action="store_true", help="only tests of the list that pass")
    parser.add_argument("--every", type=int, default=1, help="only every n-th of the tests")
    parser.add_argument("--limit", type=int, help="only the first tests")
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--tflite", action="store_true", help="as TFLite without Flex, too")
    parser.add_argument("--verbose", action="store_true", help="a line per test that fails")
    parser.add_argument("--write", action="store_true", help="write the page and the list")
    return parser.parse_args()


def listed() -> dict[str, str]:
    """The tests that pass, and how: `plain`, or `fixed` where parameters had to be constants."""
    lines = LISTED.read_text().splitlines() if LISTED.exists() else []
    return dict(line.split() for line in lines)


def chosen(names: Iterable[str], args: argparse.Namespace) -> list[str]:
    """The tests that the options ask for."""
    known = listed()
    found = [
        name
        for name in names
        if re.search(args.filter, name) and (name in known or not args.listed)
    ]
    return found[:: args.every][: args.limit]


def measured(tests: Mapping[str, Test], args: argparse.Namespace) -> list[Row]:
    """A row per test: OpenVINO first, for itself, for some tests crash it; then the converter."""
    names, rows = chosen(tests, args), []
    with TemporaryDirectory() as folder:
        reference = Reference(tests, Path(folder))
        computed = _all(reference, names, args.jobs)
        right = [name for name in names if not computed[name].reason]
        made = _all(Reproduction(tests, Path(folder)), right, args.jobs)
        passed = [name for name in right if not made[name].reason]
        lite = Reproduction(tests, Path(folder), tflite=True)
        small = _all(lite, passed if args.tflite else [], args.jobs)
        for name in names:
            reasons = [outcomes_of.get(name) for outcomes_of in (computed, made, small)]
            words = tuple(None if each is None else each.reason for each in reasons)
            fixed = name in made and made[name].fixed
            rows.append(Row(name, tests[name].kind, computed[name].types, *words, fixed))
    return rows


def _all(work: Reference | Reproduction, names: list[str], jobs: int) -> dict[str, Outcome]:
    found = {}
    for number, (name, outcome) in enumerate(outcomes(work, names, jobs), 1):
        found[name] = Outcome(outcome.cause) if isinstance(outcome, Crash) else outcome
        if number % 100 == 0 and sys.stderr.isatty():
            print(f"{number} of {len(names)}", file=sys.stderr)
    return found


def is_lost(row: Row, before: str) -> bool:
    """Whether a test is reproduced no longer, or only with parameters fixed."""
    return bool(before) and row.manner not in ("plain", before)


def explain(rows: Iterable[Row]) -> None:
    for row in rows:
        if row.computed and row.converter:
            print(f"{row.name}: {row.converter}")
        elif row.computed and row.tflite:
            print(f"{row.name}: TFLite: {row.tflite}")


def write(rows: Sequence[Row], before: Mapping[str, str], is_whole: bool) -> None:
    """The list grows by what passed; the page is of the whole suite only."""
    passed = {row.name: row.manner for row in rows if row.manner}
    lines = sorted(f"{name} {manner}" for name, manner in {**before, **passed}.items())
    LISTED.write_text("\n".join(lines) + "\n")
    if is_whole:
        PAGE.write_text(coverage(rows) + "\n" + failures(rows))


def main() -> int:
    args = options()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    tests = load()
    rows = measured(tests, args)
    if args.verbose:
        explain(rows)
    print(coverage(rows))
    print(failures(rows))
    before = listed()
    lost = [row.name for row in rows if is_lost(row, before.get(row.name, ""))]
    for name in lost:
        print(f"passed before: {name}")
    if args.write and not lost:
        write(rows, before, is_whole=len(rows) == len(tests))
    return 1 if lost else 0


if __name__ == "__main__":
    raise SystemExit(main())
