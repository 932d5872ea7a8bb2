"""Drafts from the folders of other zoos: what a recipe says of them, and what is told as lost."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from converters import check
from converters.importing import counting
from converters.importing.__main__ import main
from converters.importing.model_yml_network import arguments_of, values_of
from converters.importing.shell_text import commands
from converters.recipes import load_recipe

SHA384 = "7e" * 48

ONNX = f"""\
description: A network of this test.
task_type: detection
files:
  - name: net/detector.onnx
    size: 1234
    checksum: {SHA384}
    original_source: https://example.org/first/detector.onnx
    source: https://example.org/zoo/detector-v2.onnx
input_info:
  - {{name: data, shape: [1, 3, 96, 128], layout: NCHW}}
  - {{name: sizes, shape: [1, 2], layout: NC}}
model_optimizer_args:
  - --input_model=$dl_dir/net/detector.onnx
  - --mean_values=data[123.675,116.28,103.53]
  - --scale_values=data[255]
  - --reverse_input_channels
  - --output=boxes,scores
  - --transformations_config=$mo_ext_dir/ssd.json
framework: onnx
license: https://raw.githubusercontent.com/openvinotoolkit/open_model_zoo/master/LICENSE
"""

ARCHIVE = f"""\
description: A frozen graph in an archive.
task_type: text_to_speech
files:
  - {{name: a.tar.gz, size: 9, checksum: {SHA384}, source: {{$type: google_drive, id: 1abcdefghi}}}}
postprocessing:
  - {{$type: unpack_archive, format: gztar, file: a.tar.gz}}
  - {{$type: unheard_of, file: a.tar.gz}}
input_info: [{{name: x, shape: [1, 8], layout: NC}}]
model_optimizer_args: ["--input_model=$dl_dir/a/graph.pb", "--output=y"]
framework: tf
license: https://example.org/terms
oroginal_source: misspelt
"""

COMMIT = "0123456789" * 4

TORCH = f"""\
description: Code of one repository at one commit.
task_type: classification
files:
  - name: model/net.py
    size: 10
    checksum: {SHA384}
    source: https://raw.githubusercontent.com/who/what/{COMMIT}/model/net.py
  - {{name: net.pth, size: 99, checksum: {SHA384}, source: "https://example.org/net.pth"}}
conversion_to_onnx_args:
  - --model-path=$dl_dir
  - --import-module=model.net
  - --model-name=Net
  - --model-param=depth=18
  - --model-param=kind=r"deep"
  - --model-param=__import__('os').system('touch /tmp/zoo-imported')
  - --weights=$dl_dir/net.pth
  - --input-shape=1,3,8,8
  - --input-names=x
  - --output-names=y
input_info: [{{name: x, shape: [1, 3, 8, 8], layout: NCHW}}]
framework: pytorch
license: https://raw.githubusercontent.com/pytorch/vision/master/LICENSE
"""

SCRIPT = """\
docker run --gpus all -it --rm \\
-v `pwd`:/home/user/workdir \\
some/image:latest

python3 -m onnxsim depth_180x320.onnx depth_180x320.onnx
MODEL=depth
H=180
W=320
# a remark; rm -rf /
$INTEL_OPENVINO_DIR/deployment_tools/model_optimizer/mo.py \\
--input_model ${MODEL}_${H}x${W}.onnx \\
--data_type FP32 \\
--output_dir ${H}x${W}/openvino/FP32
openvino2tensorflow \\
--model_path ${H}x${W}/openvino/FP32/${MODEL}_${H}x${W}.xml \\
--weight_replacement_config replace.json \\
--output_saved_model \\
--output_float16_quant_tflite True \\
--output_h5 False \\
--output_integer_quant_tflite \\
--string_formulas_for_normalization '(data - 127.5) / 127.5'

