"""The converter's benchmark: its counts, its words where something is missing, its table."""

from __future__ import annotations

import json
from types import SimpleNamespace

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from benchmarks.convert import __main__ as command
from benchmarks.convert import examine, latency, measure, page, peers, process, verdict
from converters.errors import ZooError

FACTS = {
    "date": "2026-01-02",
    "machine": "Abacus, 2 cores, 4 GiB",
    "load": "0.1",
    "ours": "tensorflow 2",
    "peer": "onnx2tf 2",
    "command": "python -m benchmarks.convert --zoo --write",
    "samples": "3",
}


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    """Convolution, ReLU, and a second output, of which only the names tell it from the first."""
    chance = np.random.default_rng(0)
    weights = chance.standard_normal((3, 3, 3, 3)).astype(np.float32)
    graph = helper.make_graph(
        [
            helper.make_node("Conv", ["x", "w"], ["c"], pads=[1, 1, 1, 1]),
            helper.make_node("Relu", ["c"], ["y"]),
            helper.make_node("Sigmoid", ["c"], ["z"]),
        ],
        "tiny",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, [1, 3, 6, 8])],
        [helper.make_tensor_value_info(n, TensorProto.FLOAT, [1, 3, 6, 8]) for n in ("y", "z")],
        [numpy_helper.from_array(weights, "w")],
    )
    path = tmp_path_factory.mktemp("onnx") / "tiny.onnx"
    onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), path)
    return path


def test_row_of_ours(network, tmp_path):
    (row,) = measure.rows(measure.Bench(tmp_path, seconds=0.01), "tiny", network)
    assert (row.model, row.by, row.reason, row.note) == ("tiny", "ours", "", "")
    assert (row.ops, row.transposes, row.transposed) == (3, 0, 0)
    assert row.error < 1e-5
    assert row.size > 81 * 4
    assert row.peak > 50e6
    assert row.cpu > row.usage.cpu > 0
    assert set(row.latency) == {"1", "2"}
    assert all(latency.rounds and min(latency.rounds) > 0 for latency in row.latency.values())
    assert row.operators == {"CONV_2D": 1, "LOGISTIC": 1, "RELU": 1}
    assert row.nodes >= 6 and row.layouts > 0
    assert row.floor > 0 and row.share == row.usage.cpu / row.floor
    assert not list(tmp_path.iterdir())


def test_failure_is_a_row(tmp_path):
    broken = tmp_path / "broken.onnx"
    broken.write_bytes(b"no network")
    usage = process.measured(["sh", "-c", "echo 'KeyError: 1' >&2; echo bye; exit 3"], tmp_path)
    assert (usage.code, usage.reason) == (3, "KeyError: 1")
    row = measure.Row("m", "onnx2tf", reason=usage.reason)
    text = page.page([measure.Row("m", "ours", ops=3), row], FACTS)
    assert "| m | onnx2tf | - | failed | - | - | - | - | - | - | - |" in text
    assert "- m, onnx2tf: KeyError: 1" in text


def test_process_that_hangs_is_ended(tmp_path):
    usage = process.measured(["sleep", "60"], tmp_path, limit=0.2)
    assert usage.reason == "ended by SIGKILL"


def test_missing_peer_is_said_in_words(tmp_path, monkeypatch):
    monkeypatch.setattr(peers, "candidates", lambda: iter(()))
    monkeypatch.setattr(peers, "FOLDER", tmp_path)
    monkeypatch.setattr(peers.environment, "__defaults__", (peers.LOCK, tmp_path))
    peer, reason = command.peer_or_reason(alone=False)
    assert peer is None
    assert "needs Python 3.12, and none was found" in reason
    assert f"The peer was not measured: {reason}" in page.page([], FACTS, reason)


def test_environment_that_cannot_be_installed_is_said_in_words(tmp_path):
    lock = tmp_path / "peers.txt"
    lock.write_text("a==1\n")
    with pytest.raises(ZooError, match="cannot be installed"):
        peers.install(tmp_path / "no-python", tmp_path / "made", lock)


def test_environment_that_is_there_is_not_made_again(tmp_path, monkeypatch):
    lock = tmp_path / "peers.txt"
    lock.write_text("onnx2tf==7.8 \\\n    --hash=sha256:0\n")
    made = []
    monkeypatch.setattr(peers, "find_python", lambda: tmp_path)
    monkeypatch.setattr(peers, "install", lambda _, folder, __: made.append(folder.mkdir()))
    first, second = (peers.environment(lock, tmp_path / "below") for _ in range(2))
    assert first == second
    assert len(made) == 1
    assert peers.locked_version("onnx2tf", lock) == "7.8"


def test_peer_is_locked_with_hashes():
    assert peers.locked_version("onnx2tf") != "unknown"
    lines = peers.LOCK.read_text().splitlines()
    assert sum("==" in line for line in lines) <= sum("--hash=sha256:" in line for line in lines)


def row(by, **numbers):
    usage = process.Usage(0, numbers.pop("seconds", 1.0), 0.5, 2_000_000, "")
    rounds = {
        "1": measure.Latency(True, [2.0, 1.0, 4.0, 3.0]),
        "2": measure.Latency(False, [1.0, 1.0, 1.0, 1.0]),
    }
    given = {"ops": 5, "transposes": 0, "transposed": 0, "size": 1000, "error": 1e-7}
    return measure.Row("net 8x8", by, usage=usage, latency=rounds, **{**given, **numbers})


def test_table_has_a_line_per_converter():
    rows = [row("ours"), row("onnx2tf", transposes=2, transposed=4096)]
    lines = list(page.table(rows))
    assert len({line.count("|") for line in lines}) == 1
    assert lines[2] == (
        "| net 8x8 | ours | - | 1.0 (0.5) | 2 | 5 | 0 | 1.0 | 1.0e-07 "
        "| 1 (1.25 / 2.5 / 3.75) | ~ 1 (1 / 1 / 1) |"
    )
    assert "| 2 (4.1 kB) |" in lines[3]


