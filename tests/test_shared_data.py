"""Data sets that recipes share: read, refused in words, downloaded once, in the keys of users."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from converters import check, lock, prune, stage
from converters.datasets import samples
from converters.download import __main__ as download
from converters.errors import RecipeError
from converters.freshness import Freshness
from converters.jobs import Job, upstream
from converters.plan import Plan, is_embedded, not_built_because
from converters.recipes import load_recipe
from converters.recipes.problems import InvalidRecipe
from converters.recipes.shared import load_data_set

RECIPE = """\
schema: 1
id: NAME
name: A network on shared pictures
task: regression
license: {spdx: MIT}
sources:
  network: {kind: file, path: network.onnx}
load: {framework: onnx, model: network}
inputs:
  - {name: x, shape: [1, 3, 4, 6], layout: NCHW, preprocess: [{resize: [4, 6]}, {scale: 255}]}
artifacts: [saved_model, float32, int8]
data:
  photos: {kind: shared, set: photos, part: calibration, range: [0, 1]}
  shown: {kind: shared, set: photos, part: heldout}
calibration: {data: photos, count: 2}
verification: {data: shown, count: 1}
"""

SET = """\
schema: 1
id: photos
name: A few pictures
license: {spdx: CC0-1.0, redistribute: allowed}
sources:
  one: {kind: url, url: "https://example.org/one.png", sha256: SHA0}
  two: {kind: url, url: "https://example.org/two.png", sha256: SHA1}
  three: {kind: file, path: three.png}
parts:
  calibration: {kind: pictures, sources: [one, two]}
  heldout: {kind: pictures, sources: [three]}
"""


@pytest.fixture
def zoo(tmp_path, monkeypatch):
    """Two recipes on one data set, whose pictures a mirror has."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ZOO_MIRRORS", str(tmp_path / "mirror"))
    text = SET
    for i, chance in enumerate(map(np.random.default_rng, range(2))):
        picture = tmp_path / "picture.png"
        Image.fromarray(chance.integers(0, 256, (8, 12, 3), dtype=np.uint8)).save(picture)
        sha = hashlib.sha256(picture.read_bytes()).hexdigest()
        place = tmp_path / "mirror" / "sha256" / sha[:2] / sha
        place.parent.mkdir(parents=True, exist_ok=True)
        picture.rename(place)
        text = text.replace(f"SHA{i}", sha)
    (tmp_path / "data" / "photos").mkdir(parents=True)
    Image.fromarray(np.full((8, 12, 3), 7, np.uint8)).save(tmp_path / "data/photos/three.png")
    (tmp_path / "data" / "photos.yaml").write_text(text)
    for name in ("first", "second"):
        (tmp_path / "models" / name).mkdir(parents=True)
        (tmp_path / "models" / name / "network.onnx").write_bytes(b"network")
        (tmp_path / "models" / name / "recipe.yaml").write_text(RECIPE.replace("NAME", name))
    return tmp_path


def fetched(zoo: Path, *keys: str) -> None:
    for key in keys:
        options = {
            "--key": key,
            "--out": f"sources/@photos/{key}",
            "--facts": f"results/@photos/sources/{key}.json",
        }
        argv = ["@photos", stage.ALL_VARIANTS, *(x for pair in options.items() for x in pair)]
        assert stage.main("download", "", download.add_arguments, download.run, argv) == 0


def changed(zoo: Path, old: str, new: str, file: str = "data/photos.yaml") -> None:
    text = (zoo / file).read_text()
    assert old in text
    (zoo / file).write_text(text.replace(old, new, 1))


def test_a_part_stands_in_the_recipe_as_if_written_there(zoo):
    variant = load_recipe(zoo / "models" / "first").variants["default"]
    photos = variant.data["photos"]
    assert photos["kind"] == "pictures" and photos["range"] == [0, 1]
    assert photos["sources"] == ["@photos/one", "@photos/two"]
    assert (photos["set"], photos["part"]) == ("photos", "calibration")
    assert set(variant.shared) == {"@photos/one", "@photos/two", "@photos/three"}


def test_both_recipes_read_one_download(zoo):
    jobs = {}
    for name in ("first", "second"):
        variant = load_recipe(zoo / "models" / name).variants["default"]
        jobs[name] = set(upstream(Job("quantize", name, "default", "int8"), variant))
    both = jobs["first"] & jobs["second"]
    assert both == {Job("download", "@photos", "sources", key) for key in ("one", "two")}
    float32 = upstream(Job("quantize", "first", "default", "float32"), variant)
    assert [job.stage for job in float32] == ["tf"]


def test_samples_are_drawn_from_the_shared_download(zoo):
    fetched(zoo, "one", "two", "three")
    for name in ("first", "second"):
        variant = load_recipe(zoo / "models" / name).variants["default"]
        folder = zoo / "models" / name
        drawn = list(samples(variant, variant.calibration, folder, zoo / "sources" / name))
        assert len(drawn) == 2
        shown = samples(variant, variant.verification, folder, zoo / "sources" / name)
        assert np.allclose(next(shown).inputs["x"], 7 / 255)


def test_the_content_of_a_set_is_in_the_lineage_of_what_draws_it(zoo):
    def lineages() -> dict[str, str]:
        plan = Plan.load({"models": "models"})
        known = Freshness(plan.parts_of, plan.upstream_of)
        wanted = {"float32": "quantize", "int8": "quantize"}
        jobs = [Job(stage, "second", "default", what) for what, stage in wanted.items()]
        return {job.what: known.key_and_lineage(job)[1] for job in jobs}

    before = lineages()
    changed(zoo, "https://example.org/one.png", "https://other.example.org/one.png")
    assert lineages() == before  # where it is fetched from does not count
    sha = load_data_set(zoo / "data/photos.yaml").sources["two"].sha256
    changed(zoo, sha, "a" * 64)
    after = lineages()
    assert after["float32"] == before["float32"] and after["int8"] != before["int8"]
    changed(zoo, "a" * 64, sha)
    changed(zoo, "sources: [one, two]", "sources: [one]")
    assert lineages()["int8"] not in (before["int8"], after["int8"])


