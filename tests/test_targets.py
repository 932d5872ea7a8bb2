"""Further targets: what each needs, what comes of it, and what is said where it cannot be had."""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import onnx
import pytest
import twin_network as twin
from onnx import TensorProto, helper

from converters import keys, stage, surroundings
from converters.datasets.interface import Interface
from converters.environments.place import place_of
from converters.errors import ZooError
from converters.further import Further, origin_path
from converters.jobs import Job, upstream
from converters.memory import NEEDS
from converters.paths import job_at
from converters.plan import Plan
from converters.recipes import load_variant
from converters.recipes.schema import schema
from converters.targets import __main__ as command
from converters.targets import c_array, gpu, hardware, makers, mlir, overview, table
from converters.targets import onnx as targets_onnx
from converters.targets.order import Order, in_source_order
from converters.targets.table import INTERFACE, NOT_BUILT, TARGETS
from converters.verify import __main__ as verify
from converters.verify import further
from converters.verify.limits import DEFAULT_LIMITS

pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning:tensorflow"),
]

ROOT = Path(__file__).resolve().parent.parent
ASKED = "ZOO_TARGETS_TESTS"
"""Set, tests make the environments that they need; else they use those that are made."""


# The table ----------------------------------------------------------------------------------------


def test_every_table_knows_every_target():
    allowed = schema()["properties"]["targets"]["items"]["enum"]
    assert sorted(allowed) == sorted(TARGETS)
    assert set(TARGETS) <= set(schema()["properties"]["limits"]["properties"])
    assert set(TARGETS) <= set(DEFAULT_LIMITS)
    assert {f"verify-{name}" for name in TARGETS} <= set(NEEDS)
    used = {each.maker for each in TARGETS.values()}
    assert used == set(table.FILES) == set(makers.MAKERS) == set(further.OPENERS)
    assert all(callable(each.load()) for each in makers.MAKERS.values())


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    """The twin network's recipe with targets, its SavedModel, ONNX, IR and a reference."""
    root = tmp_path_factory.mktemp("zoo")
    wanted = "targets: [onnx_qdq, openvino_fp16, c_array, stablehlo, tensorrt, tfjs, coreml]\n"
    twin.write_model(root, twin.RECIPE.replace("data:\n", f"{wanted}data:\n"))
    twin.write_saved_model(root / "saved_model")
    twin.write_interface(root / "interface.json")
    write_onnx(root / "simplified.onnx")
    write_ir(root / "simplified.onnx", root / "ir" / "model.xml")
    return root


def write_onnx(path: Path) -> None:
    """The twin network once more, channels first."""
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    tensors = [numpy_helper.from_array(v, n) for n, v in twin.weights().items()]
    conv = {"body": ("x", "b", 1), "mask": ("r", "m", 0), "edge": ("r", "e", 0)}
    nodes = [
        helper.make_node("Conv", [read, f"{n}.weight", f"{n}.bias"], [made], pads=[pad] * 4, name=n)
        for n, (read, made, pad) in conv.items()
    ]
    nodes.insert(1, helper.make_node("Relu", ["b"], ["r"], name="relu"))
    ends = {"mask": "m", "edge": "e"}
    nodes += [helper.make_node("Sigmoid", [own], [n], name=f"s_{n}") for n, own in ends.items()]
    size = [twin.SIDE, twin.SIDE]
    value = helper.make_tensor_value_info
    graph = helper.make_graph(
        nodes,
        "twin",
        [value("x", TensorProto.FLOAT, [1, 3, *size])],
        [value(name, TensorProto.FLOAT, [1, 1, *size]) for name in ends],
        tensors,
    )
    opset = [helper.make_opsetid("", 17)]
    onnx.save(helper.make_model(graph, opset_imports=opset, ir_version=8), str(path))


def write_ir(onnx: Path, xml: Path) -> None:
    import openvino

    openvino.save_model(openvino.Core().read_model(str(onnx)), str(xml), compress_to_fp16=False)


@pytest.fixture
def variant(root):
    return load_variant(root / "models", twin.MODEL, twin.VARIANT)


ORIGINS = {"saved_model": "saved_model", "network": "saved_model", "ir": "ir/model.xml"}


