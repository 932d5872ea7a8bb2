"""Re-checking what was built: every file that changed, is gone or was added is named."""

from __future__ import annotations

import json
import os

import pytest

from converters import intact, package
from converters.jobs import Job
from converters.traces import Output, Trace, trace_path, write_trace

FOLDER = "results/net/8x8"
MADE = {
    "tf": {"saved_model/saved_model.pb": b"graph", "saved_model/variables/data": b"weights"},
    "quantize": {"float32.tflite": b"floats"},
    "edgetpu": {},
}
OUTPUTS = {
    "tf": ["saved_model"],
    "quantize": ["float32.tflite"],
    "edgetpu": ["full_int8_edgetpu.tflite"],
}


@pytest.fixture
def built(tmp_path, monkeypatch):
    """A variant with the traces of three jobs, one of which had nothing to make."""
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / FOLDER
    for stage, files in MADE.items():
        for name, content in files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / name).write_bytes(content)
        (folder / "saved_model" / ".snakemake_timestamp").touch()
        made = {f"{FOLDER}/{n}": Output.of(folder / n) for n in OUTPUTS[stage]}
        write_trace(Job(stage, "net", "8x8"), Trace("k", "l", {}, {}, made, 1.0, "ran", 0))
    return folder


def findings(*words: str) -> list[str]:
    return [str(finding) for finding in intact.check_results(words).findings]


def test_what_nobody_touched_is_intact(built, capsys):
    assert intact.main([]) == 0
    assert capsys.readouterr().out == "3 files of 3 jobs: intact\n"


def test_a_flipped_bit_is_found_though_size_and_time_are_the_same(built, capsys):
    file = built / "float32.tflite"
    before = file.stat()
    file.write_bytes(b"Floats")
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert intact.main([]) == 1
    printed = capsys.readouterr().out
    assert f"{FOLDER}/float32.tflite was changed\n" in printed
    assert "1 are not as they were left" in printed


def test_what_is_gone_is_found_in_a_folder_too(built):
    (built / "saved_model" / "variables" / "data").unlink()
    assert findings() == [f"{FOLDER}/saved_model/variables/data is gone"]


def test_what_was_added_is_found_inside_outputs_and_beside_them(built):
    (built / "saved_model" / "note.txt").touch()
    (built / "full_int8_edgetpu.tflite").touch()
    (built / "stranger.bin").touch()
    assert findings() == [
        f"{FOLDER}/full_int8_edgetpu.tflite was added",
        f"{FOLDER}/saved_model/note.txt was added",
        f"{FOLDER}/stranger.bin was added",
    ]


def test_an_unreadable_trace_vouches_for_nothing(built):
    path = trace_path(Job("quantize", "net", "8x8"))
    path.write_text("{")
    assert f"{path} {intact.UNREADABLE}" in findings()


def test_one_model_is_checked_alone(built):
    (built / "float32.tflite").unlink()
    assert len(findings("net")) == 1
    assert findings("other") == []


@pytest.fixture
def packed(tmp_path):
    folder = tmp_path / "package"
    (folder / "ir").mkdir(parents=True)
    (folder / "ir" / "model.bin").write_bytes(b"weights")
    (folder / "float32.tflite").write_bytes(b"floats")
    report = {"model": "net", "variant": "8x8", "license": {}, "stages": {}}
    text = json.dumps(package.manifest(folder, report))
    (folder / package.MANIFEST).write_text(text)
    return folder


def test_a_package_is_checked_anywhere_by_its_manifest(packed, capsys):
    assert intact.main(["--package", str(packed)]) == 0
    (packed / "ir" / "model.bin").write_bytes(b"other")
    (packed / "float32.tflite").unlink()
    (packed / "more").touch()
    assert intact.main(["--package", str(packed)]) == 1
    printed = capsys.readouterr().out
    for line in ("model.bin was changed", "float32.tflite is gone", "more was added"):
        assert line in printed


def test_a_folder_without_manifest_is_refused(tmp_path, capsys):
    assert intact.main(["--package", str(tmp_path)]) == 1
    assert "manifest.json" in capsys.readouterr().err
