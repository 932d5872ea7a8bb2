"""What edgetpu_compiler says: its output and its log, read into numbers and a table.

The table counts operators by status; it does not tell which ones of a type were mapped.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from converters.edgetpu_mapping.statuses import MAPPED

UNITS = {"B": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30}

VERSION = re.compile(r"Edge TPU Compiler version (\S+)")
SUBGRAPHS = re.compile(r"Number of Edge TPU subgraphs: (\d+)")
TOTAL = re.compile(r"Total number of operations: (\d+)")
ON_TPU = re.compile(r"Number of operations that will run on Edge TPU: (\d+)")
ON_CPU = re.compile(r"Number of operations that will run on CPU: (\d+)")
TIME = re.compile(r"Models? compiled successfully in (\d+) ms")
SEARCHED = re.compile(r"Try to compile segment with (\d+) ops")
HEADER = re.compile(r"^Operator\s+Count\s+Status\s*$")
ROW = re.compile(r"^(\S+)\s+(\d+)\s+(\S.*?)\s*$")
SIZES = {
    "input_bytes": re.compile(r"Input size: ([\d.]+)(\w+)"),
    "output_bytes": re.compile(r"Output size: ([\d.]+)(\w+)"),
    "on_chip_used_bytes": re.compile(
        r"On-chip memory used for caching model parameters: ([\d.]+)(\w+)"
    ),
    # version 2 says available where later ones say remaining
    "on_chip_remaining_bytes": re.compile(
        r"On-chip memory (?:remaining|available) for caching model parameters: ([\d.]+)(\w+)"
    ),
    "off_chip_streamed_bytes": re.compile(
        r"Off-chip memory used for streaming uncached model parameters: ([\d.]+)(\w+)"
    ),
}


class Row(NamedTuple):
    """Operators of one type that share a status."""

    operator: str
    number: int
    status: str

    def record(self) -> dict[str, Any]:
        """As JSON data."""
        return {"operator": self.operator, "count": self.number, "status": self.status}


class CompilerLog(NamedTuple):
    """What the compiler said of one model; None for what it did not say."""

    version: str | None
    subgraphs: int | None
    table: tuple[Row, ...]
    mapped: int | None
    unmapped: int | None
    sizes: dict[str, int]  # rounded as the compiler rounds them
    milliseconds: int | None = None
    searched: tuple[int, ...] = ()  # a delegate search: how many operators each try was given

    def record(self) -> dict[str, Any]:
        """As JSON data."""
        return {
            "compiler": self.version,
            "subgraphs": self.subgraphs,
            "operators": [row.record() for row in self.table],
            "mapped": self.mapped,
            "unmapped": self.unmapped,
            "sizes": self.sizes,
            "milliseconds": self.milliseconds,
            **({"searched": list(self.searched)} if self.searched else {}),
        }


def parse(stdout: str, *logs: str) -> CompilerLog:
    """Read what was printed, and the log files, whose tables count if there are any.

    A search for a delegate prints the failures before its success: the last word counts. Of a model
    in segments there is a log for each, and their tables are summed.
    """
    table = summed(row for log in logs for row in rows(log)) or tuple(rows(stdout))
    total, on_tpu, on_cpu = (_last_number(p, stdout) for p in (TOTAL, ON_TPU, ON_CPU))
    if table:
        mapped: int | None = sum(row.number for row in table if row.status == MAPPED)
        unmapped: int | None = sum(row.number for row in table if row.status != MAPPED)
    else:
        mapped, unmapped = on_tpu, on_cpu
        if mapped is None and total is not None and _last_number(SUBGRAPHS, stdout):
            mapped, unmapped = total, 0  # the two counts are printed only when they differ
    versions = VERSION.findall("\n".join([stdout, *logs]))
    return CompilerLog(
        versions[-1] if versions else None,
        _last_number(SUBGRAPHS, stdout),
        table,
        mapped,
        unmapped,
        {name: size for name, p in SIZES.items() if (size := _last_size(p, stdout)) is not None},
        _last_number(TIME, stdout),
        tuple(int(number) for number in SEARCHED.findall(stdout)),
    )


def summed(rows: Iterable[Row]) -> tuple[Row, ...]:
    """One row for each operator and status."""
    counts: Counter[tuple[str, str]] = Counter()
    for row in rows:
        counts[row.operator, row.status] += row.number
    return tuple(sorted(Row(name, n, status) for (name, status), n in counts.items()))


def rows(text: str) -> Iterator[Row]:
    """The rows of the last operator table in a text, by operator and status."""
    lines = text.splitlines()
    heads = [i for i, line in enumerate(lines) if HEADER.match(line.strip())]
    found = []
    for line in lines[heads[-1] + 1 :] if heads else ():
        match = ROW.match(line.strip())
        if match:
            found.append(Row(match[1], int(match[2]), match[3]))
        elif found and line.strip():
            break
    yield from sorted(found)


def _last_number(pattern: re.Pattern[str], text: str) -> int | None:
    found = pattern.findall(text)
    return int(found[-1]) if found else None


def _last_size(pattern: re.Pattern[str], text: str) -> int | None:
    found = pattern.findall(text)
    if not found or found[-1][1] not in UNITS:
        return None
    return round(float(found[-1][0]) * UNITS[found[-1][1]])


# Failures -----------------------------------------------------------------------------------------


class Failure(NamedTuple):
    """Why there is no compiled model: a class, what it means, and what to do."""

    kind: str
    explanation: str
    remedy: str
    is_transient: bool = False  # another try may succeed


class Symptom(NamedTuple):
    """A text by which a failure is known."""

    pattern: re.Pattern[str]
    failure: Failure


SYMPTOMS = (
    Symptom(
        re.compile(r"Didn't find op for builtin opcode '(?P<op>\w+)' version '(?P<version>\d+)'"),
        Failure(
            "unparsable_version",
            "the compiler does not know {op} in version {version}",
            "have the converter write {op} in simpler operators",
        ),
    ),
    Symptom(
        re.compile(r"Model not quantized"),
        Failure("not_quantised", "the model is not fully int8", "give it the full_int8 file"),
    ),
    Symptom(
        re.compile(r"dynamic-sized tensors"),
        Failure("dynamic_shapes", "a tensor has no fixed size", "fix all sizes, batch included"),
    ),
    Symptom(
        re.compile(r"large activation tensors in model"),
        Failure(
            "large_activations",
            "the activations of a layer do not fit the accelerator",
            "lower the resolution, or cut the model before the large layers",
        ),
    ),
    Symptom(
        re.compile(r"no_integer_overflow_from_quantization was not true"),
        Failure(
            "integer_overflow",
            "the ranges of a layer overflow 32-bit sums",
            "calibrate on real data; look for a dead or very large channel",
        ),
    ),
    Symptom(
        re.compile(r"Internal compiler error"),
        Failure(
            "internal_error",
            "the compiler broke off with an error of its own; too large a layer is the usual cause",
            "lower the resolution, or set edgetpu.search_delegate to map a shorter part",
            is_transient=True,
        ),
    ),
    Symptom(
        re.compile(r"Model could not be parsed"),
        Failure("unparsable", "the compiler cannot read the file", "see the log for the operator"),
    ),
    Symptom(
        re.compile(r"timed out|did not complete within timeout|timeout (?:reached|expired)", re.I),
        Failure(
            "hang",
            "the compiler's own timer ran out",
            "raise edgetpu.timeout, or lower the resolution",
            is_transient=True,
        ),
    ),
)
"""The most telling first: a log that holds several is explained by the first of them."""

HUNG = Failure(
    "hang",
    "the compiler did not end within its time and was stopped",
    "raise edgetpu.timeout, or lower the resolution",
    is_transient=True,
)
CRASHED = Failure(
    "crash",
    "the compiler was ended by signal {signal}",
    "lower the resolution; look for memory that ran out",
    is_transient=True,
)
NOTHING_MAPPED = Failure(
    "nothing_mapped",
    "the compiler calls it a success, but no operator runs on the Edge TPU",
    "see the statuses in the table; check that inputs and outputs are int8 and the batch is 1",
)
UNEXPLAINED = Failure("unexplained", "the compiler failed without a reason: {said}", "see the log")


def failure_in(text: str) -> Failure | None:
    """The failure that a text tells of, its explanation filled in."""
    for symptom in SYMPTOMS:
        match = symptom.pattern.search(text)
        if match:
            return filled(symptom.failure, **match.groupdict())
    return None


def filled(failure: Failure, **values: object) -> Failure:
    """The failure with what was seen put into its words."""
    texts = failure.explanation.format(**values), failure.remedy.format(**values)
    return failure._replace(explanation=texts[0], remedy=texts[1])
