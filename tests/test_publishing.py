"""Releases and pages: terms, archives, gates alone; a small zoo released twice, and looked at."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import runpy
import shutil
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator
from PIL import Image

from converters.datasets import interface, preprocess
from converters.intact import check_package
from converters.plan import Plan
from converters.recipes import Input, License, load_variant
from converters.release import archives, card, gate, licences, settings, snippet
from tests.browser import CHROMIUM, Browser

ROOT = Path(__file__).resolve().parent.parent
BIN = Path(sys.executable).parent

# Terms --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spdx", "redistribute", "is_released", "labels"),
    [
        ("Apache-2.0", "allowed", True, ()),
        ("MIT OR GPL-3.0-only", "allowed", True, ("copyleft",)),
        ("GPL-3.0-or-later", "allowed", True, ("copyleft",)),
        ("CC-BY-NC-4.0", "allowed", True, ("non-commercial",)),
        ("CC-BY-NC-SA-4.0", "forbidden", False, ("non-commercial",)),
        ("Apache-2.0", "unknown", False, ()),
        ("LicenseRef-nobody-knows", "allowed", False, ()),
        ("whatever they say", "allowed", False, ()),
    ],
)
def test_only_known_terms_that_allow_it_are_handed_on(
    tmp_path, spdx, redistribute, is_released, labels
):
    verdict = licences.verdict(License(spdx, redistribute=redistribute), tmp_path)
    assert verdict.is_released == is_released
    assert verdict.labels == labels
    assert bool(verdict.reason) != is_released


def test_a_licence_in_the_models_folder_comes_first(tmp_path):
    (tmp_path / "LICENSE").write_text("Do as you please, said the author.\n")
    own = License("LicenseRef-nobody-knows", redistribute="allowed")
    assert licences.verdict(own, tmp_path).is_released
    assert licences.texts(own, tmp_path) == {"LICENSE": b"Do as you please, said the author.\n"}


def test_every_text_is_that_of_its_licence():
    names = {path.stem for path in licences.TEXTS.glob("*.txt")}
    assert {"Apache-2.0", "MIT", "GPL-3.0-only", "CC-BY-NC-4.0"} <= names
    assert names <= set(licences._categories())
    assert "Copyright (c) <year>" in licences.text_file("MIT").read_text()
    assert licences.text_file("GPL-3.0-or-later") == licences.text_file("GPL-3.0-only")


# Archives -----------------------------------------------------------------------------------------


def test_an_archive_depends_on_names_and_bytes_alone(tmp_path):
    (tmp_path / "a.bin").write_bytes(b"a")
    members = {"z.txt": b"z", "a.bin": tmp_path / "a.bin"}
    archives.write(tmp_path / "1.zip", members, "top")
    os.utime(tmp_path / "a.bin", (1, 1))
    (tmp_path / "a.bin").chmod(0o600)
    archives.write(tmp_path / "2.zip", dict(reversed(members.items())), "top")
    assert (tmp_path / "1.zip").read_bytes() == (tmp_path / "2.zip").read_bytes()
    with zipfile.ZipFile(tmp_path / "1.zip") as archive:
        assert archive.namelist() == ["top/a.bin", "top/z.txt"]
        assert archive.read("top/a.bin") == b"a"


# Regressions --------------------------------------------------------------------------------------


def row(**measures):
    measured = {"error": 0.01, "bytes": 1000, "transposes": 0, "latency_ratio": 1.0}
    return {"model": "m", "variant": "v", "artifact": "int8", **measured, **measures}


@pytest.mark.parametrize(
    ("now", "risen", "is_accepted"),
    [
        ({}, None, None),
        ({"error": 0.0105}, "error", True),
        ({"error": 0.02}, "error", False),
        ({"error": 0.005}, None, None),
        ({"bytes": 1040}, "bytes", True),
        ({"bytes": 1100}, "bytes", False),
        ({"transposes": 1}, "transposes", False),
        ({"latency_ratio": 1.2}, "latency_ratio", True),
        ({"latency_ratio": 1.3}, "latency_ratio", False),
        ({"latency_ratio": None}, None, None),
    ],
)
def test_what_rises_is_listed_and_beyond_the_margin_refused(now, risen, is_accepted):
    found = gate.regressions([row()], [row(**now)], gate.MARGINS)
    assert [(each.measure, each.is_accepted) for each in found] == (
        [(risen, is_accepted)] if risen else []
    )


def test_the_configuration_can_accept_a_regression():
    found = gate.regressions([row()], [row(error=1.0)], {}, ["m/v/int8 error"])
    assert [each.is_accepted for each in found] == [True]
    assert "m/v/int8: error was 0.01, is 1" in str(found[0])


def test_the_release_before_is_the_newest_that_is_older(tmp_path):
    for version in ("0.9.0", "0.10.0", "1.0.0", "content-123"):
        (tmp_path / version).mkdir()
        (tmp_path / version / "index.json").write_text("{}")
    assert settings.before(tmp_path, "1.0.0").name == "0.10.0"
    assert settings.before(tmp_path, "0.9.5").name == "0.9.0"
    assert settings.before(tmp_path, "content-456").name == "1.0.0"


# The snippet --------------------------------------------------------------------------------------

INPUTS = [
    Input("x", (1, 3, 16, 24), "NCHW", preprocess=({"resize": [16, 24]}, {"scale": "image_max"})),
    Input("x", (1, 16, 24, 3), "NHWC", color="BGR", preprocess=({"letterbox": [16, 24]},)),
    Input("x", (1, 1, 8, 8), "NCHW", color="GRAY", preprocess=({"center_crop": [8, 8]},)),
    Input(
        "x",
        (2, 3, 8, 8),
        "NCHW",
        preprocess=(
            {"resize": [8, 8]},
            {"mean": [1.0, 2.0, 3.0]},
            {"std": [4.0, 5.0, 6.0]},
            {"multiply": 2},
            {"add": -1},
        ),
    ),
]


def fed_by(variant, entry) -> np.ndarray:
    """What a card's program gives the input x, run in the present folder up to the interpreter."""
    program = snippet.snippet(variant, {"inputs": [entry], "outputs": []}, "float32.tflite")
    prepared = program[: program.index("model = ")]
    Path("prepare.py").write_text(prepared + "np.save('out.npy', inputs['x'])\n")
    runpy.run_path("prepare.py")
    return np.load("out.npy")


