"""Recipes: what is refused and in which words, what YAML means, how a matrix expands."""

from __future__ import annotations

import json
import resource
import shutil
import subprocess
import sys
from dataclasses import MISSING, fields
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from converters import check
from converters.errors import RecipeError
from converters.recipes import (
    ARTIFACTS,
    METRICS,
    load_recipe,
    load_variant,
    load_zoo,
    read_zoo,
    stage_slice,
)
from converters.recipes.checks.about import USUAL_LICENSES
from converters.recipes.document import parse, read_document
from converters.recipes.documentation import SMALLEST, TARGET, document
from converters.recipes.matrix import filled
from converters.recipes.recipe import Input, Output, Sampling, Source
from converters.recipes.schema import (
    SCHEMA_FILE,
    closed_list,
    schema,
    with_defaults,
    written_schema,
)
from converters.recipes.slices import SLICES
from tests.cases_recipes import BAD, GOOD

ROOT = Path(__file__).resolve().parent.parent


def folder_of(tmp_path: Path, text: str, model: str = "good", lock: str = "") -> Path:
    folder = tmp_path / "models" / model
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "recipe.yaml").write_text(text, encoding="utf-8")
    if lock:
        (folder / "recipe.lock").write_text(f"schema: 1\nsources:\n{lock}\n")
    return folder


def changed(*changes: tuple[str, str]) -> str:
    text = GOOD
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new, 1)
    return text


def plain(text: str):
    document = parse(text, Path("x.yaml"))
    assert document.problems == []
    return document.data


# What is refused ----------------------------------------------------------------------------------


def test_the_good_recipe_is_good(tmp_path):
    recipe = load_recipe(folder_of(tmp_path, GOOD))
    assert list(recipe.variants) == ["320x320", "240x320"]


@pytest.mark.parametrize("case", BAD, ids=lambda case: case.name)
def test_a_bad_recipe_is_told_where_and_what(tmp_path, case):
    folder = folder_of(tmp_path, changed((case.old, case.new)), lock=case.lock)
    with pytest.raises(RecipeError) as caught:
        load_recipe(folder)
    said = str(caught.value)
    for part in case.told:
        starts = f"{folder}/recipe.yaml:{part}" if part[0].isdigit() else part
        assert starts in said
    assert caught.value.recipe == "good"
    most = 6 if case.name == "field_of_framework" else 3
    assert len(said.splitlines()) <= most, "what follows from a mistake is not told"


def test_names_of_the_bad_recipes_are_unique():
    assert len({case.name for case in BAD}) == len(BAD) >= 30


def test_all_mistakes_of_a_file_are_told_at_once_in_order(tmp_path):
    text = changed(("id: good", "id: bad"), ("NCHW", "NCWH"), ("metric: iou", "metric: mse"))
    with pytest.raises(RecipeError) as caught:
        load_recipe(folder_of(tmp_path, text))
    places = [line.split("recipe.yaml:")[1].split(": ")[:2] for line in caught.value.sentences]
    assert places == [["2", "id"], ["22", "inputs[0].layout"], ["37", "evaluation.metric"]]


def test_a_mistake_that_all_variants_share_is_told_once(tmp_path):
    with pytest.raises(RecipeError) as caught:
        load_recipe(folder_of(tmp_path, changed(("weights: weights", "weights: wights"))))
    assert len(caught.value.sentences) == 1


def test_a_misspelt_field_is_not_missed_elsewhere(tmp_path):
    with pytest.raises(RecipeError) as caught:
        load_recipe(folder_of(tmp_path, changed(("artifacts:", "artefacts:"))))
    (line,) = caught.value.sentences
    assert line.endswith("recipe.yaml:31: artefacts: unknown field; did you mean artifacts?")


@pytest.mark.parametrize("text", ["", "# nothing\n", "just a text\n", "- a\n- list\n"])
def test_a_file_without_fields_is_refused(tmp_path, text):
    with pytest.raises(RecipeError, match="must hold `key: value` lines"):
        load_recipe(folder_of(tmp_path, text))