def order(root: Path, variant, name: str, folder: Path, origin: str = "") -> Order:
    folder.mkdir(exist_ok=True)
    made_from = origin or ORIGINS.get(TARGETS[name].origin, "simplified.onnx")
    return Order(
        name=name,
        variant=variant,
        model_folder=root / "models" / twin.MODEL,
        sources=root / "sources" / twin.MODEL,
        origin=root / made_from,
        interface=Interface.read(root / "interface.json"),
        folder=folder,
    )


def expected(root: Path, picture: np.ndarray) -> dict[str, np.ndarray]:
    import onnxruntime

    session = onnxruntime.InferenceSession(str(root / "simplified.onnx"))
    return dict(zip(("mask", "edge"), session.run(["mask", "edge"], {"x": picture}), strict=True))


def worst(root: Path, folder: Path) -> float:
    """The largest difference of a target from the network, on a picture."""
    picture = np.random.default_rng(3).random((1, 3, twin.SIDE, twin.SIDE), np.float32)
    runner = further.opened_target(folder, Interface.read(root / "interface.json"))
    assert runner.run is not None and runner.bytes > 0
    found, wanted = runner.run({"x": picture}), expected(root, picture)
    assert list(found) == ["mask", "edge"]
    assert all(found[name].shape == wanted[name].shape for name in wanted)
    return max(float(np.abs(found[name] - wanted[name]).max()) for name in wanted)


# Those of the main environment --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "limit", "operator"),
    [("onnx_qdq", 0.05, "QuantizeLinear"), ("openvino_fp16", 0.01, "Convolution")],
)
def test_targets_of_the_main_environment(root, variant, tmp_path, name, limit, operator):
    asked = order(root, variant, name, tmp_path / name)
    facts = command.made(asked)
    assert facts["built"] and facts["bytes"] == further.size_of(asked.folder)
    assert facts["operators"][operator] >= 2
    assert 0 < worst(root, asked.folder) < limit
    if name == "onnx_qdq":
        assert facts["calibration"] == {"count": 20}
        assert json.loads((asked.folder / INTERFACE).read_text())["takes_source"]


def test_an_old_opset_is_raised_to_one_that_quantises_by_the_channel(tmp_path):
    """PyTorch's exporters wrote opset 9 for years, whose DequantizeLinear has no axis."""
    sides = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, 4]) for name in "xy"]
    node = helper.make_node("Dropout", ["x"], ["y"])
    graph = helper.make_graph([node], "old", sides[:1], sides[1:])
    for version, becomes in ((9, 13), (17, 17)):
        old = helper.make_model(graph, opset_imports=[helper.make_opsetid("", version)])
        path = tmp_path / f"{version}.onnx"
        onnx.save(old, path)
        made = targets_onnx.raised(path, tmp_path / "raised.onnx")
        assert (made == path) == (version == becomes)
        assert targets_onnx.facts_of(made)["opset"] == becomes
        onnx.checker.check_model(onnx.load(made), full_check=True)


@pytest.mark.slow
def test_stablehlo_is_text_that_computes_the_same(root, variant, tmp_path):
    asked = order(root, variant, "stablehlo", tmp_path / "stablehlo")
    facts = command.made(asked)
    text = asked.file.read_text()
    assert facts["operators"]["convolution"] == 3 == text.count("stablehlo.convolution")
    assert "loc(" not in text and "func.func @main" in text
    assert worst(root, asked.folder) < 1e-5


def test_transposes_of_a_text_are_counted():
    text = (
        "%1 = stablehlo.transpose %0, dims = [0, 2, 1] : (tensor<1x2x4xf32>) -> tensor<1x4x2xf32>"
    )
    assert mlir.transposes(text) == (1, 32)


# The C array --------------------------------------------------------------------------------------

PROGRAM = """
#include "model.h"
#include <stdio.h>
int main(void) {
  unsigned long place = (unsigned long)NAME;
  printf("%u %lu %d %d", NAME_len, place % 16, NAME[0], NAME[NAME_len - 1]);
  return sizeof NAME == NAME_len ? 0 : 1;
}
"""


