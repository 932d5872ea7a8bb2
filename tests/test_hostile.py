"""Files that mean harm: each comes to one error in words, and nothing is written anywhere else.

Archives are in test_archives.py, links in repositories in test_download_git.py, pickles in
test_export.py, what recipes may not say in cases_recipes.py, code that runs in test_sandbox.py.
"""

from __future__ import annotations

import random
import subprocess
import sys
import zipfile
from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper
from variants import variant

from converters import flatbuffer
from converters.datasets.samples import samples
from converters.errors import ZooError
from converters.export.__main__ import source_model
from converters.recipes import load_variant
from converters.recipes.document import parse
from converters.recipes.recipe import Input, Output
from converters.sound_tflite import check_sound

ONNX = {"framework": "onnx", "model": "net/net.onnx"}
X = Input("x", (1, 4))


@pytest.fixture(autouse=True)
def nothing_is_written_outside(tmp_path, monkeypatch):
    """Every test works in `in/`; beside it stands a file that must stay alone and as it is."""
    inside = tmp_path / "in"
    inside.mkdir()
    (tmp_path / "secret.bin").write_bytes(b"\0" * 16)
    monkeypatch.chdir(inside)
    yield inside
    assert sorted(path.name for path in tmp_path.iterdir()) == ["in", "secret.bin"]
    assert (tmp_path / "secret.bin").read_bytes() == b"\0" * 16


# ONNX -------------------------------------------------------------------------------------------


def network(nodes=(), weights=(), name: str = "y") -> onnx.ModelProto:
    nodes = list(nodes) or [helper.make_node("Add", ["x", "w"], [name])]
    weights = list(weights) or [numpy_helper.from_array(np.zeros((1, 4), np.float32), "w")]
    ends = [helper.make_tensor_value_info(n, TensorProto.FLOAT, [1, 4]) for n in ("x", name)]
    graph = helper.make_graph(nodes, "g", ends[:1], ends[1:], weights)
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def exported(model: onnx.ModelProto | bytes, outputs=()):
    folder = Path("sources/net")
    folder.mkdir(parents=True, exist_ok=True)
    raw = model if isinstance(model, bytes) else model.SerializeToString()
    (folder / "net.onnx").write_bytes(raw)
    return source_model(variant(ONNX, [X], outputs), Path(), Path("sources"))


def external(location: str, **entries: str) -> onnx.ModelProto:
    """A network whose weights lie elsewhere."""
    model = network()
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in {"location": location, **entries}.items():
        tensor.external_data.add(key=key, value=value)
    return model


def bomb(*shape: int) -> TensorProto:
    """A weight that claims a shape it has no data for."""
    return TensorProto(name="w", dims=shape, data_type=TensorProto.FLOAT, raw_data=b"\0" * 16)


def nested(depth: int) -> onnx.ModelProto:
    """Subgraphs in subgraphs."""
    graph = helper.make_graph([helper.make_node("Add", ["x", "w"], ["y"])], "g", [], [])
    for _ in range(depth):
        node = helper.make_node("If", ["c"], ["y"], then_branch=graph, else_branch=graph)
        graph = helper.make_graph([node], "g", [], [])
    return network(nodes=graph.node)


def test_the_good_one_is_good():
    assert exported(network()).graph.output[0].name == "y"