H=240
mo --input_model ${MODEL}_${H}x${W}.onnx --output_dir x
$(touch /tmp/zoo-imported)
`touch /tmp/zoo-imported`
"""


def draft(folder: Path, name: str, text: str) -> tuple[dict, str]:
    """The recipe that a model.yml comes to, and its text."""
    there = folder / "zoo" / name
    there.mkdir(parents=True)
    (there / "model.yml").write_text(text)
    assert main([str(there), "--models", str(folder / "models")]) == 0
    written = (folder / "models" / name / "recipe.yaml").read_text()
    return yaml.safe_load(written), written


def test_a_model_yml_of_onnx(tmp_path):
    recipe, text = draft(tmp_path, "detector-0001", ONNX)
    assert recipe["task"] == "object_detection" and recipe["license"]["spdx"] == "Apache-2.0"
    assert recipe["sources"] == {
        "detector": {
            "kind": "url",
            "url": "https://example.org/zoo/detector-v2.onnx",
            "sha384": SHA384,
            "size": 1234,
            "mirrors": ["https://example.org/first/detector.onnx"],
            "filename": "detector.onnx",
        }
    }
    assert recipe["load"] == {"framework": "onnx", "model": "detector"}
    first, second = recipe["inputs"]
    assert first["color"] == "RGB" and first["preprocess"] == [
        {"resize": [96, 128]},
        {"mean": [123.675, 116.28, 103.53]},
        {"std": 255.0},
    ]
    assert second == {"name": "sizes", "shape": [1, 2], "layout": "as-is"}
    assert recipe["ir"] == {
        "mean": {"data": [123.675, 116.28, 103.53]},
        "scale": {"data": 255.0},
        "reverse_channels": True,
    }
    assert recipe["outputs"] == [{"name": "boxes"}, {"name": "scores"}]
    assert "# Not expressed: an argument of Model Optimizer: transformations_config" in text
    assert check.run(tmp_path / "models", []) == 0


def test_an_archive_from_google_drive_and_what_is_not_known(tmp_path):
    recipe, text = draft(tmp_path, "speaker", ARCHIVE)
    (source,) = recipe["sources"].values()
    assert source["kind"] == "gdrive" and source["unpack"] is True
    assert recipe["load"]["model"].endswith("/a/graph.pb")
    assert recipe["task"] == "other" and "# DECIDE: the task: there it is text_to_speech" in text
    assert recipe["license"]["spdx"] == "unknown"
    assert "a field that is not known: oroginal_source" in text
    assert "a step after the download that is not known: unheard_of" in text


def test_code_of_one_commit_becomes_a_repository(tmp_path):
    recipe, _ = draft(tmp_path, "net", TORCH)
    assert recipe["sources"]["code"] == {
        "kind": "git",
        "url": "https://github.com/who/what",
        "revision": COMMIT,
    }
    load = recipe["load"]
    assert (load["module"], load["path"], load["factory"]) == ("model.net", ["code"], "Net")
    assert load["arguments"]["depth"] == 18 and load["arguments"]["kind"] == "deep"
    assert not Path("/tmp/zoo-imported").exists()
    assert "status" not in recipe


def test_code_that_was_edited_is_still_to_be_written(tmp_path):
    edited = TORCH.replace("--model-path=$dl_dir", "--model-path=$config_dir")
    recipe, text = draft(tmp_path, "net", edited)
    assert recipe["status"] == "broken" and recipe["load"]["file"] == "network.py"
    assert "a wrapper around the authors' code" in text


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (ONNX.replace("framework: onnx", "framework: dldt"), "only OpenVINO IR is published"),
        (ONNX.replace("framework: onnx", "framework: mxnet"), "the framework mxnet"),
        ("a: [", "cannot be read"),
        ("[]", "is no model.yml"),
        ("a: !!python/object/apply:os.system ['touch /tmp/zoo-imported']", "cannot be read"),
    ],
)
def test_what_gives_no_draft_says_why(tmp_path, capsys, text, says):
    (tmp_path / "model.yml").write_text(text)
    assert main([str(tmp_path), "--models", str(tmp_path / "models")]) == 1
    assert says in capsys.readouterr().err
    assert not (tmp_path / "models").exists()
    assert not Path("/tmp/zoo-imported").exists()


def test_numbers_are_found_as_they_are_written():
    given = arguments_of(["--mean_values=a[1,2,3],b[4]", "--scale_values=[5,5]", "--scale=6.5"])
    assert values_of(given, "mean_values", "a") == [1.0, 2.0, 3.0]
    assert values_of(given, "mean_values", "b") == 4.0
    assert values_of(given, "scale_values", "a") == 5.0
    assert values_of(given, "scale", "") == 6.5
    assert values_of(given, "mean_values", "c") is None


# Folders of PINTO_model_zoo ---------------------------------------------------------------------


def test_a_script_becomes_a_recipe_with_its_sizes(tmp_path):
    there = tmp_path / "zoo" / "149_depth_net"
    there.mkdir(parents=True)
    (there / "convert_script.txt").write_text(SCRIPT)
    (there / "url.txt").write_text("https://github.com/who/depth.git\n")
    (there / "replace.json").write_text('{"format_version": 2, "layers": [{}, {}, {}]}')
    (there / "LICENSE").write_text("Apache License\nVersion 2.0, January 2004\n")
    assert main([str(there), "--models", str(tmp_path / "models")]) == 0
    text = (tmp_path / "models/149_depth_net/recipe.yaml").read_text()
    recipe = yaml.safe_load(text)
    assert recipe["matrix"]["axes"] == {"resolution": [[180, 320], [240, 320]]}
    assert recipe["sources"] == {"network_{h}x{w}": {"kind": "file", "path": "depth_{h}x{w}.onnx"}}
    assert recipe["inputs"][0]["preprocess"][1:] == [{"mean": 127.5}, {"scale": 127.5}]
    assert recipe["artifacts"] == ["saved_model", "float16"]
    assert recipe["license"]["spdx"] == "Apache-2.0"
    assert recipe["links"] == {"repo": "https://github.com/who/depth"}
    assert recipe["status"] == "broken" and "depth_{h}x{w}.onnx" in recipe["reason"]
    assert "int8 without a calibration set that is named" in text
    assert "corrections of layers by number (replacement JSON): 3 in replace.json" in text
    assert set(load_recipe(tmp_path / "models/149_depth_net").variants) == {"180x320", "240x320"}
    assert not Path("/tmp/zoo-imported").exists()


def test_a_folder_without_conversion_says_so(tmp_path, capsys):
    (tmp_path / "download.sh").write_text("curl -L https://example.org/x.tar.gz -o x.tar.gz")
    assert main([str(tmp_path), "--models", str(tmp_path / "models")]) == 1
    assert "no conversion script" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "program", "words"),
    [
        ("A=1\nB=${A}2\nmo --input_model $B.onnx", "mo", ("--input_model", "12.onnx")),
        ("/opt/x/mo.py -m a \\\n -w 'b c'", "mo.py", ("-m", "a", "-w", "b c")),
        ("python3.8 /opt/mo_tf.py --x", "mo_tf.py", ("--x",)),
        ("sudo python3 -m onnxsim a b # no", "python:onnxsim", ("a", "b")),
        ("echo ${UNSET} `id` $(id)", "echo", ("${UNSET}", "`id`", "$(id)")),
    ],
)
def test_a_shells_words_are_read(text, program, words):
    assert list(commands(text))[-1] == (program, words)


def test_prose_and_hostile_text_give_no_commands_and_no_harm():
    assert list(commands("it's a text that is not closed\n" * 3)) == []
    text = "A=" + "x" * 30_000 + "\nB=$A$A\nmo --input_model $B\n" + "(" * 10_000
    assert all(len(word) <= 20_000 for command in commands(text) for word in command.words)


# Everything that the wheel carries --------------------------------------------------------------


def test_every_model_yml_of_the_wheel_is_drafted_or_has_its_reason():
    """And the page says what is counted."""
    counted = counting.page_of_model_yml()
    rows = [[cell.strip() for cell in row.strip("|").split("|")] for row in counted.splitlines()]
    table = {row[0]: list(map(int, row[1:])) for row in rows if len(row) == 6 and row[1].isdigit()}
    assert sum(numbers[0] for numbers in table.values()) == 264
    assert all(numbers[0] == sum(numbers[1:]) for numbers in table.values())
    assert sum(numbers[-1] for numbers in table.values()) == 146  # IR alone, and checkpoints
    assert "does not pass the check" not in counted
    page = counting.PAGE.read_text(encoding="utf-8")
    stated = re.search(r"<!-- model\.yml: counted -->\n\n(.*?)\n\n<!-- model\.yml: end", page, re.S)
    assert stated is not None
    assert stated[1].splitlines()[1:] == counted.splitlines()[1:]  # the first names the day
