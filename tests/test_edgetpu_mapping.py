"""The predicted Edge TPU mapping: a row per rule, the partitioning, the command, and real pairs.

Real pairs are not part of this repository: the test of them runs where they lie beside it, or
where ZOO_EDGETPU_PAIRS names their folder.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml

from benchmarks.edgetpu_mapping.score import compare, groups, total
from benchmarks.edgetpu_mapping.truth import pairs, truth
from converters.edgetpu_mapping import Prediction, predicted
from converters.edgetpu_mapping.__main__ import main
from converters.edgetpu_mapping.model import graphs
from converters.edgetpu_mapping.predict import of_graphs
from converters.edgetpu_mapping.statuses import (
    DATA_TYPE,
    DYNAMIC,
    LIMITED,
    MAPPED,
    NOT_PARSED,
    NOT_QUANTISED,
    NOT_SUPPORTED,
    RANK,
    SECOND_SUBGRAPH,
)
from converters.verify import mapping
from converters.verify.limits import refusal
from tests.tflite_files import FileOf

ROOT = Path(__file__).resolve().parent.parent
PAIRS = Path(os.environ.get("ZOO_EDGETPU_PAIRS", ROOT / "../shared/edgetpu-pairs"))
RELU = 1


def prediction(file: FileOf) -> Prediction:
    return of_graphs(graphs(file.bytes(), "a test"))


def words(file: FileOf) -> list[str]:
    """Of each operator, the compiler's words alone."""
    return [verdict.status.words for verdict in prediction(file).verdicts]


def one(type: str, *shapes: tuple[int, ...], out: tuple[int, ...], **more) -> FileOf:
    """A file of one operator: first inputs of the model, then constants, then the output."""
    file = FileOf()
    constants = more.pop("constants", ())
    inputs = [file.input(*shape) for shape in shapes]
    made = [constant(file) for constant in constants]
    file.add(type, [*inputs, *made], out, **more)
    return file


def weights(*shape: int) -> Callable[[FileOf], int]:
    return lambda file: file.tensor(*shape, value=1)


def numbers(*values: int, type: str = "INT32") -> Callable[[FileOf], int]:
    return lambda file: file.numbers(*values, type=type)


def split(parts: int, *shape: int, axis: int) -> FileOf:
    file = FileOf()
    given = [file.tensor(value=axis, type="INT32"), file.input(*shape)]
    file.add("SPLIT", given, *[shape] * parts, numSplits=parts)
    return file


def concatenated(constant: int, *, inputs: int = 1) -> FileOf:
    file = FileOf()
    given = [file.input(1, 4, 4, 8) for _ in range(inputs)]
    padding = file.tensor(1, 4, 4, 8, value=constant)
    file.add("CONCATENATION", [*given, padding], (1, 4, 4, 8 * (inputs + 1)), axis=3)
    return file


def transposed(version: int) -> FileOf:
    file = FileOf()
    given = [file.numbers(1, 16, 16, 16), file.tensor(16, 3, 3, 16, value=1), file.input(*IMAGE)]
    file.add("TRANSPOSE_CONV", given, UP, version=version)
    return file


IMAGE = (1, 8, 8, 16)
KERNEL = weights(16, 3, 3, 16)
UP = (1, 16, 16, 16)

