"""Say which operators of a quantised TFLite file the Edge TPU compiler would map, and why not.

No compiler and no accelerator is needed. The answer is a prediction: docs/edgetpu.md says what it
knows, where from, and how often it was right.

examples:
  python -m converters.edgetpu_mapping model_int8.tflite
  python -m converters.edgetpu_mapping model_int8.tflite --unmapped
  python -m converters.edgetpu_mapping model_int8.tflite --json > mapping.json
  python -m converters.edgetpu_mapping for_edgetpu.tflite --before for_cpu.tflite
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from converters.edgetpu_mapping.predict import Prediction, predicted
from converters.edgetpu_mapping.statuses import NOT_QUANTISED
from converters.errors import ZooError


def parser() -> argparse.ArgumentParser:
    """The command line."""
    head, _, examples = (__doc__ or "").partition("examples:")
    made = argparse.ArgumentParser(
        prog="python -m converters.edgetpu_mapping",
        description=head,
        epilog=f"examples:{examples}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    made.add_argument("file", type=Path, metavar="FILE.tflite", help="int8 or uint8 model")
    shape = made.add_mutually_exclusive_group()
    shape.add_argument(
        "--json",
        action="store_true",
        help="a list, one entry per operator in file order: type, mapped, reason",
    )
    shape.add_argument("--unmapped", action="store_true", help="only what stays on the CPU")
    shape.add_argument("--before", type=Path, metavar="OTHER", help="count beside another file's")
    made.add_argument(
        "--all-subgraphs",
        action="store_true",
        help="as with the compiler's experimental option -a, which maps more than one part",
    )
    return made


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status: 1 if there is no answer."""
    args = parser().parse_args(argv)
    try:
        prediction = predicted(args.file, all_subsets=args.all_subgraphs)
        for line in _lines(args, prediction):
            print(line)
        _insist_on_quantised(prediction, args.file)
    except ZooError as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except BrokenPipeError:  # whoever reads has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return 0


def _lines(args: argparse.Namespace, prediction: Prediction) -> Iterable[str]:
    if args.before:
        before = predicted(args.before, all_subsets=args.all_subgraphs)
        return [*_headed(args.before, before), "", *_headed(args.file, prediction)]
    if args.json:
        return [json.dumps([verdict.record() for verdict in prediction.verdicts], indent=1)]
    return table(prediction, args.unmapped)


def _headed(file: Path, prediction: Prediction) -> list[str]:
    return [f"{file}:", *(f"  {line}" for line in counts(prediction))]


def _insist_on_quantised(prediction: Prediction, file: Path) -> None:
    if prediction.refusal is not None and prediction.refusal.words == NOT_QUANTISED:
        raise ZooError(
            f"{NOT_QUANTISED}: the compiler takes 8-bit models alone",
            subject=str(file),
            remedy="give it the full_int8 or full_uint8 file",
        )


def table(prediction: Prediction, only_unmapped: bool = False) -> Iterator[str]:
    """The table that people read, and below it the counts."""
    verdicts = [
        (number, verdict)
        for number, verdict in enumerate(prediction.verdicts)
        if not (only_unmapped and verdict.is_mapped)
    ]
    width = max((len(verdict.type) for _, verdict in verdicts), default=0)
    for number, verdict in verdicts:
        place = "TPU" if verdict.is_mapped else "CPU"
        reason = "" if verdict.is_mapped else str(verdict.status)
        yield f"{number:5}  {verdict.type:{width}}  {place}  {reason}".rstrip()
    yield from counts(prediction)


def counts(prediction: Prediction) -> Iterator[str]:
    """How many of what run where, and whether the compiler would take the file at all."""
    total, mapped = len(prediction.verdicts), prediction.mapped
    if prediction.refusal is not None:
        yield f"The compiler would refuse this file: {prediction.refusal}"
    yield f"{mapped} of {total} operators on the Edge TPU ({prediction.share:.1%}), " + (
        f"{total - mapped} on the CPU"
    )
    left = Counter(verdict.type for verdict in prediction.verdicts if not verdict.is_mapped)
    if left:
        yield "on the CPU: " + ", ".join(f"{name} {n}" for name, n in sorted(left.items()))
    first = prediction.first_unmapped()
    if first is not None:
        yield f"first for a reason of its own: {first[0]} {first[1].type}: {first[1].status}"


if __name__ == "__main__":
    raise SystemExit(main())
