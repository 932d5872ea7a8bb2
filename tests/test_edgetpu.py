"""The Edge TPU stage against a small program that plays the compiler's part.

The real compiler cannot be had everywhere; the texts follow what its versions 2 to 16 print.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from converters import edgetpu, edgetpu_log
from converters.errors import ZooError

SUCCESS = """\
Edge TPU Compiler version 16.0.384591198
Started a compilation timeout timer of 180 seconds.

Model compiled successfully in 3129 ms.

Input model: full_int8.tflite
Input size: 4.35MiB
Output model: full_int8_edgetpu.tflite
Output size: 4.55MiB
On-chip memory used for caching model parameters: 4.49MiB
On-chip memory remaining for caching model parameters: 1.25MiB
Off-chip memory used for streaming uncached model parameters: 0.00B
Number of Edge TPU subgraphs: 1
Total number of operations: 65
Operation log: full_int8_edgetpu.log

Operator                       Count      Status

CONV_2D                        50         Mapped to Edge TPU
ADD                            15         Mapped to Edge TPU
Compilation child process completed within timeout period.
Compilation succeeded!
"""
PARTLY = """\
Edge TPU Compiler version 16.0.384591198
Compilation failed!
Model compiled successfully in 210 ms.
Input size: 512.00KiB
Number of Edge TPU subgraphs: 1
Total number of operations: 84
Model successfully compiled but not all operations are supported by the Edge TPU. A percentage of
the model will instead run on the CPU, which is slower.
Number of operations that will run on Edge TPU: 82
Number of operations that will run on CPU: 2
See the operation log file for individual operation details.
"""
PARTLY_LOG = """\
Edge TPU Compiler version 16.0.384591198
Input: full_int8.tflite
Output: full_int8_edgetpu.tflite

Operator                       Count      Status

ARG_MAX                        1          Operation not supported
CONV_2D                        78         Mapped to Edge TPU
RESIZE_BILINEAR                1          Mapped to Edge TPU
RESIZE_BILINEAR                1          More than one subgraph is not supported
QUANTIZE                       3          Mapped to Edge TPU
"""
NOTHING = """\
Edge TPU Compiler version 15.0.340273435
Model compiled successfully in 12 ms.
Number of Edge TPU subgraphs: 0
Total number of operations: 31
"""
OLD = """\
Edge TPU Compiler version 2.0.267685300
Model compiled successfully in 11 ms.
On-chip memory available for caching model parameters: 7.88MiB
Number of Edge TPU subgraphs: 1
Total number of operations: 9
"""
FAILURES = {
    "internal_error": "Internal compiler error. Aborting!\n",
    "large_activations": "Compilation failed: Compilation failed due to large activation tensors "
    "in model.\nCompilation failed!\n",
    "unparsable_version": "ERROR: Didn't find op for builtin opcode 'TRANSPOSE_CONV' version '4'\n"
    "ERROR: Registration failed.\n\nInvalid model: full_int8.tflite\nModel could not be parsed\n",
    "not_quantised": "Invalid model: full_int8.tflite\nModel not quantized\n",
    "dynamic_shapes": "ERROR: Attempting to use a delegate that only supports static-sized tensors "
    "with a graph that has dynamic-sized tensors.\n"
    "Compilation failed: Model failed in Tflite interpreter.\n",
    "integer_overflow": "no_integer_overflow_from_quantization was not true\n",
    "unparsable": "Invalid model: full_int8.tflite\nModel could not be parsed\n",
    "unexplained": "Started a compilation timeout timer of 180 seconds.\n"
    "Compilation child process completed within timeout period.\nCompilation failed!\n",
}

PLAYER = """\
#!{python}
import json, os, pathlib, sys, time
state = pathlib.Path(__file__).with_suffix(".json")
parts = json.loads(state.read_text())
part = parts.pop(0) if len(parts) > 1 else parts[0]
state.write_text(json.dumps(parts))
pathlib.Path(__file__).with_suffix(".args").write_text(json.dumps(sys.argv[1:]))
folder = pathlib.Path(sys.argv[sys.argv.index("--out_dir") + 1])
stem = pathlib.Path(sys.argv[-1]).stem
print(part["says"], end="", flush=True)
if part.get("hangs"):
    os.fork()
    time.sleep(60)
if part.get("dies"):
    os.abort()
if part.get("makes", part.get("code", 0) == 0):
    (folder / (stem + "_edgetpu.tflite")).write_bytes(b"compiled")
    (folder / (stem + "_edgetpu.log")).write_text(part.get("log", ""))
