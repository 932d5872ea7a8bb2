"""Stage keys: what must change them, and what must not."""

from __future__ import annotations

import ast
import shutil
from pathlib import Path

import pytest

from converters import keys
from converters.recipes import load_variant

CASE = Path(__file__).resolve().parent / "workflow" / "mixed" / "models"
STAGES = sorted(set(keys.ENTRIES) - {"download"})

OF_CONTENT = (keys._version, keys._file_digest)
OF_CODE = (keys.code_of, keys.command_of, keys._path, keys._imports, keys._meaning)


@pytest.fixture
def models(tmp_path):
    shutil.copytree(CASE / "good", tmp_path / "models" / "good")
    (tmp_path / "models" / "good" / "weights.safetensors").write_bytes(b"weights")
    return tmp_path / "models"


def forget(functions):
    """Digests are remembered for one run; here a new run begins."""
    for function in functions:
        function.cache_clear()


def all_keys(models: Path, code_changed: bool = False) -> dict[str, str]:
    forget((*OF_CONTENT, *(OF_CODE if code_changed else ())))
    variant = load_variant(models, "good", "16x16")
    return {stage: keys.digest(keys.key_parts(variant, models / "good", stage)) for stage in STAGES}


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def changed(before: dict[str, str], after: dict[str, str]) -> set[str]:
    return {stage for stage in before if before[stage] != after[stage]}


ENDS = {"report", "target_report", "package"}

RECIPE_EDITS = [
    ("schema: 1", "# a remark\nschema: 1", set()),
    ("name: A recipe with nothing wrong", "name: Another name", {"report"}),
    ("count: 20, seed: 1", "seed: 1, count: 20", set()),
    ("count: 20, seed: 1", "count: 21, seed: 1", {"quantize", "lint", "target"}),
    ("channels: 4", "channels: 5", {"export", "reference", "target"}),
    ("artifacts:", "simplify: {check: 2}\nartifacts:", {"simplify"}),
    ("artifacts:", "ir: {precision: FP16}\nartifacts:", {"mo"}),
    ("artifacts:", "limits: {int8: {sqnr_db: 3}}\nartifacts:", {"verify"}),
    ("artifacts:", "export: {opset: 13}\nartifacts:", {"export"}),
]


@pytest.mark.parametrize(("old", "new", "expected"), RECIPE_EDITS, ids=[e[1] for e in RECIPE_EDITS])
def test_a_recipe_edit_changes_the_stages_that_read_it(models, old, new, expected):
    before = all_keys(models)
    edit(models / "good" / "recipe.yaml", old, new)
    found = changed(before, all_keys(models))
    assert found - ENDS == expected - ENDS


def test_the_network_is_read_by_export_and_reference(models):
    before = all_keys(models)
    edit(models / "good" / "network.py", "torch.relu", "torch.tanh")
    assert changed(before, all_keys(models)) == {"export", "reference"}


def test_the_data_is_read_where_samples_are_drawn(models):
    before = all_keys(models)
    edit(models / "good" / "data.py", "+= 120", "+= 100")
    expected = {"quantize", "lint", "reference", "verify", "target"}
    assert changed(before, all_keys(models)) == expected


def test_the_folder_of_the_clone_does_not_matter(models, tmp_path):
    other = tmp_path / "elsewhere" / "models"
    shutil.copytree(models, other)
    assert all_keys(models) == all_keys(other)


@pytest.fixture
def project(tmp_path, monkeypatch):
    """A copy of our modules whose files may be edited."""
    copy = tmp_path / "project"
    shutil.copytree(keys.ROOT / "converters", copy / "converters")
    monkeypatch.setattr(keys, "ROOT", copy)
    forget(OF_CODE)
    yield copy / "converters"
    forget(OF_CODE)


CODE_EDITS = [
    ("summary.py", "def rows", "def rows_of_a_table", set()),
    ("quantize/kinds.py", "from __future__", "# why\nfrom __future__", set()),
    ("stage.py", '"""Write JSON with', '"""Put down JSON with', set()),
    ("stage.py", "indent=2", "indent=3", set(STAGES)),
    ("flatbuffer.py", "from __future__ import annotations", "import json", {"quantize", "verify"}),
]


@pytest.mark.parametrize(
    ("file", "old", "new", "expected"), CODE_EDITS, ids=[f"{e[0]}-{e[2]}" for e in CODE_EDITS]
)
def test_a_code_edit_changes_the_stages_behind_it(project, models, file, old, new, expected):
    before = all_keys(models)
    edit(project / file, old, new)
    found = changed(before, all_keys(models, code_changed=True))
    assert expected <= found
    if not expected:
        assert found == set()


def test_a_file_that_a_module_reads_beside_it_is_behind_its_stages(project, models):
    before = all_keys(models)
    edit(project / "quantize/known_versions.json", '"ABS": ', '"ABS": 1')
    found = changed(before, all_keys(models, code_changed=True))
    assert found == {"quantize"}


def test_every_operation_of_surgery_is_behind_its_stage(project, models):
    before = all_keys(models)
    edit(project / "surgery/suppressing.py", "ROW = 6", "ROW = 7")
    assert changed(before, all_keys(models, code_changed=True)) == {"surgery"}


COMPUTED_IMPORTS = {
    "ir_to_tf/ops/__init__.py": "a key covers every module of a package that imports late",
    "targets/makers.py": "a target's key covers its maker",
    "run_stage.py": "the entry of each stage, with which its key begins",
    "checkpoint.py": "classes of torch that a checkpoint may hold",
    "network.py": "the code of a recipe, which its key covers as a file",
    "workers/child.py": "the module that was asked for",
    "workers/families.py": "packages that a family of stages shares",
}
"""Modules that import by a name which is no constant, and why no key lacks what they import."""


def test_no_import_hides_from_the_keys():
    hidden = set()
    for path in (keys.ROOT / "converters").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_bytes())):
            is_import = isinstance(node, ast.Call) and ast.unparse(node.func).endswith(
                "import_module"
            )
            if is_import and not isinstance(node.args[0], ast.Constant):
                hidden.add(path.relative_to(keys.ROOT / "converters").as_posix())
    assert hidden == set(COMPUTED_IMPORTS)


def test_an_emitter_is_behind_tf_though_it_is_imported_by_name(project, models):
    before = all_keys(models)
    edit(project / "ir_to_tf/ops/elementwise.py", "tf.nn.relu6(x)", "tf.nn.relu(x)")
    found = changed(before, all_keys(models, code_changed=True))
    assert "tf" in found
    assert not found & {"export", "simplify", "mo", "edgetpu"}


def test_a_packages_version_changes_the_stages_that_use_it(models, monkeypatch):
    before = all_keys(models)
    real = keys.importlib.metadata.version
    monkeypatch.setattr(
        keys.importlib.metadata,
        "version",
        lambda name: "9.9" if name == "onnxsim" else real(name),
    )
    assert changed(before, all_keys(models)) == {"simplify"}


def test_a_picture_beside_the_recipe_is_content_too(models):
    pictures = models / "good" / "pictures"
    pictures.mkdir()
    (pictures / "a.png").write_bytes(b"one")
    recipe = models / "good" / "recipe.yaml"
    edit(recipe, "data: squares, count: 20", "data: beside, count: 20")
    edit(recipe, "data:\n", "data:\n  beside: {kind: pictures, folder: pictures}\n")
    before = all_keys(models)
    (pictures / "a.png").write_bytes(b"two")
    assert changed(before, all_keys(models)) == {"quantize", "lint", "target"}