@pytest.mark.parametrize(
    ("model", "says"),
    [
        (external("../../../secret.bin"), "lie outside its folder"),
        (external("/etc/passwd"), "lie outside its folder"),
        (external("link.bin"), "lie outside its folder"),
        (external("absent.bin"), "are absent"),
        (external("w.bin", offset="8"), "not where it says|is not valid"),
        (external("w.bin", offset="-8"), "not where it says|is not valid"),
        (external("w.bin", offset="99999999999999999999"), "not where it says|is not valid"),
        (external("w.bin", length="99999999999"), "not where it says|is not valid"),
        (external("w.bin", offset="much"), "not where it says|is not valid"),
        (network(weights=[bomb(1 << 40, 1 << 40)]), "is not valid ONNX"),
        (network(weights=[bomb(-1, 4)]), "is not valid ONNX"),
        (network(weights=[bomb(1, 400)]), "is not valid ONNX"),
        (b"", "cannot be read as ONNX|holds no graph"),
        (b"\xff" * 1000, "cannot be read as ONNX"),
        (network().SerializeToString()[:-20], "cannot be read as ONNX"),
        (nested(8).SerializeToString()[:-1], "cannot be read as ONNX"),
    ],
)
def test_an_onnx_file_that_lies_is_refused(model, says):
    Path("sources/net").mkdir(parents=True)
    Path("sources/net/w.bin").write_bytes(b"\0" * 16)
    Path("sources/net/link.bin").symlink_to("../../../secret.bin")
    with pytest.raises(ZooError, match=says):
        exported(model)


def test_names_that_speak_to_a_terminal_are_only_shown():
    with pytest.raises(ZooError) as caught:
        exported(network(name="y\x1b]0;owned\x07\x1b[2J"), [Output("z")])
    assert "\x1b" not in str(caught.value) and "\\x1b]0;owned\\x07" in str(caught.value)


@pytest.mark.parametrize("name", ["../../y", "$(touch owned)", "; touch owned", "/etc/y", "a\nb"])
def test_names_of_tensors_are_never_paths_or_commands(name):
    from converters.verify.pictures import Shown, write

    model = exported(network(name=name), [Output(name)])
    assert [value.name for value in model.graph.output] == [name]
    folder = Path("pictures")
    folder.mkdir()
    write([Shown(0, name, np.zeros((4, 4), np.uint8))], folder)
    assert not Path("owned").exists()
    assert all(path.parent == folder for path in Path().rglob("*.png"))


# IR ---------------------------------------------------------------------------------------------

IR = """<?xml version="1.0"?>
{doctype}<net name="n" version="11"><layers>
<layer id="0" name="x" type="Parameter" version="opset1">
  <data shape="1,4" element_type="f32"/>
  <output><port id="0" precision="FP32"><dim>1</dim><dim>4</dim></port></output></layer>
<layer id="1" name="w" type="Const" version="opset1">
  <data element_type="f32" shape="{shape}" offset="{offset}" size="{size}"/>
  <output><port id="0" precision="FP32"><dim>1</dim><dim>4</dim></port></output></layer>
<layer id="2" name="a{name}" type="Add" version="opset1"><data auto_broadcast="numpy"/>
  <input><port id="0"><dim>1</dim><dim>4</dim></port><port id="1"><dim>1</dim><dim>4</dim></port>
  </input>
  <output><port id="2" precision="FP32"><dim>1</dim><dim>4</dim></port></output></layer>
<layer id="3" name="y" type="Result" version="opset1">
  <input><port id="0"><dim>1</dim><dim>4</dim></port></input></layer>
</layers><edges><edge from-layer="0" from-port="0" to-layer="2" to-port="0"/>
<edge from-layer="1" from-port="0" to-layer="2" to-port="1"/>
<edge from-layer="2" from-port="2" to-layer="3" to-port="0"/></edges></net>"""

LAUGHS = "".join(f'<!ENTITY {chr(98 + i)} "{("&" + chr(97 + i) + ";") * 10}">' for i in range(9))


def ir(**said) -> Path:
    usual = {"doctype": "", "shape": "1,4", "offset": 0, "size": 16, "name": ""}
    Path("m.xml").write_text(IR.format(**{**usual, **said}))
    Path("m.bin").write_bytes(b"\0" * 16)
    return Path("m.xml")


@pytest.mark.parametrize(
    "said",
    [
        {"offset": 8}, {"offset": 4096}, {"offset": -8}, {"offset": 2**63}, {"offset": 2**64 - 8},
        {"size": 4}, {"size": 2**40}, {"shape": "1,400"}, {"shape": "-1,4"},
        {"shape": "1000000000000,1000000000000"},
    ],
    ids=str,
)  # fmt: skip
def test_an_ir_with_lying_offsets_is_refused(said):
    from converters.ir_to_tf.reader import read_graph

    with pytest.raises(ZooError, match="OpenVINO cannot read it"):
        read_graph(ir(**said))


