"""Latencies: what is written, and that a report takes only those of the very same file."""

from __future__ import annotations

import json

import pytest

from converters import latency, summary
from converters.contents import file_digest


def test_median_and_quartiles():
    found = latency.spread([4.0, 1.0, 2.0, 3.0, 5.0])
    assert found == {"median_ms": 3.0, "low_ms": 2.0, "high_ms": 4.0, "runs": 5}


@pytest.fixture
def variant(tmp_path, monkeypatch):
    """A packaged variant with one file, and a latency noted of it."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "results" / "m" / "8x8"
    (folder / "package").mkdir(parents=True)
    file = folder / "package" / "int8.tflite"
    file.write_bytes(b"a file")
    artifact = {"outputs": {}, "bytes": 6}
    report = {"model": "m", "variant": "8x8", "artifacts": {"int8": artifact}, "stages": {}}
    for path in (folder, folder / "package"):
        (path / "report.json").write_text(json.dumps(report))
    noted = {"sha256": file_digest(file), "median_ms": 1.234, "machine": "here", "threads": {}}
    (folder / latency.NOTE).write_text(json.dumps({"artifacts": {"int8": noted}}))
    return folder


def test_a_report_shows_the_latency_of_its_file(variant):
    report = json.loads((variant / "report.json").read_text())
    found = latency.merged(report, variant, variant / "package")
    assert found["artifacts"]["int8"]["latency"]["machine"] == "here"
    assert "latency" not in report["artifacts"]["int8"], "what lies in the package stays as it is"
    (row,) = summary.rows()
    assert row.latency_ms == 1.234
    assert "1.23 ms" in summary.table([row])


def test_another_file_has_no_latency(variant):
    (variant / "package" / "int8.tflite").write_bytes(b"built again")
    (row,) = summary.rows()
    assert row.latency_ms is None


def test_nothing_built_is_said(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert latency.main(["digits"]) == 1
    assert "nothing is packaged of digits" in capsys.readouterr().err
