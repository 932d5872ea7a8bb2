"""TFLite files of every kind: names, types, order, calibration on record, equal bytes."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import twin_network as twin

from converters import flatbuffer, stage
from converters.quantize import __main__ as quantize
from converters.quantize.check import refused_operator
from converters.quantize.conversion import Conversion
from converters.quantize.kinds import KINDS
from converters.verify.runners import SIGNATURE

ROOT = Path(__file__).resolve().parent.parent

pytestmark = [
    # TensorFlow announces that tf.lite will move; nothing here can be done about it
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning:tensorflow"),
]

IO = {"full_int8": "int8", "full_uint8": "uint8"}

DESCRIBE = """
import json, sys
from pathlib import Path
import numpy as np
from converters.verify.runners import SIGNATURE, interpreter_of
interpreter, package, note = interpreter_of(Path(sys.argv[1]))
call = interpreter.get_signature_runner(SIGNATURE)
inputs, outputs = call.get_input_details(), call.get_output_details()
details = {**inputs, **{name: outputs[name] for name in sorted(outputs, reverse=True)}}
places = [detail["index"] for detail in interpreter.get_output_details()]
print(json.dumps({
    "package": package,
    "note": note,
    "names": list(details),
    "types": [np.dtype(detail["dtype"]).name for detail in details.values()],
    "outputs_in_order": places == [details[name]["index"] for name in list(details)[1:]],
}))
"""


def described(path: Path):
    """What tflite-runtime tells of a file, in a process without TensorFlow."""
    command = [sys.executable, "-c", DESCRIBE, str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def root(tmp_path_factory):
    root = tmp_path_factory.mktemp("zoo")
    twin.write_model(root)
    twin.write_saved_model(root / "saved_model")
    twin.write_interface(root / "interface.json")
    return root


@pytest.fixture
def quantized(root, monkeypatch, tmp_path):
    """Run the stage for a kind; the exit code, the file and the facts."""
    monkeypatch.chdir(tmp_path)

    def run(kind: str, saved_model="saved_model", models="models"):
        out, facts = tmp_path / f"{kind}.tflite", tmp_path / f"{kind}.json"
        options = {
            "--models": root / models,
            "--sources": root / "sources" / twin.MODEL,
            "--saved-model": root / saved_model,
            "--interface": root / "interface.json",
            "--kind": kind,
            "--out": out,
            "--facts": facts,
        }
        argv = [twin.MODEL, twin.VARIANT, *(str(x) for pair in options.items() for x in pair)]
        code = stage.main("quantize", "", quantize.add_arguments, quantize.run, argv)
        return code, out, json.loads(facts.read_text()) if facts.is_file() else None

    return run


FLOATS = ("float32", "float16", "weight_only", "dynamic")
"""Kinds that need no data."""


@pytest.mark.parametrize("kind", KINDS)
def test_kinds(quantized, kind):
    code, out, facts = quantized(kind)
    assert code == 0
    told = described(out)
    assert told["package"] == "tflite-runtime" and not told["note"]
    assert told["names"] == ["x", "mask", "edge"]
    assert set(told["types"]) == {IO.get(kind, "float32")}
    assert told["outputs_in_order"]
    assert facts["bytes"] == out.stat().st_size and facts["loaded_by"] == "tflite-runtime"
    assert facts["transposes"] == {"count": 0, "bytes": 0}
    assert "tensorflow" in facts["versions"]
    assert (facts["calibration"] is None) == (kind in FLOATS)


def test_calibration_is_on_record(quantized):
    facts = quantized("int8")[2]
    drawn = facts["calibration"]
    assert (drawn["data"], drawn["count"], drawn["seed"]) == ("squares", 20, 1)
    assert len(drawn["digest"]) == 64 and facts["calibrated"] is True


def test_random_data_do_not_calibrate(quantized, root):
    recipe = twin.RECIPE.replace("calibration: {data: squares", "calibration: {data: noise")
    twin.write_model(root / "noisy", recipe)
    code, _, facts = quantized("int8", models="noisy/models")
    assert code == 0 and facts["calibrated"] is False


def test_int8_without_calibration_is_refused(quantized, root, capsys):
    lines = [line for line in twin.RECIPE.splitlines() if not line.startswith("calibration")]
    recipe = "\n".join(lines).replace(", int8, full_int8, full_uint8,\n  int16x8", "")
    twin.write_model(root / "bare", recipe)
    code, out, _ = quantized("int8", models="bare/models")
    assert code == 1 and not out.exists()
    assert "needs calibration data" in capsys.readouterr().err


def test_equal_inputs_give_equal_bytes(quantized, root):
    shutil.copytree(root / "saved_model", root / "elsewhere" / "copy", dirs_exist_ok=True)
    for kind in ("float32", "full_int8"):
        first = quantized(kind)[1].read_bytes()
        assert quantized(kind, saved_model="elsewhere/copy")[1].read_bytes() == first


def test_a_large_dense_layer_loads_in_the_old_runtime(tmp_path):
    """Per-channel dense weights would raise FULLY_CONNECTED to a version it does not know."""
    import tensorflow as tf

    dense = tf.constant(np.random.default_rng(0).normal(size=(64, 64)).astype(np.float32))

    @tf.function(input_signature=[tf.TensorSpec((1, 64), tf.float32, "x")])
    def serving(x):
        return {"y": tf.matmul(x, dense)}

    module = tf.Module()
    module.serving = serving
    tf.saved_model.save(module, str(tmp_path / "m"), signatures={SIGNATURE: serving})
    kind = quantize.kind_named("dynamic")
    path = tmp_path / "m.tflite"
    path.write_bytes(Conversion(tmp_path / "m", kind, None, {}).made())
    operators = flatbuffer.operators(path)
    assert "FULLY_CONNECTED v12" not in operators
    assert any(name.startswith("FULLY_CONNECTED") for name in operators)


def test_operators_that_need_flex_are_named(tmp_path):
    import tensorflow as tf

    @tf.function(input_signature=[tf.TensorSpec((1, 4), tf.float32, "x")])
    def serving(x):
        return {"y": tf.math.igamma(x, x) + tf.math.digamma(x)}

    module = tf.Module()
    module.serving = serving
    tf.saved_model.save(module, str(tmp_path / "m"), signatures={SIGNATURE: serving})
    with pytest.raises(quantize.ZooError, match="not among TFLite's builtin ones: Digamma, Igamma"):
        Conversion(tmp_path / "m", quantize.kind_named("float32"), None, {}).made()


def test_lost_names_and_wrong_shapes_are_refused(quantized, root, capsys):
    interface = json.loads((root / "interface.json").read_text())
    kept = json.dumps(interface)
    interface["outputs"][0]["name"] = "masque"
    (root / "interface.json").write_text(json.dumps(interface))
    code, out, _ = quantized("float32")
    assert code == 1 and not out.exists() and "masque" in capsys.readouterr().err
    interface = json.loads(kept)
    interface["outputs"][0]["shape"] = [1, 16, 16, 2]
    (root / "interface.json").write_text(json.dumps(interface))
    code, out, _ = quantized("float32")
    (root / "interface.json").write_text(kept)
    assert code == 1 and not out.exists() and "has shape" in capsys.readouterr().err


def tensors(path: Path):
    """Name -> type and number of scales, of every tensor of a file; and its operators' outputs."""
    from ai_edge_litert import schema_py_generated as schema

    types = {v: k for k, v in vars(schema.TensorType).items() if not k.startswith("_")}
    graph = schema.ModelT.InitFromPackedBuf(path.read_bytes(), 0).subgraphs[0]
    found = {}
    for tensor in graph.tensors:
        scale = tensor.quantization.scale if tensor.quantization else None
        found[tensor.name.decode()] = types[tensor.type], 0 if scale is None else len(scale)
    return found