def test_a_file_that_is_too_large_or_no_text_is_refused(tmp_path):
    folder = folder_of(tmp_path, "# " + "x" * 1_000_001)
    with pytest.raises(RecipeError, match="at most 1000000 are read"):
        load_recipe(folder)
    (folder / "recipe.yaml").write_bytes(b"id: ok\nname: \xff\n")
    with pytest.raises(RecipeError, match=r"recipe\.yaml:2: is not UTF-8"):
        load_recipe(folder)


def test_aliases_that_multiply_are_refused():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 10)}]" for i in range(1, 9)]
    problems = parse("\n".join(lines), Path("x.yaml")).problems
    assert [problem.is_final for problem in problems] == [True]


@pytest.mark.parametrize("text", ["[" * 9_000, "- " * 2_000, "{a: " * 9_000, "? " * 2_000])
def test_deep_nesting_is_refused_without_a_crash(text):
    assert parse(text, Path("x.yaml")).problems


# What YAML means ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("1e-4", 1e-4), ("1E5", 1e5), ("-.5", -0.5), ("3.", 3.0), ("+7", 7), ("0o17", 15),
        ("0x1F", 31), ("3:20", "3:20"), ("320x320", "320x320"), ("1_000", "1_000"),
        ("2024-01-01", "2024-01-01"), ("0b11", "0b11"), ("true", True), ("False", False),
        ("~", None), ("", None), ("null", None), ('"yes"', "yes"), ("'010'", "010"), ("y", "y"),
        ("0", 0), ("0.5", 0.5), ("1.2.3", "1.2.3"), ("1e400", "1e400"), ("-", [None]),
        ("1" * 64, "1" * 64),
    ],
)  # fmt: skip
def test_scalars_mean_what_yaml_1_2_says(text, value):
    found = plain(f"a: {text}" if text != "-" else "a:\n-")["a"]
    assert (found, type(found)) == (value, type(value))


@given(st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(10**15), 10**15))
def test_every_number_that_json_writes_is_read(number):
    assert plain(f"a: {json.dumps(number)}") == {"a": number}


SAFE_TEXT = st.text(
    st.characters(exclude_categories=["C", "Zl", "Zp"], exclude_characters="\u2028\u2029"),
    max_size=40,
)


@given(st.dictionaries(SAFE_TEXT, st.lists(SAFE_TEXT | st.booleans()), max_size=5))
def test_what_json_quotes_is_read_back(data):
    assert plain(json.dumps(data, ensure_ascii=False)) == data


def test_an_alias_may_be_used():
    assert plain("a: &x [1, 2]\nb: *x") == {"a": [1, 2], "b": [1, 2]}


# The matrix ---------------------------------------------------------------------------------------


def expanded(tmp_path: Path, *changes: tuple[str, str]):
    return load_recipe(folder_of(tmp_path, changed(*changes))).variants


def test_every_combination_is_a_variant_but_those_excluded(tmp_path):
    found = expanded(
        tmp_path,
        ("batch: [1]", "batch: [1, 4], size: [s, m]"),
        ('name: "{h}x{w}"', 'name: "{size}-{batch}x{h}"\n  exclude: [{batch: 4, size: s}]'),
    )
    assert list(found) == ["s-1x320", "m-1x320", "m-4x320", "s-1x240", "m-1x240", "m-4x240"]
    assert found["m-4x240"].inputs[0].shape == (4, 3, 240, 320)
    assert found["m-4x240"].axes == {"resolution": [240, 320], "batch": 4, "size": "m"}
    assert found["m-4x240"].inputs[0].preprocess[0] == {"resize": [240, 320]}


def test_names_are_made_of_all_axes_where_the_recipe_names_none(tmp_path):
    found = expanded(tmp_path, ('  name: "{h}x{w}"\n', ""))
    assert list(found) == ["320x320-1", "240x320-1"]