SOUND = {"rate": 16000, "frame": 640, "step": 320, "bands": 40}


@pytest.mark.parametrize("spec", INPUTS, ids=lambda spec: f"{spec.color}-{spec.layout}")
@pytest.mark.parametrize("keeps_layout", [False, True])
@pytest.mark.parametrize("built_in", [{}, {"mean": [1.0, 2.0, 3.0], "scale": 2.0}])
def test_the_snippet_prepares_an_input_as_verification_does(
    tmp_path, monkeypatch, spec, keeps_layout, built_in
):
    if spec.color == "GRAY":
        built_in = {}
    good = load_variant(ROOT / "models", "u2netp", "320x320")
    variant = good.__class__(**{**vars(good), "inputs": (spec,), "stages": {"ir": built_in}})
    order = (0, 1, 2, 3) if keeps_layout or spec.layout == "NHWC" else (0, 2, 3, 1)
    shape = [spec.shape[axis] for axis in order]
    entry = {"name": "x", "shape": shape, "order": list(order), "dtype": "float32"}
    picture = np.random.default_rng(0).integers(0, 255, (20, 30, 3), np.uint8)
    Image.fromarray(picture).save(tmp_path / "picture.png")
    monkeypatch.chdir(tmp_path)
    fed = fed_by(variant, entry)
    given = interface.artifact_inputs(variant, {"x": preprocess.prepared(spec, picture)})
    stored = interface.Stored("x", tuple(shape), order, "float32")
    np.testing.assert_allclose(fed, stored.from_source(given["x"]), rtol=1e-6)