def test_a_header_holds_the_bytes(tmp_path):
    content = bytes(range(256)) * 3 + b"\x07"
    path = tmp_path / "model.h"
    path.write_text(c_array.text_of(content, "u2netp/320x320", "full_int8", 4096))
    assert c_array.content_of(path) == content
    assert "#define MODEL_U2NETP_320X320_FULL_INT8_ARENA_SIZE 4096" in path.read_text()
    assert "not known" in c_array.text_of(content, "a/b", "int8", None)
    path.write_text(path.read_text().replace("0x07", ""))
    with pytest.raises(ZooError, match="says otherwise"):
        c_array.content_of(path)


@pytest.mark.skipif(shutil.which("gcc") is None, reason="there is no C compiler here")
@pytest.mark.parametrize("language", ["c", "c++"])
def test_a_compiler_takes_the_header(tmp_path, language):
    content = bytes(range(100))
    name = "model_a_b_int8"
    (tmp_path / "model.h").write_text(c_array.text_of(content, "a/b", "int8", 10))
    (tmp_path / "main.c").write_text(PROGRAM.replace("NAME", name))
    program = tmp_path / "program"
    command = ["gcc", "-x", language, "-Wall", "-Werror", str(tmp_path / "main.c"), "-o", program]
    built = subprocess.run(command, capture_output=True, text=True)
    if language == "c++" and "cc1plus" in built.stderr:
        pytest.skip("gcc has no C++ here")
    assert built.returncode == 0, built.stderr
    done = subprocess.run([program], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (0, "100 0 0 99")


# Hardware that is not here ------------------------------------------------------------------------


@pytest.fixture
def no_gpu(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path / "empty"))
    monkeypatch.setattr(hardware, "DRIVER", tmp_path / "no driver")


@pytest.mark.parametrize("name", ["tensorrt", "tftrt"])
def test_without_a_gpu_the_folder_says_so(root, variant, tmp_path, no_gpu, name):
    asked = order(root, variant, name, tmp_path / name)
    facts = command.made(asked)
    assert facts["built"] is False and "no TensorRT here" in facts["reason"]
    assert (asked.folder / NOT_BUILT).read_text().startswith("not built: no TensorRT here")


def test_verify_passes_on_what_was_not_built(root, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "tensorrt").mkdir()
    (tmp_path / "tensorrt" / NOT_BUILT).write_text("not built: no TensorRT here\n")
    np.savez(tmp_path / "reference.npz")
    (tmp_path / "reference.json").write_text("{}")
    options = {
        "--models": root / "models",
        "--artifact": "tensorrt",
        "--path": tmp_path / "tensorrt",
        "--interface": root / "interface.json",
        "--reference": tmp_path / "reference.npz",
        "--reference-facts": tmp_path / "reference.json",
        "--out": tmp_path / "evidence.json",
        "--outputs": tmp_path / "outputs.npz",
    }
    words = [twin.MODEL, twin.VARIANT, *(str(w) for pair in options.items() for w in pair)]
    assert stage.main("verify", "", verify.add_arguments, verify.run, words) == 0
    found = json.loads((tmp_path / "evidence.json").read_text())
    assert found["built"] is False and found["passed"] is None and "no TensorRT" in found["note"]
    assert (tmp_path / "outputs.npz").is_file()


def test_trtexec_is_called_where_it_is(root, variant, tmp_path, monkeypatch):
    program = tmp_path / "bin" / "trtexec"
    program.parent.mkdir()
    program.write_text(
        f"#!{sys.executable}\nimport sys\n"
        "out = next(w.split('=')[1] for w in sys.argv if w.startswith('--saveEngine'))\n"
        "open(out, 'wb').write(b'engine')\n"
        "open(sys.argv[0] + '.words', 'w').write(' '.join(sys.argv[1:]))\n"
    )
    program.chmod(0o755)
    monkeypatch.setenv("TRTEXEC", str(program))
    assert hardware.without_tensorrt() is None
    asked = order(root, variant, "tensorrt", tmp_path / "tensorrt")
    assert command.made(asked)["made_by"] == "trtexec"
    words = Path(f"{program}.words").read_text()
    assert f"--onnx={root / 'simplified.onnx'}" in words and "--fp16" not in words
    assert "--fp16" in gpu.arguments(asked, "fp16")
    program.write_text(f"#!{sys.executable}\nprint('[E] Unsupported'); raise SystemExit(1)\n")
    asked.file.unlink()
    with pytest.raises(ZooError, match=r"\[E\] Unsupported"):
        gpu.engine(asked)