def test_placeholders_are_filled_in_keys_and_texts_and_keep_their_type(tmp_path):
    found = expanded(
        tmp_path,
        ("  weights: {kind", '  "net_{size}": {kind'),
        ("w.pth", "w_{size}_{{x}}.pth"),
        ("weights: weights", 'weights: "net_{size}"'),
        ("in_ch: 3", 'width: "{width}", text: "{width}x"'),
        ("batch: [1]", "batch: [1], size: [s, m], width: [0.25]"),
        ('name: "{h}x{w}"', 'name: "{size}{h}"'),
    )
    variant = found["m320"]
    assert variant.sources["net_m"].url == "https://example.org/w_m_{x}.pth"
    assert variant.load["weights"] == "net_m"
    assert variant.load["arguments"] == {"width": 0.25, "text": "0.25x"}
    assert "net_s" not in variant.sources


def test_a_filled_value_is_checked_at_its_line(tmp_path):
    text = changed(("size: 8613", 'size: "{batch}"'), ("batch: [1]", "batch: [big]"))
    text = text.replace("[batch, 3", "[1, 3")
    with pytest.raises(RecipeError, match=r":8: sources.weights.size: must be a whole number"):
        load_recipe(folder_of(tmp_path, text))


def test_overrides_hold_where_they_apply_and_the_last_wins(tmp_path):
    overrides = """
  overrides:
    - {when: {batch: 1}, set: {simplify.check: 5, inputs.0.color: BGR}}
    - {when: {resolution: [240, 320]}, set: {simplify.check: 7, limits.full_int8.sqnr_db: 8}}
"""
    found = expanded(tmp_path, ("artifacts:", overrides + "artifacts:"))
    first, second = found.values()
    assert [v.stages["simplify"]["check"] for v in (first, second)] == [5, 7]
    assert [v.inputs[0].color for v in (first, second)] == ["BGR", "BGR"]
    assert "full_int8" not in first.limits and second.limits["full_int8"] == {"sqnr_db": 8}


@given(st.text("ab{}", max_size=12))
def test_filling_never_fails(text):
    value, unknown = filled(text, {"a": 1})
    assert unknown or isinstance(value, str | int)


def test_without_a_matrix_there_is_one_variant(tmp_path):
    recipe = load_recipe(folder_of(tmp_path, SMALLEST, "tiny"))
    assert list(recipe.variants) == ["default"]
    assert recipe.variants["default"].axes == {}


# Defaults -----------------------------------------------------------------------------------------


def test_the_smallest_recipe_is_complete(tmp_path):
    recipe = load_recipe(folder_of(tmp_path, SMALLEST, "tiny"))
    variant = recipe.variants["default"]
    assert variant.artifacts == ("saved_model", "float32", "float16", "dynamic")
    assert variant.verification == Sampling("noise", 3, 0)
    assert variant.stages["simplify"] == {"check": 3, "skip": False}
    assert variant.stages["ir"]["backend"] == "mo"
    assert variant.inputs[0].layout == "as-is"
    assert (recipe.status, recipe.license.redistribute) == ("active", "unknown")
    assert variant.about["task"] == "regression"


@pytest.mark.parametrize(
    ("kind", "path"),
    [(Input, ("inputs", "items")), (Output, ("outputs", "items"))],
)
def test_the_dataclasses_agree_with_the_schema(kind, path):
    field, entry = path
    part = schema()["properties"][field][entry]["properties"]
    own = {f.name: f.default for f in fields(kind) if f.default is not MISSING}
    assert set(part) == {f.name for f in fields(kind)}
    for name, default in own.items():
        stated = part[name].get("default")
        assert default == (tuple(stated) if isinstance(stated, list) else stated)


def test_every_field_of_a_source_has_its_place():
    branches = schema()["properties"]["sources"]["additionalProperties"]["allOf"]
    known = {name for branch in branches for name in branch["then"]["properties"]}
    assert known == {f.name for f in fields(Source)} - {"key", "commit"}


def test_defaults_are_sound_themselves():
    from jsonschema import Draft202012Validator

    Draft202012Validator.check_schema(written_schema())
    data = with_defaults({"matrix": {"axes": {"a": [1]}}})
    assert data["matrix"] == {"axes": {"a": [1]}, "exclude": [], "overrides": []}