sys.exit(part.get("code", 0))
"""


@pytest.fixture
def compile_with(tmp_path, monkeypatch):
    """Run the stage with a compiler that plays the given parts, one per call."""
    player = tmp_path / "compiler.py"
    player.write_text(PLAYER.format(python=sys.executable))
    player.chmod(0o755)
    monkeypatch.setenv("EDGETPU_COMPILER", str(player))
    model = tmp_path / "full_int8.tflite"
    model.write_bytes(b"model")

    def run(*parts: dict, **options):
        player.with_suffix(".json").write_text(json.dumps(parts))
        return stage(tmp_path, monkeypatch, options)

    return run


def stage(folder: Path, monkeypatch, options: dict):
    variant = SimpleNamespace(stages={"edgetpu": options})
    monkeypatch.setattr(edgetpu, "load_variant", lambda *_: variant)
    out, facts = folder / "full_int8_edgetpu.tflite", folder / "facts.json"
    args = {"tflite": folder / "full_int8.tflite", "out": out, "facts": facts}
    edgetpu.run(argparse.Namespace(models=folder, model="m", variant="v", **args))
    return json.loads(facts.read_text()), out


# Reading the logs ---------------------------------------------------------------------------------


def test_the_printed_table_and_sizes_are_read():
    log = edgetpu_log.parse(SUCCESS, "")
    assert log.version == "16.0.384591198" and log.subgraphs == 1
    assert (log.mapped, log.unmapped) == (65, 0)
    assert [row.operator for row in log.table] == ["ADD", "CONV_2D"]
    assert log.sizes["on_chip_used_bytes"] == round(4.49 * 2**20)
    assert log.sizes["off_chip_streamed_bytes"] == 0


def test_the_log_file_has_a_row_for_each_status():
    log = edgetpu_log.parse(PARTLY, PARTLY_LOG)
    assert (log.mapped, log.unmapped) == (82, 2)
    resized = [row.record() for row in log.table if row.operator == "RESIZE_BILINEAR"]
    assert [row["status"] for row in resized] == [
        edgetpu_log.MAPPED,
        "More than one subgraph is not supported",
    ]


def test_totals_without_a_table():
    assert edgetpu_log.parse(PARTLY, "").mapped == 82
    old = edgetpu_log.parse(OLD, "")
    assert (old.mapped, old.unmapped) == (9, 0) and old.sizes["on_chip_remaining_bytes"] > 0
    assert edgetpu_log.parse("", "").mapped is None


@pytest.mark.parametrize("kind", sorted(set(FAILURES) - {"unexplained"}))
def test_each_failure_has_its_class(kind):
    failure = edgetpu_log.failure_in("Edge TPU Compiler version 16.0\n" + FAILURES[kind])
    assert failure is not None and failure.kind == kind
    assert failure.explanation and failure.remedy and "{" not in failure.explanation


def test_a_success_is_no_failure():
    assert edgetpu_log.failure_in(SUCCESS) is None


# Running ------------------------------------------------------------------------------------------


def test_success(compile_with):
    facts, out = compile_with({"says": SUCCESS})
    assert out.read_bytes() == b"compiled"
    assert facts["built"] and facts["mapped"] == 65 and facts["bytes"] == 8
    assert facts["compiler"] == "16.0.384591198" and facts["attempts"] == 1


def test_a_delegate_search_is_judged_by_its_last_word(compile_with):
    facts, out = compile_with({"says": PARTLY, "log": PARTLY_LOG}, search_delegate=True)
    assert facts["built"] and out.is_file() and facts["unmapped"] == 2


def test_options_reach_the_compiler(compile_with, tmp_path):
    compile_with({"says": SUCCESS}, timeout=7, min_runtime_version=13, delegate_search_step=30)
    given = json.loads((tmp_path / "compiler.args").read_text())
    assert "--timeout_sec 7 --min_runtime_version 13 --delegate_search_step 30" in " ".join(given)


def test_no_operator_mapped_is_a_failure(compile_with):
    facts, out = compile_with({"says": NOTHING})
    assert not facts["built"] and facts["failure"]["kind"] == "nothing_mapped"
    assert not out.exists()


@pytest.mark.parametrize("kind", sorted(FAILURES))
def test_failures_are_facts_and_end_no_build(compile_with, kind):
    facts, out = compile_with({"says": FAILURES[kind], "code": 1}, retries=1)
    assert not facts["built"] and facts["failure"]["kind"] == kind and facts["reason"]
    assert not out.exists()
    assert facts["attempts"] == (2 if kind == "internal_error" else 1)


def test_an_operator_version_is_named(compile_with):
    facts, _ = compile_with({"says": FAILURES["unparsable_version"], "code": 1})
    assert "TRANSPOSE_CONV in version 4" in facts["reason"]


def test_a_second_try_may_succeed(compile_with):
    facts, out = compile_with(
        {"says": FAILURES["internal_error"], "code": 1}, {"says": SUCCESS}, retries=2
    )
    assert facts["built"] and facts["attempts"] == 2 and out.is_file()


def test_a_hang_is_stopped_with_its_children(compile_with, monkeypatch):
    monkeypatch.setattr(edgetpu, "GRACE", 0.5)
    facts, _ = compile_with({"says": "", "hangs": True}, timeout=0, retries=1)
    assert facts["failure"]["kind"] == "hang" and facts["attempts"] == 2


def test_a_crash_names_its_signal(compile_with):
    facts, _ = compile_with({"says": "", "dies": True}, retries=0)
    assert facts["failure"]["kind"] == "crash" and "signal 6" in facts["reason"]


def test_exit_0_without_a_file_is_a_failure(compile_with):
    facts, _ = compile_with({"says": "hm\n", "makes": False})
    assert not facts["built"] and "hm" in facts["reason"]


def test_without_a_compiler_the_build_goes_on(tmp_path, monkeypatch):
    monkeypatch.delenv("EDGETPU_COMPILER", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "full_int8_edgetpu.tflite").write_bytes(b"of an earlier build")
    facts, out = stage(tmp_path, monkeypatch, {})
    assert facts == {"built": False, "reason": "no edgetpu_compiler on PATH"}
    assert not out.exists()


def test_a_named_compiler_must_exist(tmp_path, monkeypatch):
    monkeypatch.setenv("EDGETPU_COMPILER", "/nowhere/compiler")
    with pytest.raises(ZooError, match="is no program"):
        stage(tmp_path, monkeypatch, {})
