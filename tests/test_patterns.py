"""Twelve patterns that zoos in the wild need, each in a recipe of this zoo or in one made here."""

import textwrap
from pathlib import Path

import pytest

from converters.plan import Plan
from converters.recipes import load_recipe
from converters.recipes.recipe import Variant

MODELS = Path(__file__).parents[1] / "models"
SIZES = ("nano", "tiny", "s", "m", "l", "x")
RESOLUTIONS = ([128, 160], [192, 256], [256, 320], [320, 416], [384, 640], [480, 640], [736, 1280])


def variants(model: str) -> dict[str, Variant]:
    return dict(load_recipe(MODELS / model).variants)


def test_several_weights_in_one_recipe():
    """U^2-Net and its small sister: one recipe, a file for each."""
    found = variants("ultraface")
    assert {v.load["model"] for v in found.values()} == {"RFB", "slim"}
    assert {"RFB", "slim"} <= set(found["RFB-240x320"].sources)


def test_constructor_parameters_and_five_resolutions():
    """A pose network bound to its size: the network is told, five times."""
    found = variants("ultraface_slim").values()
    assert len(found) == 5
    for variant in found:
        arguments = variant.load["arguments"]
        assert [arguments["height"], arguments["width"]] == list(variant.inputs[0].shape[2:])


def test_caffe():
    """A face detector of OpenCV's: prototxt and caffemodel."""
    found = variants("face_mask_detection")["260x260"].load
    assert (found["framework"], found["prototxt"]) == ("caffe", "network")


@pytest.fixture
def wide_zoo(tmp_path: Path) -> Path:
    """Six sizes of network by seven resolutions, without the largest of both."""
    folder = tmp_path / "models" / "wide"
    folder.mkdir(parents=True)
    sources = "".join(
        f"  {size}_{h}x{w}: {{kind: file, path: '{size}_{h}x{w}.onnx'}}\n"
        for size in SIZES
        for h, w in RESOLUTIONS
    )
    (folder / "recipe.yaml").write_text(
        textwrap.dedent("""\
            schema: 1
            id: wide
            name: Six by seven
            task: object_detection
            license: {spdx: MIT}
            load: {framework: onnx, model: "{size}_{h}x{w}"}
            inputs: [{name: images, shape: [1, 3, h, w], layout: NCHW}]
            data: {noise: {kind: random}}
            verification: {data: noise}
            """)
        + f"matrix:\n  axes: {{size: {list(SIZES)}, resolution: {list(RESOLUTIONS)}}}\n"
        + "  exclude: [{size: x, resolution: [736, 1280]}]\n"
        + "  overrides: [{when: {size: nano}, set: {artifacts: [float32, float16]}}]\n"
        + "sources:\n"
        + sources
    )
    for size in SIZES:
        for h, w in RESOLUTIONS:
            (folder / f"{size}_{h}x{w}.onnx").touch()
    return folder.parent


def test_six_variants_by_seven_resolutions(wide_zoo: Path):
    """YOLOX: 42 files, of which one is not wanted, and some need other artefacts."""
    plan = Plan.load({"models": str(wide_zoo)})
    assert len(plan.all_packages(None)) == 6 * 7 - 1
    found = plan.recipe("wide").variants
    assert found["s-384x640"].load["model"] == "s_384x640"
    assert found["nano-192x256"].inputs[0].shape == (1, 3, 192, 256)
    assert found["nano-192x256"].artifacts == ("float32", "float16")
    assert found["m-192x256"].artifacts != ("float32", "float16")


def test_post_processing_merged_in():
    """YOLOv7 with its suppression: boxes in, a table of boxes out."""
    steps = [next(iter(step)) for step in variants("yolox_nano_nms")["416x416"].surgery]
    assert {"decode_yolo", "nms"} <= set(steps)


def test_inline_graph_surgery():
    """HITNET: nodes renamed and rewritten before the conversion, in words, not in a script."""
    steps = [next(iter(s)) for s in next(iter(variants("pulp_dronet_v2_uint8").values())).surgery]
    assert {"rename", "normalise", "set_opset"} <= set(steps)


def test_half_and_full_precision_of_the_representation(wide_zoo: Path):
    """A depth network as IR of FP16 and of FP32: an axis of the matrix."""
    path = wide_zoo / "wide" / "recipe.yaml"
    text = path.read_text().replace("exclude: [{size: x, resolution: [736, 1280]}]", "exclude: []")
    text = text.replace(f"size: {list(SIZES)}", "size: [s], precision: [FP16, FP32]")
    text = text.replace("{when: {size: nano}, set: {artifacts: [float32, float16]}}", "OTHER")
    other = "{when: {precision: FP16}, set: {ir.precision: FP16}}"
    path.write_text(text.replace("OTHER", other))
    found = load_recipe(path.parent).variants
    assert found["s-FP16-128x160"].stages["ir"]["precision"] == "FP16"
    assert found["s-FP32-128x160"].stages["ir"]["precision"] == "FP32"


def test_frozen_graph_with_static_shapes():
    """A graph whose placeholder says no shape, at two sizes."""
    found = variants("fsrcnn_small_x3")
    assert {v.load["framework"] for v in found.values()} == {"tensorflow_frozen"}
    assert [v.inputs[0].shape for v in found.values()] == [(1, 80, 120, 1), (1, 120, 160, 1)]


@pytest.mark.parametrize("model", ["mediapipe_iris_landmark", "mobilenet_v1_025_128_quant"])
def test_tflite_source(model: str):
    """Backwards: a TFLite file, of floats or quantised, is where the chain begins."""
    assert {v.load["framework"] for v in variants(model).values()} == {"tflite"}


def test_saved_model_of_a_hub():
    """A SavedModel whose files were stored one by one, as a hub serves them."""
    found = variants("basic_pitch")["default"]
    assert found.load["framework"] == "saved_model"
    assert found.load["variables"] == ["index", "shard"]


@pytest.mark.parametrize("model", ["hand_keypoint_classifier", "pointnet_modelnet40", "silero_vad"])
def test_inputs_that_are_no_pictures(model: str):
    """Numbers that mean something: landmarks, points in space, samples of sound."""
    for variant in variants(model).values():
        assert {spec.layout for spec in variant.inputs} == {"as-is"}
        assert not any(spec.preprocess for spec in variant.inputs)


def test_kept_input_layout(wide_zoo: Path):
    """An input that stays as the source has it, asked for in words."""
    path = wide_zoo / "wide" / "recipe.yaml"
    path.write_text(path.read_text().replace("layout: NCHW}", "layout: NCHW, keep_layout: true}"))
    assert all(v.inputs[0].keep_layout for v in load_recipe(path.parent).variants.values())