def parts(node, path=()):
    for name, field in node.get("properties", {}).items():
        if field:
            yield (*path, name), field
            yield from parts(field, (*path, name))
    for key in ("items", "additionalProperties"):
        if isinstance(node.get(key), dict):
            yield from parts(node[key], (*path, "*"))
    for branch in node.get("allOf", ()):
        yield from parts(branch["then"], path)


def test_every_field_is_described_with_an_example_that_is_sound():
    from jsonschema import Draft202012Validator

    found = [*parts(schema()), *parts(schema("data_set"))]
    assert len(found) > 100
    for path, field in found:
        assert field.get("description", "").endswith((".", "`")), path
        assert field.get("examples"), path
        # an example may leave out what stands beside it
        for example in [*field["examples"], *([field["default"]] if "default" in field else [])]:
            errors = list(Draft202012Validator(field).iter_errors(example))
            assert not errors, (path, errors)


def test_the_documentation_is_current():
    remedy = "run python -m converters.recipes.documentation"
    assert TARGET.read_text(encoding="utf-8") == document(), remedy


def test_the_schema_is_yaml_for_other_readers_too():
    with SCHEMA_FILE.open() as file:
        assert yaml.safe_load(file) == written_schema()


# Closed lists that others know, too ---------------------------------------------------------------


def test_metrics_measures_and_artifacts_are_those_that_verify_knows():
    from converters.targets.table import TARGETS
    from converters.verify import limits, metrics

    assert set(METRICS) == set(metrics.METRICS)
    bounds = schema()["properties"]["limits"]["properties"]
    assert set(bounds) == {*limits.DEFAULT_LIMITS, "edgetpu"}
    assert set(bounds) == {*ARTIFACTS, *TARGETS}
    for bound in bounds.values():
        known = {*limits.OF_OUTPUTS, *limits.OF_ARTIFACTS, *limits.OF_MAPPING}
        known |= {*limits.OF_INVARIANTS}
        assert set(bound["properties"]) == known


def test_the_limits_that_the_schema_tells_are_those_of_verify():
    from converters.verify.limits import DEFAULT_LIMITS

    told = schema("limit")["properties"]
    assert {DEFAULT_LIMITS[a]["normalised_max"] for a in ("saved_model", "ir", "float32")} == {1e-4}
    assert "1e-4 for saved_model, ir and float32, 1e-2" in told["normalised_max"]["description"]
    assert DEFAULT_LIMITS["float16"] == {"normalised_max": 1e-2}
    assert "15 for dynamic, 10 for the int8 kinds" in told["sqnr_db"]["description"]
    assert DEFAULT_LIMITS["dynamic"] == {"sqnr_db": 15}
    assert DEFAULT_LIMITS["int8"] == DEFAULT_LIMITS["full_uint8"] == {"sqnr_db": 10}


def test_operations_and_data_kinds_are_those_that_datasets_know():
    from converters.datasets.pictures import PACKAGES
    from converters.datasets.preprocess import OPERATIONS
    from converters.datasets.samples import KINDS

    step = schema()["properties"]["inputs"]["items"]["properties"]["preprocess"]["items"]
    assert set(step["properties"]) == set(OPERATIONS)
    data = schema()["properties"]["data"]["additionalProperties"]
    assert set(data["properties"]["kind"]["enum"]) == {*KINDS, "shared"}
    assert set(schema("part")["properties"]["kind"]["enum"]) < set(KINDS)
    packages = schema("data_pictures")["properties"]["package"]["enum"]
    assert set(packages) == set(PACKAGES)


def test_the_proposed_licenses_are_known_but_for_openrail():
    from packaging.licenses import canonicalize_license_expression

    for spdx in set(USUAL_LICENSES) - {"OpenRAIL"}:
        assert canonicalize_license_expression(spdx) == spdx


# A zoo --------------------------------------------------------------------------------------------