@pytest.mark.parametrize(
    ("shape", "step"),
    [
        ((1, 49, 10), {"mfcc": {**SOUND, "low": 20, "high": 4000, "count": 10}}),
        ((1, 49, 40, 1), {"log_mel": SOUND}),
    ],
)
def test_the_snippet_hears_what_verification_hears(tmp_path, monkeypatch, shape, step):
    spec = Input("x", shape, "as-is", preprocess=(step, {"multiply": 2}))
    good = load_variant(ROOT / "models", "u2netp", "320x320")
    variant = good.__class__(**{**vars(good), "inputs": (spec,), "stages": {}})
    entry = {"name": "x", "shape": shape, "order": [*range(len(shape))], "dtype": "float32"}
    sound = np.random.default_rng(0).normal(0, 0.1, 16000).astype(np.float32)
    monkeypatch.chdir(tmp_path)
    np.save("x.npy", sound)
    wanted = preprocess.prepared(spec, sound)
    np.testing.assert_allclose(fed_by(variant, entry), wanted, rtol=1e-4, atol=1e-4)
    assert card.preparation(spec).startswith("a sound: ")
    assert "every 320, at 16000 Hz, multiply by 2" in card.preparation(spec)


def test_a_card_has_words_and_a_program_for_every_step_there_is():
    assert set(card.WORDS) == set(preprocess.OPERATIONS)
    told = {*snippet.SHAPING, *snippet.ARITHMETIC, *snippet.FEATURES}
    assert told == set(preprocess.OPERATIONS)


# Two releases of a small zoo ----------------------------------------------------------------------


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "ZOO_CACHE": str(folder / "cache")}
    environment.pop("ZOO_MIRRORS", None)
    return subprocess.run(
        command, cwd=folder, env=environment, text=True, capture_output=True, timeout=600
    )


def release(folder: Path, version: str) -> subprocess.CompletedProcess[str]:
    command = [str(BIN / "snakemake"), "--snakefile", str(ROOT / "Snakefile"), "--cores", "2"]
    options = ["--configfile", "config.yaml", "--config", f"version={version}"]
    return run(folder, *command, "release", *options)


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


@pytest.fixture(scope="module")
def zoo(tmp_path_factory):
    """The sound recipe of the mixed zoo, one that may not be handed on, and one left unbuilt."""
    folder = tmp_path_factory.mktemp("released")
    good = folder / "models" / "good"
    shutil.copytree(ROOT / "tests/workflow/mixed/models/good", good)
    edit(good / "recipe.yaml", "[saved_model, ir, float32, int8]", "[ir, float32, int8]")
    code = (
        "import torch, network, safetensors.torch as s; torch.manual_seed(0);"
        "s.save_file(network.Tiny(4).state_dict(), 'weights.safetensors')"
    )
    subprocess.run([sys.executable, "-c", code], cwd=good, check=True)
    shutil.copytree(good, folder / "models" / "private")
    private = folder / "models" / "private" / "recipe.yaml"
    edit(private, "id: good", "id: private")
    edit(private, "redistribute: allowed", "redistribute: forbidden")
    edit(private, "[ir, float32, int8]", "[float32]")
    shutil.copytree(ROOT / "tests/workflow/mixed/models/unlocked", folder / "models" / "unlocked")
    (folder / "config.yaml").write_text("models: models\n")
    return folder


@pytest.fixture(scope="module")
def first(zoo):
    done = release(zoo, "1.0.0")
    assert done.returncode == 0, done.stdout + done.stderr
    return zoo / "release" / "1.0.0"


@pytest.mark.slow
def test_a_release_holds_what_its_index_and_checksums_say(first, tmp_path):
    data = json.loads((first / "index.json").read_text())
    by_artifact = {r["artifact"]: r for r in data["artifacts"] if r["model"] == "good"}
    assert list(by_artifact) == ["ir", "float32", "int8"]
    assert len(list(csv.DictReader((first / "index.csv").read_text().splitlines()))) == len(
        data["artifacts"]
    )
    for entry in by_artifact.values():
        path = first / entry["file"]
        if path.suffix == ".tflite":
            assert hashlib.sha256(path.read_bytes()).hexdigest() == entry["sha256"]
        assert entry["sha256"][:12] in path.name
    checked = run(first, "sha256sum", "--check", "--strict", "SHA256SUMS")
    assert checked.returncode == 0, checked.stdout
    listed = {line.split("  ")[1] for line in (first / "SHA256SUMS").read_text().splitlines()}
    files = {p.relative_to(first).as_posix() for p in first.rglob("*") if p.is_file()}
    assert listed == files - {"SHA256SUMS"}
    with zipfile.ZipFile(first / by_artifact["int8"]["archive"]) as archive:
        archive.extractall(tmp_path)
    (top,) = tmp_path.iterdir()
    assert check_package(top).findings == []
    assert {"LICENSE", "NOTICE", "README.md", "report.json", "int8.tflite"} <= {
        path.name for path in top.iterdir()
    }