def test_share_of_tensorflow_has_a_line_per_network():
    ours = row("ours", nodes=12, layouts=0.25, floor=0.4)
    lines = list(page.own_share([ours, row("onnx2tf")]))
    assert lines[3:] == [
        "| net 8x8 | 12 | 0.25 | 0.5 | 0.4 | 1.25 |",
        "\nThe median ratio is 1.25.",
    ]


def test_conclusion_counts():
    ours = row("ours", ops=6, operators={"ADD": 4, "RESHAPE": 2})
    theirs = {"transposes": 2, "error": 3e-7, "seconds": 2.0, "operators": {"ADD": 4, "PAD": 1}}
    rows = [ours, row("onnx2tf", **theirs)]
    said = {line[0]: line[1:] for line in verdict.summary(rows, "onnx2tf")}
    assert said["operators"] == (0, 0, 1, "1.20")
    assert said["transposes"] == (1, 0, 0, "0.00")
    assert said["error"] == (0, 1, 0, "1.00"), "both are rounding"
    assert said["seconds, ONNX to TFLite"] == (1, 0, 0, "0.50")
    assert said["least latency, 1 thread"] == (0, 1, 0, "1.00")
    assert said["least latency, 2 threads"] == (0, 0, 0, "-"), "the machine was busy"
    (loss,) = verdict.losses(rows, "onnx2tf")
    assert loss == "operators: net 8x8 6 against 5 (+2 RESHAPE, -1 PAD)"


def test_a_file_that_computes_something_else_is_told_of_and_not_compared():
    rows = [row("ours"), row("onnx2tf", error=1.5, transposes=7)]
    assert verdict.pairs(rows, "onnx2tf") == []
    said = "\n".join(page.conclusion(rows, "onnx2tf"))
    assert "1 of 1 ours, 0 of 1 onnx2tf. Compared are the 0" in said
    told = measure.told_of({"error": 1.5, "runtime_note": "", "turned": []})
    assert told == "it answers otherwise than the source: error 1.5e+00"


def test_samples_of_the_zoo_are_what_errors_are_measured_on(tmp_path):
    shape = (2, 3)
    port = SimpleNamespace(name="x", shape=list(shape), type="tensor(float)")
    assert examine.kept(tmp_path / "reference.npz", [port]) == []
    values = np.arange(24, dtype=np.float32).reshape(4, *shape)
    np.savez(tmp_path / "reference.npz", **{"input/x": values, "output/y": values})
    found = [each["x"] for each in examine.kept(tmp_path / "reference.npz", [port])]
    assert len(found) == examine.SAMPLES and (np.stack(found[:4]) == values).all()
    assert 0 < np.abs(found[4] - values[0]).max() < values[0].max()
    port.shape = [2, 4]
    assert examine.kept(tmp_path / "reference.npz", [port]) == []


def test_axes_are_found_by_shape():
    assert examine.fitting([1, 3, 6, 8], [1, 6, 8, 3]) == [(0, 2, 3, 1)]
    assert examine.fitting([1, 3], [1, 3])[0] == (0, 1)
    assert examine.fitting([1, 3, 6, 8], [1, 144]) == []


def test_output_in_another_order_is_the_same_output():
    expected = np.random.default_rng(0).standard_normal((2, 1, 3, 4, 4)).astype(np.float32)
    stored = expected.transpose(0, 1, 3, 4, 2)
    assert examine.least_error(stored, expected, "y") == examine.Fit(0)
    assert examine.least_error(stored + 1, expected, "y").error > 0.1
    rows = expected[..., 0]
    turned = examine.least_error(rows.transpose(0, 1, 3, 2), rows, "y").turned
    assert turned == ("output 'y' [1, 3, 4] is stored as [1, 4, 3]",)
    with pytest.raises(ZooError, match="stored as"):
        examine.least_error(stored[:, :, :2], expected, "y")


def test_names_are_found_as_converters_write_them():
    found = examine.paired(["input.1", "f(x)", "c"], ["input_1", "f_x", "lost"])
    assert found == {"input.1": "input_1", "f(x)": "f_x", "c": "lost"}
    with pytest.raises(ZooError, match="are lost"):
        examine.paired(["a", "b"], ["c", "d"])


def test_files_take_turns():
    seen = []
    runs = [lambda: seen.append(0), lambda: seen.append(1)]
    first, second = latency.in_turns(runs, 0)
    assert len(first) == len(second) == latency.ROUNDS[0]
    assert {0, 1} == set(seen)


def test_rounds_that_had_to_wait_are_left_out():
    quiet = [latency.Round(1.0, True)] * 5
    disturbed = latency.Round(9.0, False)
    assert latency.calm([[*quiet, disturbed], quiet]) == (True, [[1.0] * 5] * 2)
    assert latency.calm([[disturbed], quiet]) == (False, [[9.0], [1.0] * 5])


def test_command_without_networks(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    assert command.main(["--zoo"]) == 1
    assert "no ONNX files" in capsys.readouterr().err


def test_command_writes_page_and_json(tmp_path, monkeypatch, network):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "docs").mkdir()
    monkeypatch.setattr(command, "rows", lambda *_: [row("ours")])
    assert command.main([str(network), "--alone", "--write", "--json", "found.json"]) == 0
    assert "it was not asked for" in (tmp_path / "docs/benchmarks.md").read_text()
    found = json.loads((tmp_path / "found.json").read_text())
    assert found["rows"][0]["usage"]["peak"] == 2_000_000
