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

from converters import edgetpu, edgetpu_command, edgetpu_log, keys
from converters.errors import LimitError, ZooError
from tests.tflite_files import FileOf

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
SEARCHED = """\
Edge TPU Compiler version 16.0.384591198
Searching for valid delegate with step 30
Try to compile segment with 229 ops
Started a compilation timeout timer of 180 seconds.
ERROR: Restored original execution plan after delegate application failure.
Compilation failed: Compilation failed due to large activation tensors in model.
Compilation child process completed within timeout period.
Compilation failed!
Try to compile segment with 199 ops
Intermediate tensors: head/BiasAdd;head/Conv2D
Started a compilation timeout timer of 180 seconds.

Model compiled successfully in 2876 ms.

Number of Edge TPU subgraphs: 1
Total number of operations: 229
Number of operations that will run on Edge TPU: 199
Number of operations that will run on CPU: 30
Compilation child process completed within timeout period.
Compilation succeeded!
"""
TOGETHER = """\
Edge TPU Compiler version 15.0.340273435

Models compiled successfully in 5021 ms.

Input models: one.tflite, two.tflite
Number of Edge TPU subgraphs: 1
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
    count = part.get("segments", 1)
    cuts = [""] if count == 1 else [f"_segment_{{i}}_of_{{count}}" for i in range(count)]
    for cut in cuts:
        (folder / f"{{stem}}{{cut}}_edgetpu.tflite").write_bytes(b"compiled" + cut.encode())
        (folder / f"{{stem}}{{cut}}_edgetpu.log").write_text(part.get("log", ""))
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
    model.write_bytes(network())

    def run(*parts: dict, limits: dict | None = None, **options):
        player.with_suffix(".json").write_text(json.dumps(parts))
        return stage(tmp_path, monkeypatch, options, limits)

    return run


def network() -> bytes:
    """Two operators, of which the first would be mapped."""
    file = FileOf()
    kept = file.add("LOGISTIC", [file.input(1, 8)], (1, 8))
    file.add("ELU", [kept], (1, 8))
    return file.bytes()


def stage(folder: Path, monkeypatch, options: dict, limits: dict | None = None):
    variant = SimpleNamespace(stages={"edgetpu": options}, limits=limits or {})
    monkeypatch.setattr(edgetpu, "load_variant", lambda *_: variant)
    monkeypatch.setattr(edgetpu.stage, "LOGS", folder / "logs")
    out, facts = folder / "full_int8_edgetpu.tflite", folder / "facts.json"
    args = {"tflite": folder / "full_int8.tflite", "out": out, "facts": facts}
    args["segments"] = folder / "full_int8_segments"
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
    (tmp_path / "full_int8.tflite").write_bytes(network())
    (tmp_path / "full_int8_edgetpu.tflite").write_bytes(b"of an earlier build")
    facts, out = stage(tmp_path, monkeypatch, {})
    assert not facts["built"] and facts["reason"] == "no edgetpu_compiler on PATH"
    assert facts["predicted"]["mapped"] == 1 and "as_predicted" not in facts
    assert not out.exists()


def test_a_named_compiler_must_exist(tmp_path, monkeypatch):
    monkeypatch.setenv("EDGETPU_COMPILER", "/nowhere/compiler")
    (tmp_path / "full_int8.tflite").write_bytes(network())
    with pytest.raises(ZooError, match="is no program"):
        stage(tmp_path, monkeypatch, {})


def test_a_delegate_search_tells_what_it_tried(compile_with):
    facts, _ = compile_with({"says": SEARCHED}, search_delegate=True)
    assert facts["built"] and facts["searched"] == [229, 199]
    assert (facts["mapped"], facts["unmapped"], facts["milliseconds"]) == (199, 30, 2876)


def test_models_compiled_together_are_read_alike():
    log = edgetpu_log.parse(TOGETHER)
    assert (log.mapped, log.unmapped, log.milliseconds) == (31, 0, 5021)


def test_segments_come_in_order_and_their_tables_are_summed(compile_with, tmp_path):
    facts, out = compile_with({"says": SUCCESS, "segments": 11, "log": PARTLY_LOG}, num_segments=11)
    assert facts["built"] and len(facts["segments"]) == 11 and facts["mapped"] == 82 * 11
    names = sorted(path.name for path in (tmp_path / "full_int8_segments").iterdir())
    assert len(names) == 11 and names[0] == "full_int8_segment_0_of_11_edgetpu.tflite"
    assert not out.exists()
    given = json.loads((tmp_path / "compiler.args").read_text())
    assert given[given.index("--num_segments") + 1] == "11"


def test_a_missing_segment_is_a_failure(compile_with, tmp_path):
    facts, _ = compile_with({"says": SUCCESS, "segments": 2}, num_segments=3)
    assert not facts["built"] and not (tmp_path / "full_int8_segments").exists()


def test_names_of_tensors_reach_the_compiler_unquoted(compile_with, tmp_path):
    compile_with({"says": SUCCESS}, intermediate_tensors=["a;b/c", "d"])
    given = json.loads((tmp_path / "compiler.args").read_text())
    assert given[given.index("--intermediate_tensors") + 1] == "a;b/c,d"


def test_no_subgraph_is_a_failure_although_the_exit_status_is_0(compile_with):
    said = NOTHING + "Number of operations that will run on Edge TPU: 0\n"
    facts, out = compile_with({"says": said, "code": 0})
    assert not facts["built"] and facts["failure"]["kind"] == "nothing_mapped"
    assert facts["subgraphs"] == 0 and not out.exists()


def test_prediction_stands_beside_what_the_compiler_did(compile_with):
    said = PARTLY.replace("Edge TPU: 82", "Edge TPU: 1").replace("CPU: 2", "CPU: 1")
    facts, _ = compile_with({"says": said})
    assert facts["as_predicted"] and facts["predicted"]["runs"] == "1 TPU, 1 CPU"
    facts, _ = compile_with({"says": SUCCESS})
    assert not facts["as_predicted"]


@pytest.mark.parametrize(
    ("part", "cause"),
    [
        ({"says": PARTLY, "log": PARTLY_LOG}, "min_mapped is 0.9762, at least 0.99"),
        ({"says": NOTHING}, "no operator runs on the Edge TPU"),
    ],
)
def test_a_limit_is_held_against_the_compiler(compile_with, tmp_path, part, cause):
    with pytest.raises(LimitError) as caught:
        compile_with(part, limits={"edgetpu": {"min_mapped": 0.99}})
    assert cause in caught.value.cause
    kept = tmp_path / "logs" / "m" / "v" / "edgetpu.failed.json"
    assert json.loads(kept.read_text())["attempts"] == 1 and str(kept) in caught.value.remedy
    assert not (tmp_path / "facts.json").exists()


def test_without_a_compiler_a_limit_is_held_against_the_prediction(tmp_path, monkeypatch):
    monkeypatch.delenv("EDGETPU_COMPILER", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "full_int8.tflite").write_bytes(network())
    with pytest.raises(LimitError, match=r"predicted.* 1 ELU: Operation not supported"):
        stage(tmp_path, monkeypatch, {}, {"edgetpu": {"min_mapped": 0.9}})
    facts, _ = stage(tmp_path, monkeypatch, {}, {"edgetpu": {"min_mapped": 0.5}})
    assert not facts["built"]


def test_the_command_of_the_configuration_yields_to_the_environment(monkeypatch):
    monkeypatch.delenv("EDGETPU_COMPILER", raising=False)
    edgetpu_command.adopt({"edgetpu_compiler": "/bin/echo --of config"})
    assert edgetpu_command.compiler() == ["/bin/echo", "--of", "config"]
    monkeypatch.setenv("EDGETPU_COMPILER", "/bin/echo --of environment")
    edgetpu_command.adopt({"edgetpu_compiler": "/bin/echo --of config"})
    assert edgetpu_command.compiler() == ["/bin/echo", "--of", "environment"]
    assert keys._version("edgetpu_compiler") == "--of environment --version"
