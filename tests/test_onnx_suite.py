"""A part of the ONNX backend test suite: what was reproduced once is reproduced for good."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.onnx_suite.pool import Crash, outcomes
from tests.onnx_suite.tables import Row, coverage, failures

ROOT = Path(__file__).resolve().parents[1]
LISTED = ROOT / "tests/golden/onnx_suite.txt"


@pytest.mark.slow
def test_a_part_of_the_listed_tests_is_reproduced():
    command = [sys.executable, "-m", "tests.onnx_suite", "--listed", "--every", "9"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    lost = [line for line in done.stdout.splitlines() if line.startswith("passed before")]
    assert (done.returncode, lost) == (0, []), done.stderr[-2000:]


def test_the_list_is_in_order_and_without_doubles():
    names = LISTED.read_text().splitlines()
    assert names == sorted(set(names))


def moody(task: str) -> str:
    if task == "dies":
        import os

        os._exit(3)
    return task.upper()


def test_a_crash_costs_only_its_own_task():
    found = dict(outcomes(moody, ["a", "dies", "b"], jobs=2))
    assert (found["a"], found["b"]) == ("A", "B")
    assert isinstance(found["dies"], Crash)


def test_tables_count_what_rows_say():
    rows = [
        Row("one", "node", ("Add",), "", ""),
        Row("two", "node", ("Add",), "", "unsupported op Odd"),
        Row("three", "node", (), "wrong numbers"),
    ]
    assert "| node | 3 | 2 | 1 | 0 |" in coverage(rows)
    assert "| Add | 2 | 1 | 0 |" in coverage(rows)
    assert [row.manner for row in rows] == ["plain", "", ""]
    assert "| unsupported op Odd | 1 | two |" in failures(rows)
