"""Compare the predicted mapping with what the real compiler made, over folders of pairs.

A folder holds X.tflite beside X_edgetpu.tflite, or an index.yaml that names the pairs.

python -m benchmarks.edgetpu_mapping ../shared/edgetpu-pairs
python -m benchmarks.edgetpu_mapping FOLDER... --write      rewrites the table in docs/edgetpu.md
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.convert.machine import described
from benchmarks.edgetpu_mapping.score import Group, Score, groups, total
from converters.marked import put_between

PAGE = Path("docs/edgetpu.md")
BEGIN, END = "<!-- measured: begin -->", "<!-- measured: end -->"
HEAD = (
    "| pairs of | models | exact | operators | on the CPU | found | missed | invented | F1 |",
    "|---|---:|---:|---:|---:|---:|---:|---:|---:|",
)


def page(found: Sequence[Group], command: str) -> Iterator[str]:
    """The table, and below it every operator on which the two differ."""
    facts = described()
    yield f"{facts['date']}, {facts['machine']}; `{command}`"
    yield ""
    yield from HEAD
    for group in found:
        if group.compared:
            yield row(group.name, total(one.score for one in group.compared))
    yield row("**all**", total(one.score for group in found for one in group.compared))
    yield ""
    yield "Where the two differ, and what was left out:"
    yield ""
    yield from [*differences(found)] or ["- nothing"]


def row(name: str, score: Score) -> str:
    """One line of the table."""
    f1 = "-" if score.f1 is None else f"{score.f1:.3f}"
    return f"| {name} | " + " | ".join(map(str, score)) + f" | {f1} |"


def differences(found: Sequence[Group]) -> Iterator[str]:
    """Each model that is not exact, and each that could not be compared."""
    for group in found:
        for one in group.compared:
            if one.differing:
                more = f" and {len(one.differing) - 3} more" if len(one.differing) > 3 else ""
                yield f"- {one.pair.source.name}: {'; '.join(one.differing[:3])}{more}"
        for reason in group.left_out:
            yield f"- left out: {reason}"


def main(argv: Sequence[str] | None = None) -> int:
    """Compare and print, or write; 1 if there is nothing to compare."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.edgetpu_mapping",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--write", action="store_true", help=f"rewrite the table in {PAGE}")
    args = parser.parse_args(argv)
    found = list(groups(args.folders))
    if not any(group.compared for group in found):
        print("no pair of X.tflite and X_edgetpu.tflite is there", file=sys.stderr)
        return 1
    shown = " ".join(f.name for f in args.folders) + (" --write" if args.write else "")
    text = "\n".join(page(found, f"python -m benchmarks.edgetpu_mapping {shown}"))
    if args.write:
        whole = put_between(PAGE.read_text(encoding="utf-8"), BEGIN, END, text)
        PAGE.write_text(whole, encoding="utf-8")
    else:
        print(text)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
