"""Pruning: what goes, what stays, and what must never be touched."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from converters import prune
from converters.errors import ZooError

CASE = Path(__file__).resolve().parent / "workflow" / "mixed" / "models"

KEPT = [
    "results/good/16x16/source.onnx",
    "results/good/16x16/saved_model/saved_model.pb",
    "results/good/16x16/ir/model.xml",
    "results/good/16x16/float32.tflite",
    "results/good/16x16/facts/float32.json",
    "results/good/16x16/verify/int8.npz",
    "results/good/16x16/traces/verify-int8/trace.json",
    "results/good/16x16/package/manifest.json",
    "results/good/sources/weights.json",
    "results/good/sources/traces/download-weights/trace.json",
    "results/benchmarks.json",
    "results/misspelt/16x16/float32.tflite",
    "sources/good/weights/weights.safetensors",
    "logs/good/16x16/quantize-float32.log",
    "logs/good/sources/download-weights.error.json",
    "logs/good/recipe/check.log",
    "logs/journal.jsonl",
    "elsewhere/old/16x16/float32.tflite",
]

GONE = {
    "results/old": ["results/old/16x16/float32.tflite", "results/old/16x16/report.json"],
    "results/good/32x32": ["results/good/32x32/float32.tflite"],
    "results/good/16x16/dynamic.tflite": [],
    "results/good/16x16/facts/dynamic.json": [],
    "results/good/16x16/full_int8_edgetpu.tflite": [],
    "results/good/16x16/verify/float16.json": [],
    "results/good/16x16/traces/quantize-dynamic": [
        "results/good/16x16/traces/quantize-dynamic/trace.json"
    ],
    "results/good/16x16/.float32.tflite.ab12cd_9": [
        "results/good/16x16/.float32.tflite.ab12cd_9/float32.tflite"
    ],
    "results/good/sources/mirror.json": [],
    "sources/good/mirror": ["sources/good/mirror/weights.safetensors"],
    "sources/old": ["sources/old/weights/w.pth"],
    "logs/good/16x16/quantize-dynamic.error.json": [],
    "logs/good/sources/download-mirror.log": [],
    "logs/old": ["logs/old/16x16/tf.log"],
}


@pytest.fixture
def zoo(tmp_path, monkeypatch):
    """A folder with built things of which some have lost their recipe; every file has 3 bytes."""
    for model in ("good", "misspelt"):
        shutil.copytree(CASE / model, tmp_path / "models" / model)
    files = [*KEPT, *(file for path, inner in GONE.items() for file in inner or [path])]
    for file in files:
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_bytes(b"abc")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def found() -> dict[str, prune.Orphan]:
    return {str(orphan.path): orphan for orphan in prune.orphans(Path("models"))}


def test_it_lists_what_no_recipe_wants(zoo):
    assert set(found()) == set(GONE)


def test_it_tells_bytes_and_reason(zoo, capsys):
    assert found()["results/old"].bytes == 6
    assert prune.main([]) == 0
    printed = capsys.readouterr().out
    assert "there is no recipe old" in printed
    assert "good 16x16 makes no dynamic" in printed
    assert "good has no variant 32x32" in printed
    assert "good has no source mirror" in printed
    assert "half-written" in printed
    assert f"{len(GONE)} not wanted, 45 B" in printed
    assert all((zoo / path).exists() for path in GONE)


def test_delete_removes_that_and_no_more(zoo):
    assert prune.main(["--delete"]) == 0
    assert not any((zoo / path).exists() for path in GONE)
    assert all((zoo / path).exists() for path in KEPT)
    assert found() == {}


def test_links_are_removed_never_followed(zoo):
    outside = zoo / "elsewhere"
    (zoo / "results" / "gone").symlink_to(outside)
    (zoo / "results" / "old" / "link").symlink_to(outside)
    (zoo / "results" / "good" / "8x8").symlink_to(outside)
    (zoo / "sources" / "good" / "linked").symlink_to(outside)
    assert prune.main(["--delete"]) == 0
    assert (outside / "old/16x16/float32.tflite").read_bytes() == b"abc"
    assert not (zoo / "results" / "gone").is_symlink()
    assert not (zoo / "sources" / "good" / "linked").is_symlink()
    assert (zoo / "results" / "good" / "8x8").is_symlink()


def test_a_folder_that_is_itself_a_link_is_left_alone(zoo):
    (zoo / "sources").rename(zoo / "store")
    (zoo / "sources").symlink_to(zoo / "store")
    assert not [path for path in found() if path.startswith("sources")]


@pytest.mark.parametrize(("framework", "is_left"), [("onnx", False), ("tflite", True)])
def test_a_framework_without_export_leaves_onnx_files_behind(zoo, framework, is_left):
    shutil.copytree(CASE / "unlocked", zoo / "models" / "unlocked")
    recipe = zoo / "models" / "unlocked" / "recipe.yaml"
    recipe.write_text(recipe.read_text().replace("framework: onnx", f"framework: {framework}"))
    folder = zoo / "results" / "unlocked" / "default"
    folder.mkdir(parents=True)
    (folder / "simplified.onnx").touch()
    assert ("results/unlocked/default/simplified.onnx" in found()) is is_left


def test_without_recipes_it_refuses(zoo, capsys):
    with pytest.raises(ZooError, match="everything would go"):
        prune.orphans(Path("nowhere"))
    assert prune.main(["--models", "nowhere", "--delete"]) == 1
    assert "--models" in capsys.readouterr().err
    assert (zoo / "results" / "old").exists()
