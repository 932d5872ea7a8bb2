"""Tables of coverage, as Markdown."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

FIXED = "With parameters fixed"
HEAD = """# What the converter covers

The measure is the ONNX backend test suite that the `onnx` package carries. A test counts as
*computed* if OpenVINO reads the model and gives the outputs that the suite expects (CPU, float32,
rtol 1e-3, atol 1e-4), and as *reproduced* if the TensorFlow function made from the saved IR gives
them too. Tests whose inputs say how to compute (axes, shapes, sizes) have shapes that are known
only when they run; *with parameters fixed* counts those that are reproduced once such inputs are
constants. *As TFLite* are those that TFLite reproduces without Flex, in one way or the other.
Strings and sequences are none of TensorFlow's tensors of numbers: OpenVINO's count leaves them out.
Written by `python -m tests.onnx_suite --write`.
"""


EXPLAINED = {
    "wrong numbers, by inf": "the converter of TFLite writes an infinite constant, the expected "
    "output, as the largest finite number",
}
"""Reasons that a measurement cannot tell."""


class Row(NamedTuple):
    """One test: why OpenVINO, the converter and TFLite fail; empty where they do not."""

    name: str
    kind: str
    types: tuple[str, ...]
    openvino: str
    converter: str | None = None
    tflite: str | None = None
    fixed: bool = False

    @property
    def computed(self) -> bool:
        return not self.openvino

    @property
    def manner(self) -> str:
        """How the test is reproduced: `plain`, `fixed`, or not at all."""
        return "" if self.converter != "" else "fixed" if self.fixed else "plain"


def coverage(rows: Sequence[Row]) -> str:
    """What is computed and reproduced, per category and per op type."""
    kinds = list(dict.fromkeys(row.kind for row in rows))
    with_lite = any(row.tflite is not None for row in rows)
    names = ["Tests", "Computed by OpenVINO", "Reproduced", FIXED, *["As TFLite"] * with_lite]
    lines = [HEAD, "## By category", "", *_head(["Category", *names])]
    lines += [_line(kind, [row for row in rows if row.kind == kind], with_lite) for kind in kinds]
    lines.append(_line("all", rows, with_lite))
    lines += ["", "## By op type of OpenVINO", "", *_head(["Op type", *names[1:]])]
    types = sorted({kind for row in rows for kind in row.types})
    for kind in types:
        mine = [row for row in rows if kind in row.types]
        lines.append(_line(kind, mine, with_lite, total=False))
    return "\n".join(lines) + "\n"


def failures(rows: Iterable[Row]) -> str:
    """The reasons for which tests that OpenVINO computes are not reproduced."""
    found: dict[str, list[str]] = {}
    for row in rows:
        if row.computed and row.converter:
            found.setdefault(row.converter, []).append(row.name)
    lines = ["## What is not reproduced, and why", "", *_head(["Reason", "Tests", "Such as"])]
    for reason, names in sorted(found.items(), key=lambda item: (-len(item[1]), item[0])):
        words = _words(reason)
        lines.append(f"| {words} | {len(names)} | {', '.join(sorted(names)[:3])} |")
    lite = Counter(row.tflite for row in rows if row.tflite)
    if lite:
        lines += ["", "## What TFLite cannot, and why", "", *_head(["Reason", "Tests"])]
        lines += [f"| {_words(reason)} | {count} |" for reason, count in lite.most_common()]
    return "\n".join(lines) + "\n"


def _words(reason: str) -> str:
    plain = reason.replace("|", "/").replace("\n", " ")
    return f"{plain}: {EXPLAINED[reason]}" if reason in EXPLAINED else plain


def _head(names: Sequence[str]) -> list[str]:
    return [f"| {' | '.join(names)} |", "|" + "---|" * len(names)]


def _line(name: str, rows: Sequence[Row], with_lite: bool, total: bool = True) -> str:
    counts = [
        *[len(rows)] * total,
        sum(row.computed for row in rows),
        sum(row.manner == "plain" for row in rows),
        sum(row.manner == "fixed" for row in rows),
        *[sum(row.tflite == "" for row in rows)] * with_lite,
    ]
    return f"| {name} | {' | '.join(map(str, counts))} |"