ROWS = {
    "a convolution": (MAPPED, one("CONV_2D", IMAGE, out=IMAGE, constants=[KERNEL])),
    "computed weights": (LIMITED, one("FULLY_CONNECTED", (1, 8), (4, 8), out=(1, 4))),
    "two dilations": (
        LIMITED,
        one("CONV_2D", IMAGE, out=IMAGE, constants=[KERNEL], dilationWFactor=1, dilationHFactor=2),
    ),
    "a dilation along a line": (
        MAPPED,
        one(
            "CONV_2D",
            IMAGE,
            out=IMAGE,
            constants=[weights(16, 3, 1, 16)],
            dilationWFactor=1,
            dilationHFactor=2,
        ),
    ),
    "groups": (LIMITED, one("CONV_2D", IMAGE, out=IMAGE, constants=[weights(16, 3, 3, 4)])),
    "a pool": (MAPPED, one("MAX_POOL_2D", IMAGE, out=IMAGE, filterWidth=2)),
    "a pool that clips": (
        LIMITED,
        one("MAX_POOL_2D", IMAGE, out=IMAGE, fusedActivationFunction=RELU),
    ),
    "a sum that clips": (
        MAPPED,
        one("ADD", IMAGE, IMAGE, out=IMAGE, fusedActivationFunction=RELU),
    ),
    "dense": (MAPPED, one("FULLY_CONNECTED", (1, 8), out=(1, 4), constants=[weights(4, 8)])),
    "dense of rows": (
        LIMITED,
        one("FULLY_CONNECTED", (1, 5, 8), out=(1, 5, 4), constants=[weights(4, 8)]),
    ),
    "zeros appended": (MAPPED, concatenated(0)),
    "ones appended": (LIMITED, concatenated(1)),
    "zeros appended to two": (LIMITED, concatenated(0, inputs=2)),
    "mean of places": (
        MAPPED,
        one("MEAN", IMAGE, out=(1, 1, 1, 16), constants=[numbers(1, 2)], keepDims=True),
    ),
    "mean of many": (
        LIMITED,
        one("MEAN", (1, 256, 128, 4), out=(1, 1, 1, 4), constants=[numbers(1, 2)]),
    ),
    "mean of the batch": (LIMITED, one("MEAN", IMAGE, out=IMAGE, constants=[numbers(0)])),
    "mean of 16 channels": (
        MAPPED,
        one("MEAN", IMAGE, out=(1, 8, 8, 1), constants=[numbers(-1)]),
    ),
    "mean of 6 channels": (
        LIMITED,
        one("MEAN", (1, 8, 8, 6), out=(1, 8, 8, 1), constants=[numbers(3)]),
    ),
    "split of channels": (MAPPED, split(2, 1, 4, 4, 8, axis=3)),
    "split of the batch": (LIMITED, split(2, 2, 4, 8, axis=0)),
    "split into one": (MAPPED, split(1, 1, 4, 8, axis=0)),
    "pack of rows": (MAPPED, one("PACK", (1, 8), (1, 8), out=(1, 2, 8), axis=1, valuesCount=2)),
    "pack of the batch": (
        LIMITED,
        one("PACK", (4, 8), (4, 8), out=(2, 4, 8), axis=0, valuesCount=2),
    ),
    "padding": (
        MAPPED,
        one("PAD", IMAGE, out=(1, 10, 8, 16), constants=[numbers(0, 0, 1, 1, 0, 0, 0, 0)]),
    ),
    "padding of the batch": (
        LIMITED,
        one("PAD", (1, 8, 8), out=(3, 8, 8), constants=[numbers(1, 1, 0, 0, 0, 0)]),
    ),
    "padding of 64 bits": (
        DATA_TYPE,
        one("PAD", IMAGE, out=IMAGE, constants=[numbers(*[0] * 8, type="INT64")]),
    ),
    "padding with a value": (
        NOT_SUPPORTED,
        one("PADV2", IMAGE, out=IMAGE, constants=[numbers(*[0] * 8), weights(1)]),
    ),
    "slopes per channel": (MAPPED, one("PRELU", IMAGE, out=IMAGE, constants=[weights(1, 1, 16)])),
    "slopes per place": (LIMITED, one("PRELU", IMAGE, out=IMAGE, constants=[weights(8, 8, 16)])),
    "a slice": (
        MAPPED,
        one(
            "STRIDED_SLICE",
            IMAGE,
            out=(1, 8, 8, 4),
            constants=[numbers(0, 0, 0, 0), numbers(1, 8, 8, 4), numbers(1, 1, 1, 1)],
            beginMask=7,
        ),
    ),
    "every second": (
        LIMITED,
        one(
            "STRIDED_SLICE",
            IMAGE,
            out=(1, 4, 8, 16),
            constants=[numbers(0, 0, 0, 0), numbers(1, 8, 8, 16), numbers(1, 2, 1, 1)],
        ),
    ),
    "a new axis": (
        LIMITED,
        one(
            "STRIDED_SLICE",
            (8, 8),
            out=(1, 8, 8),
            constants=[numbers(0, 0, 0), numbers(1, 8, 8), numbers(1, 1, 1)],
            newAxisMask=1,
        ),
    ),
    "twice as large": (MAPPED, one("RESIZE_BILINEAR", IMAGE, out=UP, constants=[numbers(16, 16)])),
    "one pixel spread": (
        LIMITED,
        one("RESIZE_BILINEAR", (1, 1, 1, 16), out=UP, constants=[numbers(16, 16)]),
    ),
    "a large bilinear": (
        LIMITED,
        one(
            "RESIZE_BILINEAR",
            (1, 256, 256, 32),
            out=(1, 512, 512, 32),
            constants=[numbers(512, 512)],
        ),
    ),
    "a large nearest": (
        LIMITED,
        one(
            "RESIZE_NEAREST_NEIGHBOR",
            (1, 512, 512, 3),
            out=(1, 1024, 1024, 3),
            constants=[numbers(1024, 1024)],
        ),
    ),
    "a small transpose": (
        MAPPED,
        one("TRANSPOSE", (1, 24, 24, 144), out=(1, 144, 24, 24), constants=[numbers(0, 3, 1, 2)]),
    ),
    "a large transpose": (
        LIMITED,
        one("TRANSPOSE", (1, 28, 28, 144), out=(1, 144, 28, 28), constants=[numbers(0, 3, 1, 2)]),
    ),
    "reshape with rows": (
        MAPPED,
        one("RESHAPE", (1, 40, 40, 255), out=(1, 1600, 3, 85), constants=[numbers(1, 1600, 3, 85)]),
    ),
    "reshape to a row": (
        LIMITED,
        one("RESHAPE", (1, 1600, 3, 85), out=(1, 4800, 85), constants=[numbers(1, 4800, 85)]),
    ),
    "a large reshape": (
        LIMITED,
        one("RESHAPE", (1, 80, 80, 255), out=(1, 6400, 3, 85), constants=[numbers(1, 6400, 3, 85)]),
    ),
    "a long row": (LIMITED, one("LOGISTIC", (1, 80, 8400), out=(1, 80, 8400))),
    "a softmax": (MAPPED, one("SOFTMAX", (1, 16384), out=(1, 16384))),
    "a wide softmax": (LIMITED, one("SOFTMAX", (1, 100000), out=(1, 100000))),
    "many rows": (MAPPED, one("LOGISTIC", (1, 320, 320, 16), out=(1, 320, 320, 16))),
    "requantised": (MAPPED, one("QUANTIZE", (1, 8), out=(1, 8))),
    "signs changed": (MAPPED, one("QUANTIZE", (1, 8), out=(1, 8), made="UINT8")),
    "a batch of two": (RANK, one("LOGISTIC", (2, 8, 8, 4), out=(2, 8, 8, 4))),
    "five axes": (
        RANK,
        one("RESHAPE", IMAGE, out=(1, 8, 8, 2, 8), constants=[numbers(1, 8, 8, 2, 8)]),
    ),
    "five axes of which two are 1": (
        MAPPED,
        one("RESHAPE", IMAGE, out=(1, 1, 8, 8, 16), constants=[numbers(1, 1, 8, 8, 16)]),
    ),
    "not in the table": (NOT_SUPPORTED, one("LEAKY_RELU", IMAGE, out=IMAGE)),
    "hard swish": (NOT_SUPPORTED, one("HARD_SWISH", IMAGE, out=IMAGE)),
    "custom": (NOT_SUPPORTED, one("SomeDecoder", IMAGE, out=IMAGE)),
    "16 bits": (DATA_TYPE, one("LOGISTIC", (1, 8), out=(1, 8), made="INT16")),
    "to float": (DATA_TYPE, one("DEQUANTIZE", (1, 8), out=(1, 8), made="FLOAT32")),
    "an index": (
        DATA_TYPE,
        one("ARG_MAX", IMAGE, out=(1, 8, 8), constants=[numbers(3)], made="INT64"),
    ),
    "transposed convolution": (MAPPED, transposed(version=3)),
}
"""What the compiler would say of a file of one operator."""