def test_one_bad_recipe_does_not_stop_the_others(tmp_path):
    folder_of(tmp_path, GOOD)
    folder_of(tmp_path, SMALLEST, "tiny")
    folder_of(tmp_path, SMALLEST, "renamed")
    folder_of(tmp_path, "nonsense", "_draft")
    folder_of(tmp_path, "nonsense", ".hidden")
    (tmp_path / "models" / "no_recipe").mkdir()
    recipes, errors = read_zoo(tmp_path / "models")
    assert (list(recipes), [error.recipe for error in errors]) == (["good", "tiny"], ["renamed"])
    folder_of(tmp_path, GOOD, "second")
    with pytest.raises(RecipeError) as caught:
        load_zoo(tmp_path / "models")
    assert len(str(caught.value).splitlines()) == 2


def test_a_variant_is_loaded_by_name(tmp_path):
    folder = folder_of(tmp_path, GOOD)
    assert load_variant(folder.parent, "good", "240x320").inputs[0].shape == (1, 3, 240, 320)
    with pytest.raises(RecipeError, match="no variant 1x1") as caught:
        load_variant(folder.parent, "good", "1x1")
    assert "it has: 320x320, 240x320" in str(caught.value)
    with pytest.raises(RecipeError, match="no such recipe") as caught:
        load_variant(folder.parent, "god", "x")
    assert "did you mean good?" in str(caught.value)


def test_recipes_of_this_zoo_are_sound():
    assert read_zoo(ROOT / "models")[1] == []


# Slices -------------------------------------------------------------------------------------------


def slices(tmp_path: Path, *changes: tuple[str, str]):
    variant = next(iter(expanded(tmp_path, *changes).values()))
    found = {stage: stage_slice(variant, stage) for stage in SLICES}
    assert json.loads(json.dumps(found))
    return found


@pytest.mark.parametrize(
    ("change", "stages"),
    [
        (("artifacts:", "quantize: {per_channel: false}\nartifacts:"), {"quantize"}),
        (("artifacts:", "simplify: {check: 9}\nartifacts:"), {"simplify"}),
        (("artifacts:", "surgery: [{set_opset: 13}]\nartifacts:"),
            {"export", "surgery", "reference"}),
        (("artifacts:", "edgetpu: {retries: 0}\nartifacts:"), {"edgetpu"}),
        (("artifacts:", "ir: {precision: FP16}\nartifacts:"), {"mo"}),
        (("artifacts:", "ir: {scale: 2}\nartifacts:"),
            {"mo", "lint", "quantize", "layers", "target", "verify"}),
        (("artifacts:", "export: {opset: 13}\nartifacts:"), {"export"}),
        (("count: 32", "count: 33"), {"lint", "quantize", "target"}),
        (("names: [astronaut]", "names: [coffee]"), {"lint", "quantize", "target"}),
        (("{data: drawn}", "{data: drawn, seed: 1}"), {"lint", "reference", "verify"}),
        (("normalised_max: 1e-4", "normalised_max: 1e-3"), {"verify"}),
        (("in_ch: 3", "in_ch: 4"),
            {"export", "reference", "report", "target", "target_report"}),
        (("    color: RGB", "    color: BGR"),
            {"lint", "quantize", "layers", "target", "reference", "verify", "pictures"}),
        (("    color: RGB", "    color: RGB\n    keep_layout: true"), {"tf"}),
        (("{name: d1}", "{name: d1, layout: as-is}"), {"tf"}),
        (("{name: d1}", "{name: d1, semantics: mask}"), {"pictures"}),
        (("int8, full_int8, edgetpu]", "int8]"), {"package"}),
        (("spdx: MIT", "spdx: ISC"), {"report", "target_report", "package"}),
        (("example.org/paper", "example.org/p"), set()),
        (("schema: 1", "# a remark\nschema: 1"), set()),
    ],
)  # fmt: skip
def test_a_change_reaches_the_stages_that_read_it_alone(tmp_path, change, stages):
    before, after = slices(tmp_path), slices(tmp_path, change)
    assert {stage for stage in SLICES if before[stage] != after[stage]} == stages


def test_every_stage_has_a_slice():
    from converters.keys import ENTRIES

    assert set(SLICES) == set(ENTRIES)


# The command --------------------------------------------------------------------------------------