def test_an_unknown_target_is_said(root, tmp_path):
    args = argparse.Namespace(target="tfsj")
    with pytest.raises(ZooError, match="no target 'tfsj'"):
        command.run(args)


# How they hang together ---------------------------------------------------------------------------


def job(name: str) -> Job:
    return Job("target", twin.MODEL, twin.VARIANT, name)


@pytest.mark.parametrize(
    ("name", "stages"),
    [
        ("tfjs", {"tf"}),
        ("openvino_fp16", {"tf", "mo"}),
        ("onnx_qdq", {"tf", "simplify"}),
        ("coreml", {"tf", "download-weights"}),
        ("c_array", {"tf", "quantize-full_int8"}),
    ],
)
def test_what_a_target_reads(variant, name, stages):
    read = upstream(job(name), variant)
    assert {each.record for each in read} == stages


def test_without_an_onnx_of_the_source_there_is_the_one_made_back():
    from dataclasses import replace

    chosen = load_variant(ROOT / "models", "mobilenet_v1_025_224", "224x224")
    own = replace(chosen, targets=("onnx_qdq",))
    reads = {each.record for each in upstream(job("onnx_qdq"), own) if each.stage != "download"}
    assert reads == {"tf", "target-onnx_nhwc"}
    assert origin_path(job("onnx_nhwc")) == "onnx_nhwc/model.onnx"


def test_paths_lead_to_the_jobs():
    folder = f"results/{twin.MODEL}/{twin.VARIANT}"
    for path in ("tfjs", "tfjs/model.json", "facts/tfjs.json"):
        assert job_at(f"{folder}/{path}") == job("tfjs")
    assert job_at(f"{folder}/verify/tfjs.json").stage == "verify"
    assert job_at(f"{folder}/targets/report.json").stage == "target_report"


def test_a_lock_is_part_of_the_keys_of_what_uses_it(root, variant, monkeypatch):
    folder = root / "models" / twin.MODEL

    def all_keys():
        found = {name: ("target", name) for name in variant.targets}
        found |= {f"verify-{n}": ("verify", n) for n in (*variant.targets, "float32")}
        parts = {n: keys.key_parts(variant, folder, *job) for n, job in found.items()}
        return {name: keys.digest(each) for name, each in parts.items()}

    before = all_keys()
    real = surroundings.lock_digest
    other = {"node": "other"}
    monkeypatch.setattr(surroundings, "lock_digest", lambda n: other.get(n) or real(n))
    after = all_keys()
    assert {name for name in before if before[name] != after[name]} == {"tfjs", "verify-tfjs"}


def test_what_verifies_targets_is_behind_nothing_else():
    of_a_target, of_a_tflite = (keys.code_behind("verify", what) for what in ("tfjs", "float32"))
    assert "converters.targets.scripts.core_ml" in of_a_target
    assert "converters.verify.further" not in of_a_tflite
    assert "converters.targets.c_array" not in of_a_tflite
    assert "converters.targets.onnx" not in keys.code_behind("target", "tfjs")
    assert "converters.targets.tensorflow_js" in keys.code_behind("target", "tfjs")


def test_the_default_target_builds_none_of_them(root, monkeypatch):
    monkeypatch.chdir(root)
    plan = Plan(Path("models"), [twin.MODEL])
    assert not [path for path in plan.all_packages(None) if "targets" in path]
    asked = Further(plan)
    assert asked.packages(None) == [f"results/{twin.MODEL}/{twin.VARIANT}/targets/report.json"]
    made = {Path(path).parent.name.rsplit("-", 1)[0] for path in asked.environments(None)}
    assert made == {"tfjs", "node", "coreml"}  # none for a GPU
    wildcards = SimpleNamespace(model=twin.MODEL, variant=twin.VARIANT, target="openvino_fp16")
    results = f"results/{twin.MODEL}/{twin.VARIANT}"
    assert asked.reads(wildcards) == [f"{results}/ir/model.xml", f"{results}/ir/model.bin"]


# Those with environments of their own -------------------------------------------------------------


def wants(*names: str) -> None:
    """Skip unless the environments are made, or a variable asks for them."""
    missing = [name for name in names if not place_of(name).is_made]
    if missing and not os.environ.get(ASKED):
        pytest.skip(f"no environment {', '.join(missing)}: set {ASKED}=1 to make it")