@pytest.mark.parametrize("kind", [name for name, kind in KINDS.items() if kind.is_calibrated])
def test_weights_are_per_channel_unless_they_are_not_to_be(quantized, root, kind):
    recipe = twin.RECIPE + "quantize: {per_channel: false}\n"
    twin.write_model(root / "coarse", recipe)
    for models, scales in (("models", 8), ("coarse/models", 1)):
        code, out, _ = quantized(kind, models=models)
        assert code == 0
        widest = max(count for type_, count in tensors(out).values() if type_ == "INT8")
        assert widest == scales


def test_int16x8_has_activations_of_16_and_weights_of_8_bits(quantized):
    out = quantized("int16x8")[1]
    found = [type_ for type_, _ in tensors(out).values()]
    assert "INT16" in found and "INT8" in found


def kept(text: str, root: Path, name: str) -> str:
    twin.write_model(root / name, twin.RECIPE + f"quantize: {{keep_float: {text}}}\n")
    return f"{name}/models"


def test_operators_stay_in_float_by_name_and_by_type(quantized, root):
    code, out, facts = quantized("int8", models=kept("{names: [LOGISTIC]}", root, "by_type"))
    assert code == 0 and facts["float_operators"] == {"LOGISTIC": 2}
    assert [each["operator"] for each in facts["kept_float"]["named"]] == ["LOGISTIC"] * 2
    assert described(out)["outputs_in_order"]
    one = facts["kept_float"]["named"][0]["tensor"]
    pattern = one[:-1] + "?"
    models = kept(f'{{names: ["{pattern}"], kinds: [full_int8]}}', root, "by_tensor")
    code, out, facts = quantized("full_int8", models=models)
    assert code == 0 and facts["float_operators"] in ({"LOGISTIC": 1}, {"LOGISTIC": 2})
    assert set(described(out)["types"]) == {"int8"}
    assert quantized("int8", models=models)[2]["float_operators"] == {}
    again = quantized("full_int8", models=models)[1].read_bytes()
    assert again == out.read_bytes()