@pytest.mark.slow
def test_what_may_not_be_handed_on_is_left_out_and_said(first):
    data = json.loads((first / "index.json").read_text())
    (kept,) = [r for r in data["artifacts"] if r["model"] == "private"]
    assert not kept["file"] and kept["link"] == "https://example.org/LICENSE"
    assert kept["error"] < 1e-4  # built and verified all the same
    assert "does not allow" in data["left_out"]["private/16x16"]
    assert not [p for p in first.rglob("*") if "private" in p.name]
    assert "private/16x16" in (first / "LEFT_OUT.md").read_text()
    assert "no checksum yet" in next(iter(data["unbuilt"].values()))
    assert "unlocked" in (first / "CHANGES.md").read_text()


@pytest.mark.slow
def test_the_cards_snippet_runs_beside_the_file(first, tmp_path):
    data = json.loads((first / "index.json").read_text())
    with zipfile.ZipFile(first / data["artifacts"][0]["archive"]) as archive:
        archive.extractall(tmp_path)
    (top,) = tmp_path.iterdir()
    card = (top / "README.md").read_text()
    program = re.search(r"```python\n(.*?)```", card, re.DOTALL)[1]
    assert len(program.splitlines()) <= 20
    Image.new("RGB", (40, 30), "orange").save(top / "picture.png")
    done = run(top, sys.executable, "-c", program)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["mask", "(1,", "16,", "16,", "1)", "float32"]


@pytest.mark.slow
def test_bill_and_provenance_are_what_their_standards_say(first):
    bill = (first / "sbom.cdx.json").read_text()
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(bill) is None
    components = {each["bom-ref"]: each for each in json.loads(bill)["components"]}
    assert components["tool:tensorflow"]["purl"].startswith("pkg:pypi/tensorflow@")
    assert components["model:good/16x16"]["licenses"] == [{"license": {"id": "Apache-2.0"}}]
    assert components["source:good/16x16:weights"]["hashes"]
    found = json.loads((first / "provenance.intoto.json").read_text())
    assert found["predicateType"] == "https://slsa.dev/provenance/v1"
    subjects = {each["name"]: each["digest"]["sha256"] for each in found["subject"]}
    for name, sha256 in subjects.items():
        assert hashlib.sha256((first / name).read_bytes()).hexdigest() == sha256
    assert "index.json" in subjects


@pytest.mark.slow
def test_the_same_zoo_released_again_is_the_same_bytes(first, zoo):
    before = {p.relative_to(first): p.read_bytes() for p in first.rglob("*") if p.is_file()}
    done = run(zoo, sys.executable, "-m", "converters.release", "--version", "1.0.0")
    assert done.returncode == 0, done.stdout + done.stderr
    after = {p.relative_to(first): p.read_bytes() for p in first.rglob("*") if p.is_file()}
    assert after == before


@pytest.mark.slow
def test_one_changed_field_is_all_that_the_change_log_tells(first, zoo):
    recipe = zoo / "models/good/recipe.yaml"
    text = recipe.read_text()
    recipe.write_text(text + "quantize: {per_channel: false}\n")
    try:
        done = release(zoo, "1.1.0")
    finally:
        recipe.write_text(text)
    assert done.returncode == 0, done.stdout + done.stderr
    second = zoo / "release" / "1.1.0"
    (change,) = json.loads((second / "index.json").read_text())["changes"]
    assert change["name"] == "good/16x16"
    assert [file[0] for file in change["files"]] == ["int8"]
    assert list(change["reasons"]) == ["recipe: quantize.per_channel was true, is false"]
    log = (second / "CHANGES.md").read_text()
    assert "recipe: quantize.per_channel was true, is false (quantize-int8)" in log
    files = [{p.name for p in (each / "artifacts").iterdir()} for each in (first, second)]
    assert {name for name in files[0] ^ files[1] if "int8" not in name} == set()
    assert len(files[0] - files[1]) == len(files[1] - files[0]) == 1