@pytest.mark.parametrize(("status", "file"), ROWS.values(), ids=ROWS)
def test_rule(status, file):
    (verdict,) = prediction(file).verdicts
    assert verdict.status.words == status
    assert verdict.is_mapped == (status == MAPPED)
    assert status == MAPPED or verdict.status.detail  # always said, not only that it is so


def test_step_from_float_is_the_cpus():
    file = FileOf()
    whole = file.add("QUANTIZE", [file.input(1, 8, type="FLOAT32")], (1, 8))
    file.add("LOGISTIC", [whole], (1, 8))
    assert words(file) == [LIMITED, MAPPED]


def test_float_weights_are_an_unsupported_type():
    file = FileOf()
    kernel = file.tensor(4, 8, type="FLOAT32", value=1)
    file.add("FULLY_CONNECTED", [file.input(1, 8), kernel], (1, 4))
    assert words(file) == [DATA_TYPE]


def test_cell_state_of_an_lstm_may_have_16_bits():
    file = FileOf()
    state = [file.tensor(1, 4), file.tensor(1, 4, type="INT16")]
    for number in state:
        file.tensors[number].isVariable = True
    file.add("UNIDIRECTIONAL_SEQUENCE_LSTM", [file.input(1, 6, 4), -1, *state], (1, 6, 4))
    assert words(file) == [MAPPED]


# The whole file -----------------------------------------------------------------------------------


