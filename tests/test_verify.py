"""Evidence: what is measured, what is refused, and that a wrong artefact never passes.

TFLite files are verified in processes of their own, as the workflow does: tflite-runtime cannot
share one with TensorFlow.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import twin_network as twin
import yaml
from PIL import Image

from converters.datasets.interface import Interface
from converters.errors import LimitError, RecipeError, ZooError
from converters.quantize import __main__ as quantize
from converters.recipes.recipe import Output
from converters.verify import archive, evidence, limits, metrics, pictures
from converters.verify.measures import closest, difference
from converters.verify.shown.grounds import ground_of

ROOT = Path(__file__).resolve().parent.parent

pytestmark = [
    # TensorFlow announces that tf.lite will move; nothing here can be done about it
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning:tensorflow"),
]

# Measures -----------------------------------------------------------------------------------------

CHANCE = np.random.default_rng(0)
OUTPUT = CHANCE.normal(size=(3, 1, 4, 4))


def test_equal_outputs():
    found = difference(OUTPUT, OUTPUT)
    assert (found.max_abs, found.normalised_max, found.sqnr_db) == (0, 0, math.inf)
    assert found.cosine == pytest.approx(1) and found.record()["sqnr_db"] is None


def test_measures_by_hand():
    found = difference(np.array([[3.0, 0.0]]), np.array([[4.0, 0.0]]))
    assert (found.max_abs, found.normalised_max, found.cosine) == (1, 0.25, 1)
    assert found.sqnr_db == pytest.approx(10 * math.log10(16))


def test_a_source_of_zeros():
    zeros = np.zeros((2, 3))
    assert difference(zeros, zeros).cosine == 1
    off = difference(zeros + 0.5, zeros)
    assert (off.normalised_max, off.cosine, off.sqnr_db) == (0.5, 0, -math.inf)
    (check,) = limits.checks_of_output("y", off, {"sqnr_db": 10})
    assert not check.is_held


def test_a_constant_source_is_weak_evidence_and_no_collapse():
    constant = np.ones((3, 2))
    found = difference(constant, constant)
    assert found.source_is_constant and not found.is_collapsed
    assert found.record()["source_is_constant"] is True


def test_a_collapsed_output_is_refused_whatever_the_limits():
    found = difference(np.full((3, 4), 0.5), CHANCE.random((3, 4)))
    assert found.is_collapsed
    assert [c.measure for c in limits.checks_of_output("y", found, {})] == ["collapsed"]
    nearly = 1 + 0.01 * CHANCE.random((3, 4))
    assert not difference(np.ones((3, 4)), nearly).is_collapsed


def test_nan_and_infinity_are_refused_whatever_the_limits():
    for wrong in (np.nan, np.inf):
        spoilt = OUTPUT.copy()
        spoilt[1, 0, 2, 2] = wrong
        found = difference(spoilt, OUTPUT)
        checks = limits.checks_of_output("y", found, {"normalised_max": 1e9})
        assert [c.is_held for c in checks] == [False, False]
        assert found.record()["max_abs"] is None
        json.dumps([c.record() for c in checks], allow_nan=False)


def test_whole_numbers_do_not_wrap_around():
    assert difference(np.array([[0]], np.uint8), np.array([[255]], np.uint8)).max_abs == 255


def test_a_swap_is_recognised():
    a, b = CHANCE.random((2, 4)), CHANCE.random((2, 4))
    assert closest(b, {"a": a, "b": b}, "a") == "b"
    assert closest(a, {"a": a, "b": b}, "a") is None
    assert closest(b, {"a": a, "c": CHANCE.random((2, 5))}, "a") is None


# Metrics ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "output", "target", "options", "value"),
    [
        ("top1", [[0.1, 0.9]], 1, {}, 1),
        ("top1", [[0.9, 0.1]], 1, {}, 0),
        ("iou", [[[0.9, 0.9, 0.1]]], [1, 0, 0], {}, 0.5),
        ("iou", [[[0.4, 0.4, 0.1]]], [1, 1, 0], {"threshold": 0.3}, 1),
        ("iou", [[[0, 0, 0]]], [0, 0, 0], {}, 1),
        ("psnr", [[0.5, 0.5]], [0.4, 0.6], {}, 20),
        ("psnr", [[50, 50]], [40, 60], {"peak": 100}, 20),
        ("psnr", [[1, 1]], [1, 1], {}, metrics.PSNR_OF_EQUALS),
        ("mae", [[1, 2]], [0, 4], {}, 1.5),
        ("top5", [[9, 8, 7, 6, 5, 4]], 4, {}, 1),
        ("top5", [[9, 8, 7, 6, 5, 4]], 5, {}, 0),
        ("ssim", [np.eye(8)], np.eye(8), {}, 1),
        ("ssim", [np.dstack([np.eye(8)] * 3)], np.dstack([np.eye(8)] * 3), {}, 1),
        ("snr", [[3.0, 0.0]], [3.0, 0.3], {}, 10 * np.log10(9.09 / 0.09)),
        ("snr", [[3.0, 1.0]], [3.0, 1.0], {}, 100),
        ("nme", [[[0, 1], [4, 0]]], [[0, 0], [4, 0]], {"between": [0, 1]}, 0.125),
        ("nme", [[[0, 1], [3, 4]]], [[0, 0], [3, 4]], {}, 0.1),
        ("cosine", [[1.0, 0.0]], [1.0, 1.0], {}, 0.5**0.5),
        ("cosine", [[0.0, 0.0]], [1.0, 1.0], {}, 0),
        ("character_accuracy", [np.eye(4)[[0, 0, 3, 0, 1]]], [0, 0, 1, -1], {"axis": 1}, 1),
        ("character_accuracy", [np.eye(4)[[0, 1, 2]]], [0, 1], {"axis": 1}, 0.5),
        ("character_accuracy", [np.eye(3)], [0, 2], {"blank": None}, 0.5),
        ("word_accuracy", [np.eye(4)[[0, 3, 1]].T], [0, 1], {}, 1),
        ("word_accuracy", [np.eye(4)[[0, 3, 2]].T], [0, 1], {}, 0),
        ("agreement", [[0.1, 0.9]], [0.4, 0.6], {}, 1),
        ("agreement", [[0.1, 0.9]], [0.7, 0.6], {}, 0),
    ],
)
def test_metrics_by_hand(name, output, target, options, value):
    got = metrics.value_of_sample(name, np.array(output), np.array(target), options)
    assert got == pytest.approx(value)


def total(name, *samples, **options):
    metric = metrics.METRICS[name]
    given = ((np.array(output), np.array(target)) for output, target in samples)
    return metric.over_all([metrics.value_of_sample(name, o, t, options) for o, t in given])


def test_metrics_over_all_samples_by_hand():
    scores = [([[0.2, 0.8]], 1), ([[0.7, 0.3]], 0), ([[0.9, 0.1]], 1), ([[0.6, 0.4]], 0)]
    assert total("auc", *scores) == 0.5
    with pytest.raises(ZooError, match="all samples have the same label"):
        total("auc", scores[0], scores[2])
    planes = np.moveaxis(np.eye(3)[[[0, 1], [2, 2]]], -1, 0)
    assert total("miou", ([planes], [[0, 1], [1, 255]])) == pytest.approx((1 + 0.5 + 0) / 3)
    with pytest.raises(ZooError, match="the output names classes at"):
        total("miou", ([planes], [0, 1]))


BOXES = [[[0, 0, 2, 2, 0.9], [0, 0, 2, 2.1, 0.8], [5, 5, 6, 6, 0.7]]]
TRUTH = [[0, 0, 2, 2], [5, 5, 6, 6], [-1, -1, -1, -1]]


def test_a_box_is_found_once_and_by_the_best():
    assert total("detection_f1", (BOXES, TRUTH)) == pytest.approx(2 * 2 / (3 + 2))
    assert total("detection_f1", (BOXES, TRUTH), score=0.75) == pytest.approx(2 / (2 + 2))
    assert total("detection_ap", (BOXES, TRUTH)) == pytest.approx((1 + 2 / 3) / 2)
    assert total("detection_ap", (BOXES, TRUTH), (BOXES, TRUTH)) == pytest.approx((1 + 2 / 3) / 2)


def test_a_box_of_another_class_is_not_found():
    boxes = [[[0, 0, 2, 2, 0.9, 1], [4, 4, 6, 6, 0.9, 2]]]
    truth = [[0, 0, 2, 2, 2], [4, 4, 6, 6, 2]]
    assert total("detection_f1", (boxes, truth)) == 0.5


def test_nothing_where_nothing_is_is_right():
    nothing = ([[[0, 0, 0, 0, 0]]], [[-1, -1, -1, -1], [-1, -1, -1, -1]])
    assert total("detection_f1", nothing) == total("detection_ap", nothing) == 1


def test_the_schema_knows_every_metric():
    schema = yaml.safe_load((ROOT / "models" / "schema.yaml").read_text())
    wanted = schema["properties"]["evaluation"]["properties"]["metric"]["enum"]
    assert set(wanted) == set(metrics.METRICS)


def test_a_border_is_left_out_of_psnr():
    output, target = np.ones((1, 1, 6, 6)), np.ones((6, 6))
    output[..., 0] = 0
    assert metrics.value_of_sample("psnr", output, target, {"border": 1}) == 100


def test_every_metric_knows_which_way_is_better():
    assert metrics.METRICS["iou"].drop(0.8, 0.9) == pytest.approx(0.1)
    assert metrics.METRICS["mae"].drop(0.9, 0.8) == pytest.approx(0.1)
    assert metrics.METRICS["auc"].drop(0.8, 0.9) == pytest.approx(0.1)
    assert all(metric.of_sample.__doc__ for metric in metrics.METRICS.values())


@pytest.mark.parametrize(
    ("name", "target", "options", "message"),
    [
        ("bleu", 1, {}, "no metric 'bleu'"),
        ("iou", None, {}, "gives no target"),
        ("iou", [1, 0], {}, r"the output has shape \(3,\), the target \(2,\)"),
        ("iou", [1, 0, 1], {"treshold": 1}, "treshold"),
    ],
)
def test_a_metric_that_cannot_be_computed_is_said(name, target, options, message):
    wanted = None if target is None else np.array(target)
    with pytest.raises(ZooError, match=message):
        metrics.value_of_sample(name, np.array([[1, 0, 1]]), wanted, options)


# Limits -------------------------------------------------------------------------------------------


def test_the_recipe_overrides_a_default_and_adds_to_it():
    recipe = {"int8": {"sqnr_db": 20, "transposes": 0}}
    assert limits.limits_of("int8", recipe) == {"sqnr_db": 20, "transposes": 0}
    assert limits.limits_of("float32", recipe) == {"normalised_max": 1e-4}
    with pytest.raises(RecipeError, match="no measure sqnr"):
        limits.limits_of("int8", {"int8": {"sqnr": 20}})


def test_the_error_lists_every_limit_that_is_not_held():
    found = difference(OUTPUT + 0.1, OUTPUT)
    bounds = {"normalised_max": 1e-4, "sqnr_db": 60, "max_abs": 1}
    checks = limits.checks_of_output("mask", found, bounds)
    values = {"transposes": 3, "metric_drop": None}
    checks += limits.checks_of_artifact(values, {"transposes": 0, "metric_drop": 0.1})
    error = limits.refusal("float32", checks)
    assert isinstance(error, LimitError) and error.subject == "artefact float32"
    assert "output mask: normalised_max is" in error.cause and "sqnr_db is" in error.cause
    assert "max_abs" not in error.cause
    assert "transposes is 3, at most 0 is accepted" in error.cause
    assert "metric_drop is unknown" in error.cause
    assert "limits.float32.normalised_max" in error.remedy
    assert limits.refusal("float32", checks[:1]) is None


def test_an_output_of_another_shape_is_refused():
    answered = [{"y": np.zeros((1, 4))}]
    _, checks = evidence.compared(answered, {"output/y": np.zeros((1, 1, 5))}, {}, {})
    assert "has shape [1, 4], the source's is [1, 5]" in limits.refusal("ir", checks).cause


def test_an_output_that_only_one_side_has_is_refused():
    with pytest.raises(ZooError, match="do not both have z"):
        evidence.compared([{"y": OUTPUT[0], "z": OUTPUT[0]}], {"output/y": OUTPUT}, {}, {})


# Whole stages -------------------------------------------------------------------------------------


class Result(NamedTuple):
    code: int
    words: str
    evidence: dict | None
    outputs: Path


class Zoo(NamedTuple):
    """A folder with the twin network, its artefacts and its reference."""

    root: Path

    def command(self, module: str, *options: object) -> subprocess.CompletedProcess[str]:
        argv = [module, twin.MODEL, twin.VARIANT, "--models", "models", *map(str, options)]
        environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
        return subprocess.run(
            [sys.executable, "-m", *argv],
            cwd=self.root,
            env=environment,
            text=True,
            capture_output=True,
            timeout=120,
        )

    def refer(self) -> subprocess.CompletedProcess[str]:
        sources = ("--sources", f"sources/{twin.MODEL}")
        made = ("--out", "reference.npz", "--facts", "reference.json")
        return self.command("converters.verify.reference", *sources, *made)

    def layers(self, artifact: str, path: str) -> tuple[dict, str]:
        table, drawn = self.root / "layers.json", self.root / "layers.png"
        done = self.command(
            "converters.verify.layers",
            *("--artifact", artifact, "--path", path, "--float", "float32.tflite"),
            *("--interface", "interface.json", "--reference", "reference.npz"),
            *("--reference-facts", "reference.json", "--out", table, "--picture", drawn),
        )
        assert done.returncode == 0 and drawn.is_file(), done.stderr
        return json.loads(table.read_text()), done.stdout

    def lint(self, path: str) -> dict:
        sources = ("--sources", f"sources/{twin.MODEL}", "--facts", "lint.json")
        files = ("--interface", "interface.json", "--reference", "reference.npz")
        done = self.command("converters.lint", "--path", path, *files, *sources)
        assert done.returncode == 0, done.stderr
        return json.loads((self.root / "lint.json").read_text())

    def verify(self, artifact: str, path: str, *more: str) -> Result:
        out, outputs = self.root / f"{artifact}.json", self.root / f"{artifact}.npz"
        out.unlink(missing_ok=True)
        done = self.command(
            "converters.verify",
            *("--artifact", artifact, "--path", path, "--interface", "interface.json"),
            *("--reference", "reference.npz", "--reference-facts", "reference.json"),
            *("--sources", f"sources/{twin.MODEL}", "--out", out, "--outputs", outputs, *more),
        )
        found = json.loads(out.read_text()) if out.is_file() else None
        return Result(done.returncode, done.stdout + done.stderr, found, outputs)

    def tflite(self, kind: str, saved_model: str, name: str) -> str:
        interface = Interface.read(self.root / "interface.json")
        wanted = quantize.kind_named(kind)
        recipe = self.root / "models"
        drawn = None
        if wanted.is_calibrated:
            variant = quantize.load_variant(recipe, twin.MODEL, twin.VARIANT)
            folder = recipe / twin.MODEL
            drawn = quantize.Calibration(variant, interface, folder, self.root)
        made = quantize.Conversion(self.root / saved_model, wanted, drawn, {}).made()
        (self.root / name).write_bytes(quantize.in_order(made, interface))
        return name


@pytest.fixture(scope="module")
def zoo(tmp_path_factory):
    zoo = Zoo(tmp_path_factory.mktemp("zoo"))
    twin.write_model(zoo.root)
    twin.write_interface(zoo.root / "interface.json")
    twin.write_saved_model(zoo.root / "saved_model")
    made = zoo.refer()
    assert made.returncode == 0, made.stderr
    return zoo


@pytest.fixture
def recipe(zoo):
    """Change the recipe for one test."""
    path = zoo.root / "models" / twin.MODEL / "recipe.yaml"

    def change(old: str, new: str) -> None:
        assert old in twin.RECIPE
        path.write_text(twin.RECIPE.replace(old, new))

    yield change
    path.write_text(twin.RECIPE)


def test_the_reference_holds_inputs_outputs_and_the_sources_metric(zoo):
    tables = archive.read(zoo.root / "reference.npz")
    assert tables["input/x"].shape == (3, 1, 3, 16, 16)
    assert tables["output/mask"].shape == tables["output/edge"].shape == (3, 1, 1, 16, 16)
    assert tables["picture/x"].dtype == np.uint8 and len(tables["picture/x"]) == 3
    facts = json.loads((zoo.root / "reference.json").read_text())
    assert facts["metric"]["name"] == "iou" and 0 <= facts["metric"]["value"] <= 1
    assert facts["samples"]["count"] == 3 and "torch" in facts["versions"]


def test_the_reference_is_made_of_equal_bytes(zoo):
    before = (zoo.root / "reference.npz").read_bytes()
    assert zoo.refer().returncode == 0
    assert (zoo.root / "reference.npz").read_bytes() == before


def test_a_true_float32_file_passes(zoo):
    result = zoo.verify("float32", zoo.tflite("float32", "saved_model", "float32.tflite"))
    assert result.code == 0, result.words
    found = result.evidence
    assert found["passed"] and set(found["outputs"]) == {"mask", "edge"}
    assert found["outputs"]["mask"]["normalised_max"] < 1e-5
    assert found["worst"]["max_abs"]["output"] in ("mask", "edge")
    assert found["operators"]["CONV_2D"] == 3 and found["transposes"] == {"count": 0, "bytes": 0}
    assert found["bytes"] == (zoo.root / "float32.tflite").stat().st_size
    assert found["metric"]["value"] == pytest.approx(found["metric"]["source"], abs=0.01)
    assert found["runtime"] == {"tflite-runtime": "2.14.0"} and "note" not in found
    assert archive.read(result.outputs)["output/mask"].shape == (3, 1, 1, 16, 16)
    assert found["samples"]["data"] == "squares"


@pytest.mark.parametrize("kind", ["int8", "full_int8", "full_uint8", "int16x8"])
def test_true_int8_files_pass(zoo, kind):
    result = zoo.verify(kind, zoo.tflite(kind, "saved_model", f"{kind}.tflite"))
    assert result.code == 0, result.words
    assert result.evidence["worst"]["sqnr_db"]["value"] > 25


def test_a_refused_int8_file_names_the_layer_that_spoils_it(zoo, recipe):
    zoo.tflite("float32", "saved_model", "float32.tflite")
    twin.write_saved_model(zoo.root / "dull", spoilt="body.bias", by=0.8)
    zoo.tflite("int8", "dull", "dull.tflite")
    found, told = zoo.layers("int8", "dull.tflite")
    assert found["unpaired"] == [] and found["paired"]["of"] == len(found["layers"]) > 5
    culprit = found["losses"][0]
    assert culprit["operator"] == "CONV_2D" and culprit["lost_db"] > 20
    assert culprit["name"] in told and found["samples"]["count"] == 3
    facts = zoo.lint("float32.tflite")
    assert facts["disjoint"] and facts["in_calibration"] == {"verification": 0, "evaluation": 0}
    recipe("artifacts:", "limits: {int8: {sqnr_db: 60}}\nartifacts:")
    result = zoo.verify("int8", "dull.tflite", "--layers", "layers.json", "--lint", "lint.json")
    assert result.code == 1 and result.evidence is None
    assert f"most is lost in {culprit['number']} CONV_2D {culprit['name']}" in result.words
    kept = zoo.root / "logs" / twin.MODEL / twin.VARIANT / "verify-int8.failed.json"
    assert json.loads(kept.read_text())["layers"]["losses"][0] == culprit
    kept.unlink()


READ_ALL = """
import sys
from pathlib import Path
import numpy as np
from converters.datasets.interface import Interface, Stored
from converters.verify.tapped import tapped
spec = [Stored(name, (1, 8, 8, 4), (0, 1, 2, 3), "float32") for name in "xy"]
file = tapped(Path(sys.argv[1]), Interface((spec[0],), (spec[1],)))
file.run({"x": np.random.default_rng(0).normal(size=(1, 8, 8, 4)).astype(np.float32)})
made = {step.operator: file.value(step.outputs[0]) for step in file.graph.steps}
assert not np.array_equal(made["CONV_2D"], made["ADD"]), "the sum was written over what it reads"
"""


def test_what_a_sum_is_made_of_can_still_be_read(tmp_path):
    """Runtimes add in place, even where they are told to keep every tensor."""
    import tensorflow as tf

    filters = CHANCE.normal(size=(3, 3, 4, 4)).astype(np.float32)

    @tf.function(input_signature=[tf.TensorSpec((1, 8, 8, 4), tf.float32, "x")])
    def serving(x):
        return {"y": tf.nn.relu(tf.nn.conv2d(x, filters, 1, "SAME") + x)}

    module = tf.Module()
    module.serving = serving
    tf.saved_model.save(module, str(tmp_path / "m"), signatures={"serving_default": serving})
    path = tmp_path / "m.tflite"
    kind = quantize.kind_named("float32")
    path.write_bytes(quantize.Conversion(tmp_path / "m", kind, None, {}).made())
    command = [sys.executable, "-c", READ_ALL, str(path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


def test_samples_that_calibrate_and_measure_are_warned_of(zoo, recipe):
    zoo.tflite("float32", "saved_model", "float32.tflite")
    recipe("count: 4, seed: 3, metric", "count: 4, seed: 1, metric")
    facts = zoo.lint("float32.tflite")
    assert facts["in_calibration"] == {"verification": 0, "evaluation": 4}
    assert facts["counts"] == {"calibration_overlap": 1} and not facts["disjoint"]


def test_a_true_saved_model_passes(zoo):
    result = zoo.verify("saved_model", "saved_model")
    assert result.code == 0, result.words
    assert result.evidence["operators"]["Conv2D"] == 3
    assert result.evidence["transposes"] == {"count": 0, "bytes": 0}


def test_a_true_ir_passes(zoo):
    import openvino
    from openvino.runtime import opset13 as ops

    tensors = twin.weights()
    x = ops.parameter([1, 3, 16, 16], np.float32, name="x")
    x.output(0).get_tensor().set_names({"x"})

    def convolution(image, name, pad):
        filters = ops.constant(tensors[f"{name}.weight"])
        made = ops.convolution(image, filters, [1, 1], [pad, pad], [pad, pad], [1, 1])
        return ops.add(made, ops.constant(tensors[f"{name}.bias"].reshape(1, -1, 1, 1)))

    body = ops.relu(convolution(x, "body", 1))
    results = []
    for name in ("edge", "mask"):  # another order: they are told apart by name
        result = ops.sigmoid(convolution(body, name, 0))
        result.output(0).get_tensor().set_names({name})
        results.append(result)
    openvino.save_model(
        openvino.Model(results, [x]), zoo.root / "model.xml", compress_to_fp16=False
    )
    result = zoo.verify("ir", "model.xml")
    assert result.code == 0, result.words
    assert result.evidence["transposes"] is None
    assert result.evidence["operators"]["Convolution"] == 3


def test_spoilt_weights_fail_and_name_the_output(zoo):
    twin.write_saved_model(zoo.root / "spoilt", spoilt="edge.weight", by=0.01)
    result = zoo.verify("float32", zoo.tflite("float32", "spoilt", "spoilt.tflite"))
    assert result.code == 1 and result.evidence is None
    assert "output edge: normalised_max is" in result.words
    assert "output mask" not in result.words
    kept = zoo.root / "logs" / twin.MODEL / twin.VARIANT / "verify-float32.failed.json"
    measured = json.loads(kept.read_text())
    assert measured["passed"] is False and measured["outputs"]["edge"]["normalised_max"] > 1e-4
    record = json.loads(kept.with_name("verify.error.json").read_text())
    assert record["subject"] == "artefact float32" and "edge" in record["cause"]


def test_swapped_outputs_of_equal_shape_are_caught(zoo):
    twin.write_saved_model(zoo.root / "swapped", swap=True)
    result = zoo.verify("float32", zoo.tflite("float32", "swapped", "swapped.tflite"))
    assert result.code == 1
    assert "its values are those of the source's edge" in result.words
    int8 = zoo.verify("int8", zoo.tflite("int8", "swapped", "swapped8.tflite"))
    assert int8.code == 1 and "output mask" in int8.words


def test_nan_is_caught_whatever_the_limits(zoo, recipe):
    twin.write_saved_model(zoo.root / "nan", spoilt="mask.bias", by=np.nan)
    recipe("schema: 1", "schema: 1\nlimits: {float32: {normalised_max: 1000}}")
    result = zoo.verify("float32", zoo.tflite("float32", "nan", "nan.tflite"))
    assert result.code == 1 and "output mask: has NaN or infinite values" in result.words


def test_a_metric_that_drops_is_caught(zoo, recipe):
    twin.write_saved_model(zoo.root / "off", spoilt="mask.bias", by=-20)
    recipe(
        "schema: 1",
        "schema: 1\nlimits: {dynamic: {sqnr_db: -1000, metric_drop: 0.1}}",
    )
    result = zoo.verify("dynamic", zoo.tflite("dynamic", "off", "off.tflite"))
    facts = json.loads((zoo.root / "reference.json").read_text())
    assert facts["metric"]["value"] > 0.2, "the network must find squares for this test"
    assert result.code == 1 and "metric_drop is" in result.words


def test_a_missing_artefact_is_said(zoo):
    result = zoo.verify("float32", "nowhere.tflite")
    assert result.code == 1 and "nowhere.tflite: is missing" in result.words


def test_agreement_compares_with_the_source(zoo, recipe):
    recipe("metric: iou, output: mask", "metric: agreement, output: edge")
    before = {name: (zoo.root / name).read_bytes() for name in ("reference.npz", "reference.json")}
    assert zoo.refer().returncode == 0
    result = zoo.verify("saved_model", "saved_model")
    for name, content in before.items():
        (zoo.root / name).write_bytes(content)
    assert result.code == 0, result.words
    assert result.evidence["metric"]["value"] == result.evidence["metric"]["source"] == 1


# Pictures -----------------------------------------------------------------------------------------


def test_pictures_and_their_sheet(zoo):
    outputs = zoo.root / "float16.npz"
    reference = archive.read(zoo.root / "reference.npz")
    archive.write(outputs, {"output/mask": reference["output/mask"]})
    folder = zoo.root / "pictures"
    options = {
        "models": zoo.root / "models",
        "model": twin.MODEL,
        "variant": twin.VARIANT,
        "reference": zoo.root / "reference.npz",
        "outputs": [str(outputs), f"int8={outputs}"],
        "out": folder,
    }
    pictures.run(argparse.Namespace(**options))
    names = {path.name for path in folder.iterdir()}
    assert {"sheet.png", "0_input.png", "2_source.png", "1_float16.png", "1_int8.png"} <= names
    with Image.open(folder / "sheet.png") as sheet:
        assert sheet.width == pictures.GAP + 4 * (pictures.TILE + pictures.GAP)
    with Image.open(folder / "0_source.png") as source:
        wanted = np.rint(255 * reference["output/mask"][0, 0, 0])
        assert np.array_equal(np.asarray(source), wanted)


def test_models_without_pictures_show_none(zoo):
    variant = quantize.load_variant(zoo.root / "models", twin.MODEL, twin.VARIANT)
    scores = {"picture/x": np.zeros((1, 16, 16, 3), np.uint8), "output/mask": np.zeros((1, 1, 10))}
    assert pictures.gathered(variant, scores, {}) == []


@pytest.mark.parametrize(
    ("shape", "expected"),
    [
        ((1, 1, 4, 5), (4, 5)),
        ((2, 4, 5, 1), (4, 5)),
        ((1, 3, 4, 5), (4, 5, 3)),
        ((1, 4, 5, 3), (4, 5, 3)),
        ((4, 5), (4, 5)),
        ((1, 21, 4, 5), None),
        ((1, 10), None),
    ],
)
def test_outputs_that_are_pictures(shape, expected):
    plane = pictures.picture_axes(np.zeros(shape))
    assert (None if plane is None else plane.shape) == expected


def test_values_without_a_range_are_spread():
    depth = np.array([[[[2.0, 4.0], [3.0, 4.0]]]])
    bounds = pictures._bounds(depth, Output("d", semantics="depth"))
    assert pictures.drawn(depth, bounds).tolist() == [[0, 255], [128, 255]]
    assert pictures._bounds(depth * 50, Output("i", semantics="image")) == (0, 255)


def test_sounds_and_features_are_drawn_on_too():
    loud = np.sin(np.linspace(0, 3000, 9600))[None].astype(np.float32)
    loud[:, 4800:] = 0
    picture = ground_of(None, loud)
    inked = (picture < 255).sum(axis=0)
    assert picture.shape == (192, 192)
    assert inked[:90].min() > 150, "the loud half fills the height"
    assert inked[100:].max() == 1, "of silence a line is left"
    features = np.array([[-40.0, 0.0], [10.0, 60.0]])
    assert ground_of(features, features).tolist() == [[0, 102], [128, 255]]
    frames = np.arange(-8.0, 2).reshape(5, 2)
    assert ground_of(frames, frames).shape == (2, 5), "time goes to the right"
    assert (ground_of(None, np.zeros((1, 10))) == 255).all(), "a few numbers have no picture"
    bytes_like = np.array([[0.0, 200.0], [255.0, 4.0]])
    assert ground_of(bytes_like, bytes_like).tolist() == bytes_like.tolist()