@pytest.mark.parametrize(
    "said",
    [
        {"doctype": '<!DOCTYPE n [<!ENTITY e SYSTEM "../secret.bin">]>', "name": "&e;"},
        {"doctype": f'<!DOCTYPE n [<!ENTITY a "aaaaaaaaaa">{LAUGHS}]>', "name": "&j;"},
    ],
    ids=["a file", "laughs"],
)
def test_entities_of_an_ir_mean_nothing(said):
    from converters.ir_to_tf.reader import read_graph
    from converters.ir_to_tf.surgery import layer_names

    names = [node.name for node in read_graph(ir(**said)).nodes]
    assert names == ["x", f"a{said['name']}", "y"]
    with pytest.raises(ZooError, match="is no XML"):
        layer_names(Path("m.xml"))


# TFLite -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tflite(tmp_path_factory) -> bytes:
    """A small network."""
    code = (
        "import sys, numpy as np\nfrom converters.imports import tensorflow\ntf = tensorflow()\n"
        "w = tf.constant(np.ones((4, 8), np.float32))\n"
        "f = tf.function(lambda x: tf.nn.softmax(tf.nn.relu(x @ w)))\n"
        "c = f.get_concrete_function(tf.TensorSpec([1, 4]))\n"
        "m = tf.lite.TFLiteConverter.from_concrete_functions([c]).convert()\n"
        "open(sys.argv[1], 'wb').write(m)\n"
    )
    path = tmp_path_factory.mktemp("tflite") / "good.tflite"
    subprocess.run([sys.executable, "-c", code, str(path)], check=True, capture_output=True)
    return path.read_bytes()


def test_a_sound_tflite_is_sound(tflite):
    Path("a.tflite").write_bytes(tflite)
    check_sound(Path("a.tflite"), "load.model: a")


def test_a_tflite_with_changed_bytes_is_refused_or_harmless(tflite):
    """Those that are believed are given to the interpreter, in one process apart."""
    chance = random.Random(0)
    outcomes: Counter[str] = Counter()
    for number in range(150):
        changed = bytearray(tflite)
        for _ in range(4):
            at = chance.randrange(8, len(changed) if number % 2 else 200)
            changed[at] = chance.choice([0, 255, 127, 128, 1])
        path = Path(f"{number}.tflite")
        cut = chance.randrange(10, len(changed)) if number % 10 == 0 else len(changed)
        path.write_bytes(changed[:cut])
        try:
            check_sound(path, "load.model: x")
            outcomes["believed"] += 1
        except ZooError as error:
            assert "contradicts itself" in str(error) or "not a TFLite" in str(error)
            outcomes["refused"] += 1
            path.unlink()
    assert outcomes["refused"] > 40 and outcomes["believed"] > 10
    code = (
        "import os, sys\nfrom tflite_runtime.interpreter import Interpreter\n"
        "died = 0\n"
        "for path in sys.argv[1:]:\n"
        "    if not (pid := os.fork()):\n"
        "        try:\n"
        "            one = Interpreter(path, num_threads=1)\n"
        "            one.allocate_tensors()\n"
        "            one.invoke()\n"
        "        finally:\n"
        "            os._exit(0)\n"
        "    died += os.WIFSIGNALED(os.waitpid(pid, 0)[1])\n"
        "print(died)\n"
    )
    words = [sys.executable, "-c", code, *map(str, Path().glob("*.tflite"))]
    done = subprocess.run(words, capture_output=True, text=True, check=True)
    assert int(done.stdout) <= 2, "what slips through ends a process in the sandbox, and no more"


@pytest.mark.parametrize(
    ("field", "value", "says"),
    [
        ("buffer", 99, "has the buffer 99"),
        ("shape", [1 << 20, 1 << 20], "has the shape"),
        ("shape", [-4, 4], "has the shape"),
        ("type", 77, "has the type 77"),
    ],
)
def test_a_tensor_that_lies_is_told(tflite, field, value, says):
    model = flatbuffer.parsed(tflite, "x")
    setattr(model.subgraphs[0].tensors[0], field, value)
    with pytest.raises(ZooError, match=says):
        check_sound(packed(model), "load.model: x")


