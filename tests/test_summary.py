"""The table at the end of a build, from reports made by hand."""

from __future__ import annotations

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from converters import summary


def evidence(error=1e-6, transposes=0, metric=None):
    return {
        "artifact": "float32",
        "bytes": 23456,
        "outputs": {
            "a": {"max_abs": error, "normalised_max": error, "cosine": 1.0, "sqnr_db": 90.0},
            "b": {"max_abs": 0.0, "normalised_max": 0.0, "cosine": 1.0, "sqnr_db": None},
        },
        "transposes": {"count": transposes, "bytes": 0},
        "metric": metric,
    }


def write_report(root: Path, model: str, artifacts: dict) -> None:
    folder = root / "results" / model / "8x8"
    (folder / "package").mkdir(parents=True)
    report = {"model": model, "variant": "8x8", "artifacts": artifacts}
    (folder / "report.json").write_text(json.dumps(report))


@pytest.fixture
def zoo(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "models").mkdir()
    return tmp_path


def test_a_row_has_the_worst_of_all_outputs(zoo):
    metric = {"name": "top1", "value": 0.97, "source": 0.98}
    write_report(zoo, "digits", {"float32": evidence(2e-5, 3, metric)})
    (row,) = summary.rows()
    assert (row.model, row.variant, row.artifact) == ("digits", "8x8", "float32")
    assert row.worst_error == 2e-5
    assert row.sqnr_db == 90.0
    assert row.transposes == 3
    assert row.metric == "top1 0.9700 (0.9800)"
    assert row.path == "results/digits/8x8/package"


def test_the_table_is_aligned_and_names_every_column(zoo, capsys):
    write_report(zoo, "digits", {"float32": evidence(), "int8": evidence(0.1)})
    assert summary.main([]) == 0
    printed = capsys.readouterr().out
    head, rule, *body = [line for line in printed.splitlines() if line.strip()][:4]
    assert head.split() == (
        [
            "model",
            "variant",
            "artefact",
            "size",
            "error",
            "SQNR",
            "metric",
            "(source)",
            "transposes",
            "Edge",
            "TPU",
            "latency",
        ]
    )
    assert set(rule) == {"-", " "}
    assert body[0].split()[:5] == ["digits", "8x8", "float32", "23.5", "kB"]
    assert "results/digits/8x8/package" in printed


def test_warnings_are_counted_by_model_and_rule(zoo, capsys):
    write_report(zoo, "digits", {"float32": evidence()})
    path = zoo / "results" / "digits" / "8x8" / "report.json"
    report = json.loads(path.read_text())
    report["stages"] = {"lint": {"counts": {"large_range": 2, "uneven_concat": 1}}}
    path.write_text(json.dumps(report))
    summary.main([])
    printed = capsys.readouterr().out
    assert "Warnings before quantising: 3" in printed
    assert "digits/8x8: large_range 2, uneven_concat 1" in printed


def test_a_failure_is_named_with_stage_cause_remedy_and_log(zoo, capsys, monkeypatch):
    asked = SimpleNamespace(
        id="yolo",
        status="active",
        reason="",
        all_sources={},
        variants={"416x416": SimpleNamespace(artifacts=("float32",))},
    )
    monkeypatch.setattr(summary, "asked_for", lambda *_: ({"yolo": asked}, []))
    folder = zoo / "logs" / "yolo" / "416x416"
    folder.mkdir(parents=True)
    record = {
        "recipe": "yolo/416x416",
        "stage": "tf",
        "subject": "Foo 'bar'",
        "cause": "no rule for this op",
        "remedy": "cut the graph before it",
    }
    (folder / "tf.error.json").write_text(json.dumps(record))
    summary.main([])
    printed = capsys.readouterr().out
    assert "yolo/416x416 [tf] Foo 'bar': no rule for this op" in printed
    assert "remedy: cut the graph before it" in printed
    assert "log: logs/yolo/416x416/tf.log" in printed
    monkeypatch.setattr(summary, "asked_for", lambda *_: ({}, []))
    summary.main([])
    assert "yolo" not in capsys.readouterr().out, "no recipe asks for it any more"


def test_a_data_set_among_the_names_is_no_recipe(zoo, capsys):
    folder = zoo / "logs" / "@faces" / "sources"
    folder.mkdir(parents=True)
    record = {"subject": "face", "cause": "is not what was pinned", "remedy": "", "stage": "x"}
    (folder / "download-face.error.json").write_text(json.dumps(record))
    summary.main(["--only", "@faces"])
    printed = capsys.readouterr().out
    assert "@faces/sources [download-face] face: is not what was pinned" in printed
    assert "[check]" not in printed and "recipe.yaml" not in printed


def test_a_report_without_its_package_is_not_listed(zoo):
    write_report(zoo, "digits", {"float32": evidence()})
    (zoo / "results/digits/8x8/package").rmdir()
    assert list(summary.rows()) == []


def test_json_holds_the_same(zoo, capsys):
    write_report(zoo, "digits", {"float32": evidence()})
    summary.main(["--json"])
    data = json.loads(capsys.readouterr().out)
    assert data["artifacts"][0]["bytes"] == 23456
    assert data["failures"] == [] and data["left_out"] == {}


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (2_345_678, "2.3 MB")]
)
def test_sizes_as_people_read_them(count, text):
    assert summary.size_text(count) == text


def test_what_no_real_data_calibrated_is_told_apart(zoo):
    write_report(zoo, "noisy", {"float32": evidence(), "int8": evidence()})
    path = zoo / "results/noisy/8x8/report.json"
    stages = {"float32": {"calibrated": None}, "int8": {"calibrated": False}}
    path.write_text(json.dumps({**json.loads(path.read_text()), "stages": stages}))
    rows = {row.artifact: row.is_calibrated for row in summary.rows()}
    assert rows == {"float32": True, "int8": False}
    assert "int8, uncalibrated" in summary.table(list(summary.rows()))