@pytest.mark.slow
def test_what_is_stale_or_tampered_with_is_refused(first, zoo):
    recipe = zoo / "models/good/recipe.yaml"
    text = recipe.read_text()
    report = zoo / "results/private/16x16/package/report.json"
    content = report.read_bytes()
    recipe.write_text(text + "limits: {int8: {sqnr_db: 90}}\n")
    report.write_bytes(content.replace(b"forbidden", b"allowed  "))
    try:
        done = run(zoo, sys.executable, "-m", "converters.release", "--version", "2.0.0")
    finally:
        recipe.write_text(text)
        report.write_bytes(content)
    assert done.returncode == 1
    assert re.search(r"good/16x16: is stale \(.*verify-int8", done.stdout)
    assert "int8: output mask: sqnr_db is" in done.stdout
    assert "private/16x16" in done.stdout and "report.json was changed" in done.stdout
    assert not (zoo / "release" / "2.0.0").exists()


def test_a_refusal_is_not_lost_in_the_pipe_to_its_log(tmp_path):
    plan = Plan.load({"models": str(ROOT / "models"), "select": ["digits"], "cache": ""})
    prefix = plan.shell_prefix(ROOT, Path(sys.executable)).format()
    command = f"{prefix} (exit 3) 2>&1 | tee {tmp_path}/release.log"
    assert subprocess.run(["bash", "-c", command], check=False).returncode == 3


# The pages ----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def site(first, zoo):
    command = ["-m", "converters.site", "--models", "models", "--out", "deep/below/site"]
    done = run(zoo, sys.executable, *command)
    assert done.returncode == 0, done.stdout + done.stderr
    return zoo / "deep" / "below" / "site"


@pytest.fixture(scope="module")
def browser():
    if not CHROMIUM:
        pytest.skip("no chromium on this machine: the pages are not opened")
    found = Browser()
    yield found
    found.close()


def pages(site: Path) -> list[Path]:
    return sorted(path.relative_to(site) for path in site.rglob("*.html"))


@pytest.mark.slow
def test_every_link_of_the_site_stays_in_it_and_leads_somewhere(site):
    assert len(pages(site)) == 5  # the table, and two pages for each of two models
    for page in pages(site):
        text = (site / page).read_text()
        assert len(text) < 1_000_000
        links = re.findall(r'(?:href|src)="([^"]+)"', text)
        own = [link for link in links if not re.match(r"(https?:|data:|#)", link)]
        assert own
        for link in own:
            target = (site / page).parent / link.split("#")[0]
            assert target.resolve().is_relative_to(site.resolve()) and target.is_file(), link
        loaded = re.findall(r'<(?:script|link|img)[^>]+(?:src|href)="([^"]+)"', text)
        assert not [link for link in loaded if link.startswith("http")]


@pytest.mark.slow
def test_downloads_have_the_checksums_that_their_page_gives(site):
    text = (site / "models" / "good-16x16.html").read_text()
    found = re.findall(r'<a href="([^"]+)" download>.*?data-copy="([0-9a-f]{64})"', text, re.DOTALL)
    assert len(found) == 4  # everything, ir, float32, int8
    for link, sha256 in found:
        file = site / "models" / link
        assert hashlib.sha256(file.read_bytes()).hexdigest() == sha256
    private = (site / "models" / "private-16x16.html").read_text()
    assert " download>" not in private and "not handed on" in private
    assert "https://example.org/LICENSE" in private


@pytest.mark.slow
@pytest.mark.parametrize(("width", "height"), [(1280, 800), (390, 844)], ids=["desktop", "phone"])
def test_every_page_opens_without_complaint(site, browser, width, height, tmp_path):
    for page in pages(site):
        browser.complaints.clear()
        browser.requests.clear()
        browser.open((site / page).as_uri(), width, height, dark=width < 600)
        assert browser.complaints == []
        assert {url.split(":")[0] for url in browser.requests} <= {"file", "data", "about"}
        assert browser.evaluate("document.documentElement.scrollWidth") <= width, page
        assert browser.evaluate("[...document.images].every((i) => i.hasAttribute('alt'))")
        assert browser.evaluate("document.querySelectorAll('h1').length") == 1
        assert browser.evaluate(UNNAMED) == []
        browser.screenshot(tmp_path / f"{page.stem}-{width}.png")