def test_an_index_that_names_nothing_is_told(tflite):
    model = flatbuffer.parsed(tflite, "x")
    model.subgraphs[0].operators[0].inputs = [0, 5000]
    with pytest.raises(ZooError, match="an operator's input is tensor 5000"):
        check_sound(packed(model), "load.model: x")


def packed(model) -> Path:
    import flatbuffers

    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), file_identifier=b"TFL3")
    Path("lie.tflite").write_bytes(bytes(builder.Output()))
    return Path("lie.tflite")


# Weights, samples and pictures ------------------------------------------------------------------


def drawn(**options):
    made = variant(ONNX, [Input("x", (1, 4, 4, 3), "NHWC")])
    Path("m").mkdir(exist_ok=True)
    made.data["noise"] = options
    return list(samples(made, made.verification, Path("m"), Path("sources")))


def lying_npy(shape: str) -> bytes:
    header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    return b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + b"\0" * 16


@pytest.mark.parametrize("ending", ["npy", "npz"])
@pytest.mark.parametrize("shape", ["(1099511627776, 4)", "(-1, 4)", "(__import__('os'),)"])
def test_an_array_that_claims_more_than_it_has_is_refused(ending, shape):
    Path("m").mkdir()
    path = Path("m/a.npy")
    path.write_bytes(lying_npy(shape))
    if ending == "npz":
        with zipfile.ZipFile("m/a.npz", "w") as archive:
            archive.write(path, "x.npy")
    with pytest.raises(ZooError, match="cannot be read"):
        drawn(kind="arrays", file=f"a.{ending}")


def png(width: int, height: int) -> bytes:
    import struct
    import zlib

    def chunk(kind: bytes, data: bytes) -> bytes:
        body = kind + data
        return struct.pack(">I", len(data)) + body + struct.pack(">I", zlib.crc32(body))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", b"x") + chunk(b"IEND", b"")


@pytest.mark.parametrize("size", [(60_000, 60_000), (10_000, 10_000), (8, 8)])
def test_a_picture_that_is_a_bomb_or_cut_is_refused(size):
    Path("m/p").mkdir(parents=True)
    Path("m/p/a.png").write_bytes(png(*size))
    with pytest.raises(ZooError, match="is no picture that can be read"):
        drawn(kind="pictures", folder="p")


@pytest.mark.parametrize("claim", [b"\xff" * 8, (1 << 40).to_bytes(8, "little"), b"\1" + b"\0" * 7])
def test_safetensors_that_lie_are_refused(claim):
    from converters.checkpoint import read_state

    Path("sources/w").mkdir(parents=True)
    Path("sources/w/w.safetensors").write_bytes(claim + b'{"a":{"dtype":"F32"}}')
    with pytest.raises(ZooError, match="cannot be read as a checkpoint"):
        read_state({"weights": "w"}, Path("sources"))


# Names ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["../secret", "/etc", "..", "a/b", "$(touch owned)", "a\x1b[2J"])
def test_a_model_of_such_a_name_is_not_looked_for_elsewhere(name):
    Path("models").mkdir()
    with pytest.raises(ZooError, match="no such recipe") as caught:
        load_variant(Path("models"), name, "default")
    assert "\x1b" not in str(caught.value)
    done = subprocess.run(
        [sys.executable, "-m", "converters.check", name, "--models", "models"],
        capture_output=True, text=True, cwd=".", env={"PYTHONPATH": str(Path(__file__).parents[1])},
    )  # fmt: skip
    assert done.returncode != 0 and "Traceback" not in done.stderr and "\x1b" not in done.stderr
    assert not Path("owned").exists()


def test_yaml_that_explodes_comes_to_a_problem_at_once():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 30)]
    assert parse("\n".join(lines), Path("x.yaml")).problems[0].is_final
    assert parse("a: &a [*a]", Path("x.yaml")).problems
