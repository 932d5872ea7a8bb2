"""`python -m converters.new`: what is read out of files of every kind, and what is refused."""

from __future__ import annotations

import io
import json
import os
import pickle
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import onnx
import pytest
import safetensors.torch
import torch
import yaml
from onnx import TensorProto, helper, numpy_helper
from servers import content, only_this_machine, page, server

from converters import check
from converters.errors import SourceError
from converters.new import caffe_text, guesses, licences, web
from converters.new.__main__ import main
from converters.new.factories import factories
from converters.new.kinds import kind_of
from converters.new.recipe_text import MODELINE
from converters.new.skeleton import skeleton
from converters.new.text import flow, scalar
from converters.recipes import load_recipe
from converters.recipes.document import parse

__all__ = ["only_this_machine", "server"]

ROOT = Path(__file__).resolve().parent.parent
MIT = (
    "MIT License\n\nCopyright (c) 2020 somebody\n\nPermission is hereby granted, free of charge, "
    "to any person obtaining a copy\nof this software ... The above copyright notice and this\n"
    "permission notice shall be included in all copies or substantial portions of the Software."
)


def onnx_file(path: Path, shape: tuple[int | str, ...] = (1, 3, 8, 8), **metadata: str) -> Path:
    """A convolution and a sigmoid."""
    value = helper.make_tensor_value_info
    filters = np.random.default_rng(0).normal(size=(2, 3, 3, 3)).astype(np.float32)
    nodes = [
        helper.make_node("Conv", ["image", "w"], ["c"], pads=[1, 1, 1, 1]),
        helper.make_node("Sigmoid", ["c"], ["42"]),
    ]
    graph = helper.make_graph(
        nodes,
        "g",
        [value("image", TensorProto.FLOAT, shape)],
        [value("42", TensorProto.FLOAT, (shape[0], 2, *shape[2:]))],
        [numpy_helper.from_array(filters, "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, metadata)
    onnx.save(model, path)
    return path


PROTOTXT = """\
name: "tiny" # a remark
input: "image"
input_shape { dim: 1 dim: 3 dim: 8 dim: 8 }
layer {
  name: "c" type: "Convolution" bottom: "image" top: "c"
  convolution_param { num_output: 2 kernel_size: 3 pad: 1 bias_term: false }
}
layer { name: "ends" type: "Sigmoid" bottom: "c" top: "c" }
"""


class Net(torch.nn.Module):
    """What a checkpoint of these tests is of."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = torch.nn.Sequential(
            torch.nn.Conv2d(3, 8, 3, padding=1, bias=False),
            torch.nn.BatchNorm2d(8),
            torch.nn.ReLU(),
            torch.nn.Conv2d(8, 8, 3, padding=1, groups=8),
        )
        self.head = torch.nn.Linear(8, 5)
        self.token = torch.nn.Parameter(torch.zeros(1, 4))


def new(folder: Path, given: object, *options: str) -> int:
    return main([str(given), "--models", str(folder / "models"), *options])


def recipe(folder: Path, model: str) -> dict:
    return yaml.safe_load((folder / "models" / model / "recipe.yaml").read_text())


# Files ----------------------------------------------------------------------------------------


def test_onnx_becomes_a_recipe_that_passes_the_check(tmp_path, capsys):
    (tmp_path / "LICENSE").write_text(MIT)
    file = onnx_file(tmp_path / "tiny_resnet.onnx", author="somebody")
    assert new(tmp_path, file) == 0
    written = recipe(tmp_path, "tiny_resnet")
    source = written["sources"]["network"]
    assert source["kind"] == "file" and source["size"] == file.stat().st_size
    assert (tmp_path / "models/tiny_resnet" / source["path"]).read_bytes() == file.read_bytes()
    assert written["load"] == {"framework": "onnx", "model": "network"}
    given = written["inputs"][0]
    assert (given["name"], given["shape"], given["layout"]) == ("image", [1, 3, "h", "w"], "NCHW")
    assert {"std": [0.229, 0.224, 0.225]} in given["preprocess"]
    assert written["outputs"] == [{"name": "42", "rename": "output_42"}]
    assert written["matrix"]["axes"] == {"resolution": [[8, 8]]}
    assert written["license"]["spdx"] == "MIT" and written["license"]["redistribute"] == "unknown"
    assert written["task"] == "image_classification"
    assert check.run(tmp_path / "models", []) == 0
    text = (tmp_path / "models/tiny_resnet/recipe.yaml").read_text()
    assert text.startswith(MODELINE + "\n")
    for words in ("a name for people", "the task; guessed", "the licence:", "the preprocessing;"):
        assert f"# DECIDE: {words}" in text
    shown = capsys.readouterr().out
    assert "recipe.yaml:" in shown and "results/tiny_resnet/8x8/package" in shown


def test_what_the_file_leaves_open_is_asked_for(tmp_path):
    assert new(tmp_path, onnx_file(tmp_path / "net_480x640.onnx", ("n", 3, "h", "w"))) == 0
    text = (tmp_path / "models/net_480x640/recipe.yaml").read_text()
    assert "the file leaves height and width open; this is guessed from the name" in text
    assert yaml.safe_load(text)["matrix"]["axes"] == {"resolution": [[480, 640]]}


def test_data_sets_that_recipes_share_are_proposed(tmp_path):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "faces.yaml").touch()
    assert new(tmp_path, onnx_file(tmp_path / "a.onnx")) == 0
    text = (tmp_path / "models/a/recipe.yaml").read_text()
    assert "(folder, sources; shared sets are faces)" in " ".join(text.replace("#", "").split())


def test_metadata_of_a_file_settles_its_preprocessing(tmp_path):
    file = onnx_file(tmp_path / "detector.onnx", author="Ultralytics", task="detect")
    assert new(tmp_path, file) == 0
    steps = recipe(tmp_path, "detector")["inputs"][0]["preprocess"]
    assert steps == [{"letterbox": ["h", "w"]}, {"scale": 255}]


def test_nothing_is_overwritten(tmp_path, capsys):
    file = onnx_file(tmp_path / "a.onnx")
    assert new(tmp_path, file) == 0
    before = (tmp_path / "models/a/recipe.yaml").stat().st_mtime_ns
    assert new(tmp_path, file) == 1
    assert "is not overwritten" in capsys.readouterr().err
    assert (tmp_path / "models/a/recipe.yaml").stat().st_mtime_ns == before


def test_a_file_in_the_models_folder_stays_where_it_is(tmp_path):
    folder = tmp_path / "models" / "mine"
    folder.mkdir(parents=True)
    file = onnx_file(folder / "net.onnx")
    assert new(tmp_path, file) == 0
    assert sorted(path.name for path in folder.iterdir()) == ["net.onnx", "recipe.yaml"]


def test_a_dry_run_writes_nothing(tmp_path, capsys):
    file = onnx_file(tmp_path / "a.onnx")
    assert new(tmp_path, file, "--dry-run", "--id", "b", "--task", "depth_estimation") == 0
    printed = capsys.readouterr().out
    assert "id: b\n" in printed and "task: depth_estimation\n" in printed
    assert not (tmp_path / "models").exists()


def test_weights_beside_an_onnx_file_come_along(tmp_path):
    file = onnx_file(tmp_path / "big.onnx")
    model = onnx.load(file)
    onnx.save(model, file, save_as_external_data=True, location="big.bin", size_threshold=0)
    assert new(tmp_path, file) == 0
    with tarfile.open(tmp_path / "models/big/big.onnx.tar.gz") as archive:
        assert archive.getnames() == ["big.bin", "big.onnx"]
    assert recipe(tmp_path, "big")["load"]["model"] == "network/big.onnx"


def test_caffe_is_read_as_it_is_deployed(tmp_path):
    training = 'layer { name: "l" type: "Loss" bottom: "c" top: "l" include { phase: TRAIN } }'
    (tmp_path / "net.prototxt").write_text(PROTOTXT + training)
    (tmp_path / "net.caffemodel").write_bytes(b"\x0a\x04tiny")
    assert new(tmp_path, tmp_path / "net.caffemodel", "--id", "tiny") == 0
    written = recipe(tmp_path, "tiny")
    load = {"framework": "caffe", "prototxt": "network", "caffemodel": "weights"}
    assert written["load"] == load
    assert written["inputs"][0]["color"] == "BGR"
    assert written["outputs"] == [{"name": "ends"}]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("layer { name: 'a' type: 'ReLU' bottom: 'x' top: 'y' }", "declares no input"),
        ("layer { name: 'a'", "ends within braces"),
        ("layer { name: 'a' } }", "braces that do not match"),
        ("a {" * 60 + "}" * 60, "braces that do not match"),
        ("input: \"x\"\n? what", "line 2 is not understood"),
        ("", "has no layers"),
    ],
)  # fmt: skip
def test_a_prototxt_that_is_none_is_refused(tmp_path, text, says):
    (tmp_path / "a.prototxt").write_text(text)
    with pytest.raises(SourceError, match=says):
        caffe_text.look(tmp_path / "a.prototxt", "a.prototxt")


def test_an_archive_is_looked_into(tmp_path, capsys):
    with zipfile.ZipFile(tmp_path / "release.zip", "w") as archive:
        for name in ("a/one.onnx", "a/two.onnx"):
            archive.write(onnx_file(tmp_path / "x.onnx"), name)
        archive.writestr("a/LICENSE", MIT)
    assert new(tmp_path, tmp_path / "release.zip") == 1
    assert "--path a/one.onnx\n  --path a/two.onnx" in capsys.readouterr().err
    assert new(tmp_path, tmp_path / "release.zip", "--path", "a/two.onnx") == 0
    written = recipe(tmp_path, "two")
    assert written["sources"]["network"]["unpack"] is True
    assert written["load"]["model"] == "network/a/two.onnx"
    assert written["license"]["evidence"] == "a/LICENSE is the text of MIT."
    assert new(tmp_path, tmp_path / "release.zip", "--path", "../x.onnx", "--id", "z") == 1


# Checkpoints ------------------------------------------------------------------------------------


def checkpoint(path: Path) -> Path:
    state = {f"module.{key}": value for key, value in Net().state_dict().items()}
    torch.save({"epoch": 3, "model": {"state": state}}, path)
    return path


def test_a_checkpoint_becomes_a_skeleton_into_which_its_weights_go(tmp_path, monkeypatch, capsys):
    assert new(tmp_path, checkpoint(tmp_path / "tinynet.pth")) == 0
    written = recipe(tmp_path, "tinynet")
    assert written["load"] == {
        "framework": "pytorch",
        "file": "network.py",
        "factory": "Tinynet",
        "weights": "network",
        "state_dict": "model.state",
        "strip_prefix": "module.",
    }
    assert written["inputs"][0]["shape"] == [1, 3, "h", "w"]
    folder = tmp_path / "models/tinynet"
    assert "stem.0.weight\t8x3x3x3\n" in (folder / "state_dict.tsv").read_text()
    capsys.readouterr()
    assert check.run(tmp_path / "models", []) == 0
    assert "network.py:" in capsys.readouterr().out
    monkeypatch.syspath_prepend(str(folder))
    import network

    made = network.Tinynet()
    made.load_state_dict(Net().state_dict())
    with pytest.raises(NotImplementedError, match="still to be written"):
        made(torch.zeros(1, 3, 8, 8))
    del sys.modules["network"]


def test_names_that_are_no_names_of_python_give_no_code(tmp_path):
    state = {"a.class.weight": torch.zeros(2, 2), 'x"); import os; ("': torch.zeros(1)}
    safetensors.torch.save_file(state, tmp_path / "odd.safetensors")
    assert new(tmp_path, tmp_path / "odd.safetensors") == 0
    assert "import os" not in (tmp_path / "models/odd/network.py").read_text()


def test_a_skeleton_is_the_same_every_time_and_compiles():
    shapes = {key: tuple(value.shape) for key, value in Net().state_dict().items()}
    text = skeleton(shapes, "Net", "A net.")
    assert text == skeleton(shapes, "Net", "A net.")
    assert "nn.Conv2d(8, 8, 3, padding=1, groups=8)" in text
    compile(text, "network.py", "exec")


@pytest.mark.parametrize("seed", range(12))
def test_damaged_files_are_refused_in_words_or_read(tmp_path, capsys, seed):
    """Bytes changed at random places: never a traceback, and nothing half written."""
    chance = np.random.default_rng(seed)
    made = {"a.onnx": onnx_file(tmp_path / "x.onnx"), "a.pth": checkpoint(tmp_path / "x.pth")}
    for name, origin in made.items():
        data = bytearray(origin.read_bytes())
        for place in chance.integers(0, min(len(data), 400), 1 + seed):
            data[place] = chance.integers(256)
        (tmp_path / name).write_bytes(data)
        code = new(tmp_path, tmp_path / name, "--id", "damaged")
        assert (tmp_path / "models" / "damaged").exists() == (code == 0)
        assert "Traceback" not in capsys.readouterr().err
        shutil.rmtree(tmp_path / "models", ignore_errors=True)


class Evil:
    def __reduce__(self):
        return os.system, ("touch /tmp/zoo-was-here",)


@pytest.mark.parametrize(
    ("name", "data", "says"),
    [
        ("a.pth", pickle.dumps({"w": Evil()}), "refused|cannot be read"),
        ("a.onnx", b"<!DOCTYPE html><html>", "is an HTML page"),
        ("a.onnx", b"version https://git-lfs.github.com/spec/v1\n", "pointer of Git LFS"),
        ("a.onnx", b"", "is empty"),
        ("a.onnx", b"\x08\x07\xff\xff", "cannot be read as ONNX"),
        ("a.tflite", b"\x1c\x00\x00\x00TFL3" + b"\xff" * 99, "cannot be read as TFLite"),
        ("a.pkl", b"\x80\x04.", "a .pkl file is not read"),
        ("a.xml", b"<?xml version='1.0'?><net/>", "a .xml file is not read"),
        ("a.bin", b"what is this", "of no kind that is known"),
        ("a.h5", b"\x89HDF\r\n\x1a\nnothing", "holds no Keras model"),
        ("a.zip", b"PK\x03\x04cut", "is a damaged zip"),
        ("a.safetensors", b"\xff" * 8 + b"{}}", "cannot be read as a checkpoint"),
    ],
)  # fmt: skip
def test_hostile_and_broken_files_are_refused_in_words(tmp_path, capsys, name, data, says):
    (tmp_path / name).write_bytes(data)
    assert new(tmp_path, tmp_path / name) == 1
    said = capsys.readouterr().err
    assert any(words in said for words in says.split("|")), said
    assert "remedy:" in said and "Traceback" not in said
    assert not (tmp_path / "models").exists()
    assert not Path("/tmp/zoo-was-here").exists()


def test_code_in_a_keras_file_is_refused(tmp_path, capsys):
    config = {"config": {"layers": [{"class_name": "Lambda", "config": {"function": "x"}}]}}
    with zipfile.ZipFile(tmp_path / "a.keras", "w") as archive:
        archive.writestr("config.json", json.dumps(config))
        archive.writestr("model.weights.h5", b"")
    assert new(tmp_path, tmp_path / "a.keras") == 1
    assert "holds code in layers of the class Lambda" in capsys.readouterr().err


def test_torchscript_is_refused(tmp_path):
    with zipfile.ZipFile(tmp_path / "a.pt", "w") as archive:
        archive.writestr("a/data.pkl", b"")
        archive.writestr("a/code/__torch__.py", b"")
    with pytest.raises(SourceError, match="TorchScript"):
        kind_of(tmp_path / "a.pt")


def test_an_archive_that_leaves_its_folder_is_refused(tmp_path, capsys):
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        entry = tarfile.TarInfo("../escaped.onnx")
        archive.addfile(entry, io.BytesIO())
    assert new(tmp_path, tmp_path / "a.tar") == 1
    assert "remedy:" in capsys.readouterr().err


def test_strangers_words_stay_in_their_comments(tmp_path):
    file = onnx_file(tmp_path / "a.onnx")
    model = onnx.load(file)
    model.producer_name = "x\nstatus: broken\n\x1b[31m"
    onnx.save(model, file)
    assert new(tmp_path, file) == 0
    assert "status" not in recipe(tmp_path, "a")


# Addresses and repositories ---------------------------------------------------------------------


def test_an_address_is_pinned_by_what_it_serves(tmp_path, server, monkeypatch):
    monkeypatch.chdir(tmp_path)
    data = onnx_file(tmp_path / "x.onnx").read_bytes()
    url = server.on("/models/net%20v1.onnx", content(data))
    assert new(tmp_path, url, "--id", "served") == 0
    source = recipe(tmp_path, "served")["sources"]["network"]
    assert source["kind"] == "url" and source["url"] == url and source["size"] == len(data)
    assert source["filename"] == "net_v1.onnx"
    assert load_recipe(tmp_path / "models/served").source("network").is_pinned
    assert len(server.requests) == 1


def test_an_address_of_an_archive(tmp_path, server, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with tarfile.open(tmp_path / "r.tgz", "w:gz") as archive:
        archive.add(onnx_file(tmp_path / "x.onnx"), "release/deep.onnx")
    url = server.on("/r.tgz", content((tmp_path / "r.tgz").read_bytes()))
    assert new(tmp_path, url) == 0
    written = recipe(tmp_path, "deep")
    assert written["sources"]["network"]["unpack"] is True
    assert written["load"]["model"] == "network/release/deep.onnx"


def test_a_page_about_a_file_is_no_file(tmp_path, server, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    url = server.on("/net.onnx", page("<!DOCTYPE html><html>sign in</html>"))
    assert new(tmp_path, url) == 1
    assert "remedy:" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "kind", "leads_to"),
    [
        ("https://github.com/o/r", "git", "https://github.com/o/r"),
        ("https://github.com/o/r/tree/dev/sub", "git", "https://github.com/o/r"),
        ("https://git.example.org/r.git", "git", "https://git.example.org/r.git"),
        ("https://github.com/o/r/blob/main/a/b.onnx", "url",
         "https://raw.githubusercontent.com/o/r/main/a/b.onnx"),
        ("https://github.com/o/r/releases/download/v1/a.onnx", "url",
         "https://github.com/o/r/releases/download/v1/a.onnx"),
        ("https://huggingface.co/o/r/blob/main/a.onnx", "url",
         "https://huggingface.co/o/r/resolve/main/a.onnx"),
        ("https://drive.google.com/file/d/1rbSTGKAE-MTxBYHd/view", "gdrive", "1rbSTGKAE-MTxBYHd"),
        ("https://drive.google.com/uc?id=1rbSTGKAE-MTxBYHd", "gdrive", "1rbSTGKAE-MTxBYHd"),
    ],
)  # fmt: skip
def test_pages_about_files_become_files(text, kind, leads_to):
    address = web.address_of(text)
    assert (address.kind, address.url or address.id) == (kind, leads_to)


@pytest.fixture
def repository(tmp_path, monkeypatch):
    """A repository such as researchers publish, found at example.org by git alone."""
    folder = tmp_path / "upstream.git"
    (folder / "nets").mkdir(parents=True)
    (folder / "nets" / "tiny.py").write_text(
        "import torch\n\n\nclass Other(torch.nn.Module):\n    pass\n\n\n"
        "class TinyNet(torch.nn.Module):\n"
        "    def __init__(self, width, classes=5):\n        super().__init__()\n"
        "        self.stem = torch.nn.Sequential()\n        self.head = torch.nn.Linear(8, 5)\n"
        "        self.token = 1\n"
    )
    (folder / "nets" / "broken.py").write_text("def (:\n")
    (folder / "weights").mkdir()
    checkpoint(folder / "weights" / "best.pth")
    (folder / "LICENSE").write_text(MIT)
    git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.org"]
    for step in (["init", "-q", "-b", "main"], ["add", "."], ["commit", "-q", "-m", "all"]):
        subprocess.run([*git, *step], cwd=folder, check=True)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GIT_CONFIG_COUNT", "1")
    monkeypatch.setenv("GIT_CONFIG_KEY_0", f"url.{folder.as_uri()}.insteadOf")
    monkeypatch.setenv("GIT_CONFIG_VALUE_0", "https://git.example.org/tinynet.git")
    return folder


def test_a_repository_gives_commit_licence_and_the_class_of_its_network(tmp_path, repository):
    assert new(tmp_path, "https://git.example.org/tinynet.git") == 0
    written = recipe(tmp_path, "tinynet")
    commit = subprocess.run(
        ["git", "rev-parse", "HEAD"], cwd=repository, capture_output=True, text=True, check=True
    ).stdout.strip()
    assert written["sources"]["code"]["revision"] == commit
    assert written["load"] == {
        "framework": "pytorch",
        "module": "nets.tiny",
        "path": ["code"],
        "factory": "TinyNet",
        "arguments": {},
        "weights": "code/weights/best.pth",
        "state_dict": "model.state",
        "strip_prefix": "module.",
    }
    assert written["license"]["spdx"] == "MIT"
    assert written["links"] == {"repo": "https://git.example.org/tinynet"}
    text = (tmp_path / "models/tinynet/recipe.yaml").read_text()
    assert "# DECIDE: TinyNet in nets/tiny.py has 100% of the state dict's names" in text
    assert "# DECIDE: the arguments: TinyNet wants width" in text
    assert check.run(tmp_path / "models", []) == 0


def test_code_of_a_repository_is_parsed_and_not_run(tmp_path):
    (tmp_path / "a.py").write_text("open('/tmp/zoo-ran-this', 'w')\nclass A(B):\n  x = 1\n")
    assert factories(tmp_path, {"x.weight": (1,)}) == []
    assert not Path("/tmp/zoo-ran-this").exists()


def test_a_folder_that_was_cloned_tells_where_it_came_from(tmp_path, repository):
    subprocess.run(["git", "remote", "add", "origin", "https://example.org/o/tinynet.git"],
                   cwd=repository, check=True)  # fmt: skip
    assert new(tmp_path, repository, "--id", "cloned") == 0
    assert recipe(tmp_path, "cloned")["links"] == {"repo": "https://example.org/o/tinynet"}


# Guesses and texts ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "spdx"),
    [
        (MIT, "MIT"),
        ("Apache License\n   Version 2.0, January 2004", "Apache-2.0"),
        ("GNU GENERAL PUBLIC LICENSE\n   Version 3, 29 June 2007", "GPL-3.0-only"),
        ("GNU AFFERO GENERAL PUBLIC LICENSE Version 3, 19 November 2007", "AGPL-3.0-only"),
        ("Creative Commons Attribution-NonCommercial 4.0 International", "CC-BY-NC-4.0"),
        ("Redistributions of source code must retain the above copyright notice. Neither the name",
         "BSD-3-Clause"),
        ("Redistributions of source code must retain the above copyright notice", "BSD-2-Clause"),
        ("All rights reserved.", "unknown"),
    ],
)  # fmt: skip
def test_licences_are_known_by_their_words(text, spdx):
    assert licences.spdx_of(text) == spdx


def test_a_licence_that_takes_something_back_is_doubted():
    found = licences.recognised(MIT + "\nFor non-commercial use.", "LICENSE")
    assert "non-commercial" in found.doubt


@pytest.mark.parametrize("repository_root", [ROOT])
def test_this_repositorys_own_licence_is_recognised(repository_root):
    assert licences.found_in(repository_root).spdx == "Apache-2.0"


@pytest.mark.parametrize(
    ("name", "task"),
    [
        ("yolox_nano", "object_detection"),
        ("yunet_n_320", "face_detection"),
        ("lprnet", "license_plate_recognition"),
        ("u2netp", "saliency_segmentation"),
        ("mobilenet_v2", "image_classification"),
        ("what", "other"),
    ],
)
def test_tasks_are_guessed_from_names(name, task):
    assert guesses.task_of(name).value == task


@pytest.mark.parametrize(
    "value",
    ["yes", "null", "1e5", "3:20", "a: b", "x#y", "#", "", "é", "\u2028", "-", "0x1f", 1e-05, 0.5,
     True, ["a", 1], {"k": [1, {"n": "yes"}]}, "79409b63" * 8, "1" * 64, "F.sigmoid(d0)", "{x}"],
)  # fmt: skip
def test_what_is_written_is_read_back(value):
    document = parse(f"v: {flow(value)}\n", Path("x"))
    assert not document.problems and document.data["v"] == value
    assert yaml.safe_load(f"v: {flow(value)}")["v"] == value


def test_digests_stand_without_quotes():
    assert scalar("79409b63" * 8) == "79409b63" * 8