UNNAMED = """
[...document.querySelectorAll('a, button, select, input')].filter((e) =>
  !(e.textContent.trim() || e.ariaLabel || e.closest('label'))).map((e) => e.outerHTML)
"""
"""What can be operated and has no name for who cannot see it."""

VISIBLE = (
    "[...document.querySelectorAll('#zoo tbody tr')].filter((r) => !r.hidden).map((r) => r.dataset"
)


@pytest.mark.slow
def test_the_table_is_searched_filtered_and_sorted(site, browser):
    browser.open((site / "index.html").as_uri())
    artifacts = f"{VISIBLE}.artifact)"
    assert browser.evaluate(artifacts) == ["ir", "float32", "int8", "float32"]
    type_in(browser, "#search", "QUANTIZE nothing")
    assert browser.evaluate(artifacts) == ["int8"]
    assert browser.evaluate("document.getElementById('shown').textContent") == "1"
    assert "q=QUANTIZE" in browser.evaluate("location.hash")
    type_in(browser, "#search", "no such thing")
    assert browser.evaluate("!document.getElementById('none').hidden")
    type_in(browser, "#search", "")
    type_in(browser, "[data-filter=artifact]", "float32")
    assert browser.evaluate(artifacts) == ["float32", "float32"]
    type_in(browser, "[data-filter=artifact]", "")
    for expected in (sorted, lambda sizes: sorted(sizes, reverse=True)):
        browser.evaluate("document.querySelector('[data-sort=bytes]').click()")
        sizes = browser.evaluate(f"{VISIBLE}.bytes).map(Number)")
        assert sizes == expected(sizes)
    heads = "document.querySelector('[data-sort=bytes]').closest('th').ariaSort"
    assert browser.evaluate(heads) == "descending"


def type_in(browser: Browser, selector: str, text: str) -> None:
    browser.evaluate(
        f"(() => {{ const e = document.querySelector({selector!r}); e.value = {text!r};"
        " e.dispatchEvent(new Event('input', {bubbles: true})); })()"
    )


@pytest.mark.slow
def test_a_graph_pans_and_zooms_by_wheel_mouse_keys_and_buttons(site, browser):
    browser.open((site / "graphs" / "good-16x16.html").as_uri())
    titles = browser.evaluate(
        "[...document.querySelectorAll('.station h2')].map((h) => h.textContent)"
    )
    assert titles == ["ONNX", "simplified ONNX", "OpenVINO IR", "TFLite float32"]
    box = "document.querySelector('.graph').getAttribute('viewBox').split(' ').map(Number)"
    place = "(({x, y, width, height}) => [x + width / 2, y + height / 2])"
    x, y = browser.evaluate(f"{place}(document.querySelector('.graph').getBoundingClientRect())")
    whole = browser.evaluate(box)
    browser.wheel(x, y, -200)
    closer = browser.evaluate(box)
    assert closer[2] < whole[2]
    browser.drag((x, y), (x + 30, y + 20))
    moved = browser.evaluate(box)
    assert moved[0] < closer[0] and moved[1] < closer[1] and moved[2] == closer[2]
    browser.evaluate("document.querySelector('.view').focus()")
    browser.key("ArrowRight")
    assert browser.evaluate(box)[0] > moved[0]
    browser.evaluate("document.querySelector('[data-zoom=all]').click()")
    assert browser.evaluate(box)[2:] == whole[2:]
    operators = browser.evaluate(
        "[...document.querySelectorAll('.counts dd')].map((d) => d.textContent)"
    )
    assert operators[2::3] == ["0", "0", "0", "0"]  # no transposes


@pytest.mark.slow
def test_the_history_of_releases_is_drawn(first, zoo):
    command = [sys.executable, "-m", "converters.site", "--models", "models", "--only", "good"]
    for number, folder in (("1.0.0", "alone"), ("1.0.1", "two")):
        shutil.copytree(first, zoo / "history" / number)
        done = run(zoo, *command, "--releases", "history", "--out", folder)
        assert done.returncode == 0, done.stderr
    title = "Size over releases"
    assert title in (zoo / "two/models/good-16x16.html").read_text()
    assert title not in (zoo / "alone/models/good-16x16.html").read_text()
