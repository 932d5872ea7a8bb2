"""The pages of the zoo, from evidence made by hand."""

import json
import os
from pathlib import Path
from types import SimpleNamespace

from converters import zoo_page


def recipe(folder: Path, artifacts=("float32", "int8"), status="active", reason=""):
    variant = SimpleNamespace(name="8x8", artifacts=artifacts, framework="onnx")
    license = SimpleNamespace(spdx="MIT", evidence="It says so.")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "recipe.yaml").write_text("schema: 1\n# No int8:\n# too coarse.\nartifacts: [x]\n")
    return SimpleNamespace(
        id="net", task="other", status=status, reason=reason, license=license, folder=folder,
        links={"repo": "https://github.com/a/b"}, variants={"8x8": variant}, all_sources={},
    )  # fmt: skip


def evidence(path: Path, error: float, when: int) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    outputs = {"y": {"normalised_max": error, "sqnr_db": 90.0}, "z": {"normalised_max": 0.0}}
    record = {"bytes": 1500, "outputs": outputs, "transposes": {"count": 0}}
    path.write_text(json.dumps(record))
    os.utime(path, (when, when))


def found(tmp_path: Path) -> list[zoo_page.Evidence]:
    recipes = {"net": recipe(tmp_path / "models/net")}
    return list(zoo_page.measured(recipes, tmp_path / "results", tmp_path / "logs"))


def test_what_was_verified_is_listed_with_its_worst_output(tmp_path):
    evidence(tmp_path / "results/net/8x8/verify/float32.json", 1e-6, 1)
    (each,) = found(tmp_path)
    assert (each.artifact, each.error, each.sqnr_db, each.is_held) == ("float32", 1e-6, 90.0, True)


def test_a_later_failure_counts_and_an_earlier_one_does_not(tmp_path):
    evidence(tmp_path / "results/net/8x8/verify/float32.json", 1e-6, 1)
    evidence(tmp_path / "logs/net/8x8/verify-float32.failed.json", 1e-2, 2)
    evidence(tmp_path / "results/net/8x8/verify/int8.json", 1e-3, 2)
    evidence(tmp_path / "logs/net/8x8/verify-int8.failed.json", 1e-1, 1)
    assert [(each.artifact, each.is_held) for each in found(tmp_path)] == [
        ("float32", False),
        ("int8", True),
    ]


def test_counts_are_of_models_that_keep_their_limits(tmp_path):
    evidence(tmp_path / "results/net/8x8/verify/float32.json", 1e-6, 1)
    evidence(tmp_path / "logs/net/8x8/verify-int8.failed.json", 1e-1, 1)
    recipes = {"net": recipe(tmp_path / "models/net")}
    numbers = dict(zoo_page.counts(recipes, found(tmp_path)))
    assert numbers["models with a verified float32 TFLite"] == "1"
    assert numbers["models with an int8 TFLite that keeps its limits"] == "0"


def test_the_page_tells_failures_broken_recipes_and_what_is_left_out(tmp_path):
    failed = tmp_path / "logs/net/8x8/mo.error.json"
    failed.parent.mkdir(parents=True)
    failed.write_text(json.dumps({"subject": "Foo", "cause": "no\nrule", "remedy": ""}))
    page = zoo_page.zoo({"net": recipe(tmp_path / "models/net")}, [], tmp_path / "logs")
    assert "- `net/8x8` [mo]: Foo: no rule\n" in page
    broken = recipe(tmp_path / "models/net", status="broken", reason="it loops")
    page = zoo_page.zoo({"net": broken}, [], tmp_path / "logs")
    assert "- `net` is not built: broken: it loops" in page and "Foo" not in page
    assert "- `net`: No int8: too coarse." in page


def test_a_failure_of_what_is_not_asked_for_any_more_is_not_told(tmp_path):
    for name in ("net/8x8/verify-int8", "net/8x8/verify-float32", "net/old/mo", "gone/8x8/tf"):
        failed = tmp_path / f"logs/{name}.error.json"
        failed.parent.mkdir(parents=True, exist_ok=True)
        failed.write_text(json.dumps({"subject": "", "cause": name, "remedy": ""}))
    page = zoo_page.zoo(
        {"net": recipe(tmp_path / "models/net", ("float32",))}, [], tmp_path / "logs"
    )
    assert "net/8x8/verify-float32" in page
    assert "verify-int8" not in page and "net/old" not in page and "gone" not in page


def test_a_page_does_not_lose_what_another_folder_built():
    rich, poor = "| artefacts verified | 195 |\n", "| artefacts verified | 46 |\n"
    assert zoo_page.loses(rich, poor) == "195 artefacts stand there, 46 were verified here"
    assert not zoo_page.loses(poor, rich) and not zoo_page.loses("", poor)


def test_only_what_is_made_is_replaced():
    page = zoo_page.replaced("By hand.\n", "old")
    again = zoo_page.replaced(page + "Below.\n", "new")
    assert again.startswith("By hand.") and again.endswith("Below.\n")
    assert "new" in again and "old" not in again
    assert zoo_page.replaced(again, "new") == again