def chain(*types: str) -> FileOf:
    file = FileOf()
    flowing = file.input(1, 8)
    for type in types:
        flowing = file.add(type, [flowing], (1, 8))
    return file


def test_only_the_first_part_is_mapped():
    found = words(chain("LOGISTIC", "ELU", "TANH", "ELU"))
    assert found == [MAPPED, NOT_SUPPORTED, SECOND_SUBGRAPH, NOT_SUPPORTED]


def test_the_first_part_may_come_after_the_cpu():
    assert words(chain("ELU", "TANH", "LOGISTIC")) == [NOT_SUPPORTED, MAPPED, MAPPED]


def test_option_a_maps_every_part():
    file = chain("LOGISTIC", "ELU", "TANH")
    verdicts = of_graphs(graphs(file.bytes(), "a test"), all_subsets=True).verdicts
    assert [verdict.is_mapped for verdict in verdicts] == [True, False, True]


def test_what_does_not_wait_for_the_cpu_joins_the_first_part():
    file = FileOf()
    trunk = file.add("LOGISTIC", [file.input(1, 8)], (1, 8))
    left = file.add("ELU", [trunk], (1, 8))
    right = file.add("TANH", [trunk], (1, 8))  # after ELU in the file, yet not behind it
    file.add("ADD", [left, right], (1, 8))
    assert words(file) == [MAPPED, NOT_SUPPORTED, MAPPED, SECOND_SUBGRAPH]


def test_two_entries_of_which_one_waits():
    file = FileOf()
    late = file.add("ELU", [file.input(1, 8)], (1, 8))
    early = file.add("TANH", [file.input(1, 8)], (1, 8))
    file.add("ADD", [late, early], (1, 8))
    # the subset of the CPU comes first and is grown to its end; then both others are ready
    assert words(file) == [NOT_SUPPORTED, MAPPED, MAPPED]


def test_unreadable_version_refuses_the_whole_file():
    file = chain("LOGISTIC")
    file.add("EXP", [file.operators[0].outputs[0]], (1, 8), version=2)
    found = prediction(file)
    assert found.refusal is not None and found.refusal.words == NOT_PARSED
    assert [str(verdict.status) for verdict in found.verdicts] == [
        f"{NOT_PARSED}: EXP version 2"
    ] * 2


@pytest.mark.parametrize(
    ("type", "version", "is_refused"),
    [
        ("SOFTMAX", 3, False),
        ("TRANSPOSE_CONV", 4, True),
        ("QUANTIZE", 2, False),
        ("QUANTIZE", 3, True),
        ("FULLY_CONNECTED", 12, True),
        ("GELU", 1, True),
        ("SQRT", 2, True),
        ("SomeDecoder", 7, False),
    ],
)
def test_versions_that_the_compiler_reads(type, version, is_refused):
    file = chain("LOGISTIC")
    file.add(type, [file.operators[0].outputs[0]], (1, 8), version=version)
    assert (prediction(file).refusal is not None) == is_refused


def test_float_model_is_refused():
    file = FileOf()
    file.add("LOGISTIC", [file.input(1, 8, type="FLOAT32")], (1, 8), made="FLOAT32")
    assert words(file) == [NOT_QUANTISED]


def test_size_known_only_at_run_time_refuses_the_whole_file():
    file = FileOf()
    shape = file.tensor(2, type="INT32")
    file.add("RESHAPE", [file.input(1, 8), shape], (2, 4))
    assert words(file) == [DYNAMIC]


def test_record_is_compact():
    record = prediction(chain("LOGISTIC", "ELU", "TANH", "TANH")).record()
    assert record["operators"] == 4
    assert record["mapped"] == 1
    assert record["share"] == 0.25
    assert record["runs"] == "1 TPU, 3 CPU"
    assert record["refusal"] is None
    assert record["unmapped"] == [
        {
            "operator": "ELU",
            "count": 1,
            "reason": f"{NOT_SUPPORTED}: not in the documented table",
        },
        {"operator": "TANH", "count": 2, "reason": SECOND_SUBGRAPH},
    ]


# The command --------------------------------------------------------------------------------------


def test_command_prints_a_list_in_file_order(tmp_path, capsys):
    path = tmp_path / "net.tflite"
    path.write_bytes(chain("LOGISTIC", "SomeDecoder").bytes())
    assert main([str(path), "--json"]) == 0
    first, last = json.loads(capsys.readouterr().out)
    assert first == {"type": "LOGISTIC", "mapped": True, "reason": MAPPED}
    assert (last["type"], last["mapped"]) == ("SomeDecoder", False)
    assert last["reason"].startswith(NOT_SUPPORTED)