def test_a_recipe_on_downloads_is_not_embedded(zoo):
    recipe = load_recipe(zoo / "models" / "first")
    assert not is_embedded(recipe) and not_built_because(recipe) is None
    sha = recipe.variants["default"].shared["@photos/one"].sha256
    changed(zoo, f", sha256: {sha}", "")
    reason = not_built_because(load_recipe(zoo / "models" / "first"))
    assert reason is not None and "converters.lock @photos" in reason


def test_an_open_checksum_is_resolved_into_a_lock_of_its_own(zoo, monkeypatch):
    sha = load_data_set(zoo / "data/photos.yaml").sources["one"].sha256
    changed(zoo, f", sha256: {sha}", "")
    found = download.Fetched(Path("x"), 12, sha, "url")
    monkeypatch.setattr(lock.download, "probe", lambda source, folder: found)
    assert lock.main(["@photos"]) == 0
    assert (zoo / "data" / "photos.lock").is_file()
    source = load_data_set(zoo / "data/photos.yaml").sources["one"]
    assert (source.sha256, source.size, source.is_pinned) == (sha, 12, True)
    changed(zoo, '"https://example.org/one.png"', '"https://example.org/one.png", size: 99')
    with pytest.raises(InvalidRecipe, match=r"photos.yaml:6: .*size: is 99, recipe.lock says 12"):
        load_data_set(zoo / "data/photos.yaml")


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("id: photos", "id: pictures", "2: id: 'pictures' is not the file's name"),
        ("CC0-1.0", "CC0", "4: license.spdx: 'CC0' is no SPDX licence"),
        ("sources: [one, two]", "sources: [one, to]", "10: parts.calibration.sources"),
        ("sources: [three]", "sources: [two]", "11: parts.heldout: draws from two as"),
        ("kind: pictures, sources: [three]", "kind: random", "'random' is not one of"),
        ("sources: [three]", "folder: three", "11: parts.heldout.folder: is beside no model"),
        ("sources: [three]", "package: skimage, sources: [three]", "give exactly one"),
        ("parts:", "part:", "part: unknown field; did you mean parts?"),
    ],
)
def test_a_wrong_data_set_is_told_where_and_what(zoo, capsys, old, new, said):
    changed(zoo, old, new)
    with pytest.raises(InvalidRecipe) as caught:
        load_data_set(zoo / "data" / "photos.yaml")
    assert said in str(caught.value)
    assert check.main([]) == 1
    told = capsys.readouterr()
    assert said in told.err and "of them are wrong" in told.out
    assert "is a data set that is wrong" in told.err and "check @photos" in told.err


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("set: photos, part: cal", "set: photo, part: cal", "no data set 'photo'; did you mean"),
        ("part: calibration", "part: calibratoin", "is no part of photos; did you mean calib"),
        ("set: photos, part: heldout", "set: photos", "data.shown.part: is required"),
        ("{kind: shared, set: photos, part: heldout}", '{kind: pictures, sources: ["@photos/one"]}',
         "must be a source key"),
    ],
)  # fmt: skip
def test_a_recipe_that_names_a_set_wrongly_is_told(zoo, old, new, said):
    changed(zoo, old, new, "models/first/recipe.yaml")
    with pytest.raises(InvalidRecipe, match=r"recipe.yaml:1[34]: ") as caught:
        load_recipe(zoo / "models" / "first")
    assert said in str(caught.value)


def test_check_counts_data_sets_and_notes_what_nothing_draws(zoo, capsys):
    changed(zoo, "sources: [one, two]", "sources: [one]")
    assert check.main([]) == 0
    out = capsys.readouterr().out
    assert "note: @photos: sources.two: no part refers to it" in out
    assert "2 recipes, 2 variants, 1 data sets: all sound" in out
    assert check.main(["@photo"]) == 1
    assert "did you mean photos?" in capsys.readouterr().err
    (zoo / "data/photos/three.png").unlink()
    assert check.main(["@photos"]) == 1
    assert "there is no three.png" in capsys.readouterr().err


def test_prune_keeps_what_a_set_wants(zoo):
    fetched(zoo, "one", "two")
    assert prune.orphans(zoo / "models", zoo) == []
    changed(zoo, "sources: [one, two]", "sources: [one]")
    text = (zoo / "data/photos.yaml").read_text().splitlines()
    (zoo / "data/photos.yaml").write_text("\n".join(li for li in text if "two:" not in li))
    reasons = {
        o.path.relative_to(zoo).as_posix(): o.reason for o in prune.orphans(zoo / "models", zoo)
    }
    assert set(reasons) == {"sources/@photos/two", "results/@photos/sources/two.json"}
    (zoo / "data/photos.yaml").unlink()
    (zoo / "models/first/recipe.yaml").unlink()
    gone = {o.reason for o in prune.orphans(zoo / "models", zoo)}
    assert gone == {"there is no data set photos"}


def test_the_facts_of_a_download_are_noted_beside_its_set(zoo):
    fetched(zoo, "three")
    facts = json.loads((zoo / "results/@photos/sources/three.json").read_text())
    assert facts["key"] == "three" and facts["size"] > 0


def test_an_unknown_key_of_a_set_is_refused(zoo):
    with pytest.raises(RecipeError, match="has no source 'four'"):
        load_data_set(zoo / "data" / "photos.yaml").source("four")