WITH_ENVIRONMENTS = [
    ("onnx_nhwc", 1e-5, "Conv"),
    ("onnx_nchw", 1e-5, "Conv"),
    ("openvino_int8", 0.1, "FakeQuantize"),
    ("tfjs", 1e-5, "Conv2D"),
    ("tfjs_float16", 1e-2, None),
    ("tfjs_uint8", 0.1, None),
]


@pytest.mark.slow
@pytest.mark.parametrize(("name", "limit", "operator"), WITH_ENVIRONMENTS)
def test_targets_with_environments(root, variant, tmp_path, name, limit, operator):
    wants(*TARGETS[name].environments)
    if "node" in TARGETS[name].environments and shutil.which("node") is None:
        pytest.skip("there is no node here")
    asked = order(root, variant, name, tmp_path / name)
    facts = command.made(asked)
    if operator:
        kinds = facts["operators"]
        assert any(kind.endswith(operator) or operator in kind for kind in kinds), kinds
    assert worst(root, asked.folder) < limit
    if name == "onnx_nchw":
        assert Interface.read(asked.folder / INTERFACE) == in_source_order(asked.interface)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["coreml", "coreml_float16", "coreml_int8"])
def test_core_ml_is_looked_into(root, variant, tmp_path, name):
    wants("coreml")
    asked = order(root, variant, name, tmp_path / name)
    facts = command.made(asked)
    assert facts["inputs"] == {"x": [1, 3, twin.SIDE, twin.SIDE]}
    assert facts["operators"]["conv"] == 3 and list(facts["outputs"]) == ["mask", "edge"]
    runner = further.opened_target(asked.folder, asked.interface)
    if sys.platform == "darwin":
        assert worst(root, asked.folder) < 0.05
    else:
        assert runner.run is None and "Core ML is on macOS alone" in runner.note


@pytest.mark.slow
def test_an_arena_is_measured(tmp_path):
    wants("micro")
    from converters.targets.apart import run_script
    from converters.targets.scripts import micro_arena

    broken = tmp_path / "no.tflite"
    broken.write_bytes(b"nothing")
    with pytest.raises(ZooError, match="in environment micro"):
        run_script("micro", micro_arena, {"tflite": str(broken)})


def test_the_page_says_what_was_found_and_what_was_not(tmp_path):
    verify_folder = tmp_path / "verify"
    verify_folder.mkdir()
    measured = {"mask": {"normalised_max": 2e-5, "sqnr_db": 80.0}}
    data = {"outputs": measured, "bytes": 2500, "runtime": {"x": "1"}, "passed": True}
    (verify_folder / "tfjs.json").write_text(json.dumps(data))
    lacking = {
        "outputs": {},
        "bytes": 0,
        "runtime": {},
        "passed": None,
        "note": "not built: no GPU",
    }
    (verify_folder / "tensorrt.json").write_text(json.dumps(lacking))
    assert "| 2.5 kB | 2.0e-05 | 80.0 dB | – | x 1 | yes |" in overview.row("tfjs", tmp_path)
    assert "| no numbers: not built: no GPU |" in overview.row("tensorrt", tmp_path)
    assert "| not built yet |" in overview.row("coreml", tmp_path)


def test_a_scalar_bias_gets_an_axis_where_there_is_one_channel():
    from converters.targets.scripts.tensorflow_js import give_biases_an_axis

    def model(channels: int):
        shapes = {"filters": [3, 3, 8, channels], "bias": []}
        weights = [{"name": name, "shape": shape} for name, shape in shapes.items()]
        conv = {"name": "c", "op": "_FusedConv2D", "input": ["x", "filters", "bias"]}
        constant = {"attr": {"value": {"tensor": {"tensorShape": {}}}}, "op": "Const"}
        nodes = [{"name": "bias", **constant}, conv, {"name": "x", "op": "Placeholder"}]
        return {"modelTopology": {"node": nodes}, "weightsManifest": [{"weights": weights}]}

    one, many = model(1), model(4)
    for each in (one, many):
        give_biases_an_axis(each)
    assert one["weightsManifest"][0]["weights"][1]["shape"] == [1]
    assert many == model(4)