def test_a_pattern_that_fits_nothing_is_an_error(quantized, root, capsys):
    code, out, _ = quantized("int8", models=kept("{names: [LOGISTICS]}", root, "misspelt"))
    assert code == 1 and not out.exists()
    told = capsys.readouterr().err
    assert "'LOGISTICS' fits no operator and no tensor" in told
    assert "did you mean LOGISTIC?" in told


def test_a_budget_keeps_so_many_operators_as_it_takes(quantized, root, capsys):
    code, _, facts = quantized("int8", models=kept("{sqnr_db: 42}", root, "budget"))
    record = facts["kept_float"]
    assert code == 0 and record["sqnr_db"]["before"] < 42 <= record["sqnr_db"]["after"]
    assert 1 <= len(record["found"]) < 4 and sum(facts["float_operators"].values()) >= 1
    code, _, _ = quantized("int8", models=kept("{sqnr_db: 200, at_most: 2}", root, "hard"))
    assert code == 1 and "at most 2 may be" in capsys.readouterr().err


def test_an_unknown_kind_names_those_there_are(quantized, capsys):
    assert quantized("int4")[0] == 1
    assert "full_uint8" in capsys.readouterr().err


def test_what_has_no_int8_kernel_stays_in_float(quantized, root):
    """TensorFlow writes an int8 DIV, which no runtime can run."""
    twin.write_saved_model(root / "dividing", divides=True)
    code, out, facts = quantized("full_int8", saved_model="dividing")
    assert code == 0 and facts["float_operators"] == {"DIV": 1}
    assert described(out)["outputs_in_order"]
    first = out.read_bytes()
    assert quantized("full_int8", saved_model="dividing")[1].read_bytes() == first


@pytest.mark.parametrize(
    ("words", "operator"),
    [
        ("Didn't find op for builtin opcode 'SQRT' version '2'. An older version", "SQRT"),
        ("got 9.Node number 5 (DIV) failed to invoke.", "DIV"),
        ("Node number 0 (EXP) failed to prepare.", "EXP"),
        ("no such file", None),
    ],
)
def test_refused_operators_are_found_in_the_words_of_runtimes(words, operator):
    assert refused_operator(words) == operator