def test_check_prints_everything_and_fails(tmp_path, capsys):
    folder = folder_of(tmp_path, SMALLEST, "tiny")
    (folder / "network.onnx").touch()
    assert check.main(["--models", str(folder.parent)]) == 0
    assert "random data proves the structure alone" in capsys.readouterr().out
    folder_of(tmp_path, GOOD)
    assert check.main(["--models", str(folder.parent)]) == 1
    printed = capsys.readouterr()
    assert "good/recipe.yaml:11: sources.notes.path: there is no 'notes/w" in printed.err
    assert "good/recipe.yaml:34: data.drawn.file: there is no 'data.py'" in printed.err
    assert "2 recipes, 1 variants: 1 of them are wrong" in printed.out
    assert check.main(["--models", str(folder.parent), "tny"]) == 1
    assert "did you mean tiny?" in capsys.readouterr().err


def test_check_notes_what_is_worth_knowing(tmp_path, capsys):
    text = GOOD.replace("kind: pictures, package: skimage, names: [astronaut]", "kind: random")
    folder = folder_of(tmp_path, text)
    (folder / "notes").mkdir()
    for name in ("notes/weights.npz", "data.py"):
        (folder / name).touch()
    assert check.main(["--models", str(folder.parent), "good"]) == 0
    said = capsys.readouterr().out
    assert "note: good: calibration: random data calibrates nothing" in said
    assert "note: good: sources.code: not pinned yet; run python -m converters.lock" in said
    assert "note: good: sources.drive: no field refers to it" in said


def test_recipes_are_read_without_any_framework():
    code = (
        "import sys, converters.check, converters.recipes as r; from pathlib import Path;"
        "r.read_zoo(Path('models'));"
        "print([m for m in sys.modules if m in ('torch', 'tensorflow', 'openvino', 'numpy', "
        "'onnx')])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_forty_recipes_are_checked_in_about_a_second(tmp_path):
    """In seconds of the processor, with room for a slow one: 0.6 where nothing else runs."""
    shutil.copytree(ROOT / "data", tmp_path / "data")
    written = sorted((ROOT / "models").glob("*/recipe.yaml"))
    for number in range(40):
        recipe = written[number % len(written)]
        folder = tmp_path / "models" / f"{recipe.parent.name}_{number}"
        shutil.copytree(recipe.parent, folder)
        text = (folder / "recipe.yaml").read_text()
        own = f"id: {recipe.parent.name}\n"
        assert own in text
        (folder / "recipe.yaml").write_text(text.replace(own, f"id: {folder.name}\n", 1))
    for reference in (ROOT / "models").iterdir():
        if reference.is_dir() and not (tmp_path / "models" / reference.name).exists():
            shutil.copytree(reference, tmp_path / "models" / reference.name)
    before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
    done = subprocess.run(
        [sys.executable, "-m", "converters.check", "--models", str(tmp_path / "models")],
        cwd=ROOT, capture_output=True, text=True,
    )  # fmt: skip
    taken = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
    assert done.returncode == 0, done.stderr
    assert taken < 3, f"{done.stdout.splitlines()[-1]}: {taken:.1f} s"


def test_a_lock_adds_what_the_recipe_leaves_open(tmp_path):
    commit = "1234567890" * 4
    lock = f'  code: {{from: "https://example.org/code.git@main", commit: "{commit}"}}'
    folder = folder_of(tmp_path, GOOD, lock=lock)
    sources = load_recipe(folder).variants["320x320"].sources
    assert sources["code"].commit == commit and sources["code"].is_pinned
    assert not load_recipe(folder, with_lock=False).variants["320x320"].sources["code"].is_pinned


def test_a_full_commit_pins_itself(tmp_path):
    sources = expanded(tmp_path, ("revision: main", f"revision: {'ab' * 20}"))["320x320"].sources
    assert sources["code"].commit == "ab" * 20


def test_lines_are_those_of_the_file(tmp_path):
    found = read_document(folder_of(tmp_path, GOOD) / "recipe.yaml")
    assert found.line(("inputs", 0, "layout")) == 22
    assert found.line(("load", "absent")) == 12
    assert closed_list("license", "redistribute") == ("allowed", "forbidden", "unknown")