def test_command_prints_a_table_and_counts(tmp_path, capsys):
    path = tmp_path / "net.tflite"
    path.write_bytes(chain("LOGISTIC", "ELU", "TANH").bytes())
    assert main([str(path), "--unmapped"]) == 0
    said = capsys.readouterr().out
    assert "1 of 3 operators on the Edge TPU (33.3%), 2 on the CPU" in said
    assert "first for a reason of its own: 1 ELU" in said
    assert "LOGISTIC" not in said


def test_command_counts_two_files_beside_each_other(tmp_path, capsys):
    before, after = tmp_path / "before.tflite", tmp_path / "after.tflite"
    before.write_bytes(chain("LOGISTIC", "ELU").bytes())
    after.write_bytes(chain("LOGISTIC", "TANH", "TANH").bytes())
    assert main([str(after), "--before", str(before)]) == 0
    said = capsys.readouterr().out
    assert f"{before}:\n  1 of 2 operators" in said and f"{after}:\n  3 of 3 operators" in said


def float_file() -> bytes:
    file = FileOf()
    file.add("LOGISTIC", [file.input(1, 8, type="FLOAT32")], (1, 8), made="FLOAT32")
    return file.bytes()


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (None, "cannot be read"),
        (b"", "not a TFLite flatbuffer"),
        (b"plain text, and long enough", "not a TFLite flatbuffer"),
        (chain("LOGISTIC", "TANH").bytes()[:200], "broken or cut off"),
        (float_file(), NOT_QUANTISED),
    ],
    ids=["missing", "empty", "text", "cut off", "float"],
)
def test_command_has_one_clear_error(tmp_path, capsys, content, cause):
    path = tmp_path / "net.tflite"
    if content is not None:
        path.write_bytes(content)
    assert main([str(path)]) == 1
    said = capsys.readouterr().err
    assert said.startswith(f"error: {path}: ") and cause in said
    assert said.count("error:") == 1


# The limit ----------------------------------------------------------------------------------------


def test_limit_names_the_first_operator_on_the_cpu_and_why():
    found = prediction(chain("LOGISTIC", "TANH", "ELU", "RELU"))
    (check,) = mapping.checks(found, {"min_mapped": 0.75})
    error = refusal("full_int8", [check])
    assert error is not None and "min_mapped is 0.5, at least 0.75 is accepted" in error.cause
    assert "first on the CPU: 2 ELU: Operation not supported" in error.cause
    assert "target: edgetpu" in error.remedy and "limits.full_int8.min_mapped" in error.remedy
    assert refusal("full_int8", mapping.checks(found, {"min_mapped": 0.5})) is None
    assert mapping.checks(found, {"sqnr_db": 3}) == []


def test_only_artefacts_of_8_bits_are_predicted(tmp_path):
    path = tmp_path / "net.tflite"
    path.write_bytes(chain("LOGISTIC").bytes())
    assert mapping.prediction_of("float32", path) is None
    assert mapping.prediction_of("full_uint8", path).share == 1


# Real pairs ---------------------------------------------------------------------------------------


def test_pairs_of_the_real_compiler():
    if not (PAIRS / "index.yaml").is_file():
        pytest.skip(f"no pairs of model and compiled model at {PAIRS}; set ZOO_EDGETPU_PAIRS")
    (group,) = groups([PAIRS])
    differing = {one.pair.source.name: one.differing for one in group.compared if one.differing}
    assert not differing and not group.left_out
    index = yaml.safe_load((PAIRS / "index.yaml").read_text())["pairs"]
    assert total(one.score for one in group.compared).models == len(index)
    for entry in index:  # the index counts the operators in its own way, and agrees
        found = predicted(PAIRS / entry["file"]).verdicts
        assert [i for i, verdict in enumerate(found) if not verdict.is_mapped] == entry["cpu"]


def test_truth_finds_renamed_operators_by_their_order(tmp_path):
    source, compiled = chain("LOGISTIC", "ELU", "TANH", "ELU"), FileOf()
    flowing = compiled.add("edgetpu-custom-op", [compiled.input(1, 8)], (1, 8))
    for type, name in (("ELU", "other"), ("TANH", "t3"), ("ELU", "another")):
        flowing = compiled.add(type, [flowing], (1, 8))
        compiled.tensors[flowing].name = name
    (tmp_path / "net.tflite").write_bytes(source.bytes())
    (tmp_path / "net_edgetpu.tflite").write_bytes(compiled.bytes())
    (pair,) = pairs(tmp_path)
    assert truth(pair) == ((True, False, False, False), 1)
    score = compare(pair).score
    assert (score.exact, score.on_cpu, score.found, score.f1) == (1, 3, 3, 1.0)
