"""A TensorFlow.js model in a real browser says what TFLite says of the same pixels."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import twin_network as twin
from PIL import Image
from test_targets import order, wants

from converters.errors import ZooError
from converters.recipes import load_variant
from converters.targets import __main__ as command
from converters.targets import browser

ROOT = Path(__file__).resolve().parent.parent

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning")


@pytest.fixture(scope="module")
def zoo(tmp_path_factory):
    """The twin network's recipe, and a picture of another size."""
    zoo = tmp_path_factory.mktemp("zoo")
    twin.write_model(zoo)
    noise = np.random.default_rng(0).integers(0, 256, (40, 50, 3), dtype=np.uint8)
    Image.fromarray(noise).save(zoo / "picture.png")
    return zoo


def test_a_page_has_all_that_a_server_serves(zoo, tmp_path):
    variant = load_variant(zoo / "models", twin.MODEL, twin.VARIANT)
    model = tmp_path / "tfjs"
    model.mkdir()
    twin.write_interface(model / "interface.json")
    signature = {"outputs": {"mask": {"name": "Identity_1:0"}}}
    (model / "model.json").write_text(json.dumps({"signature": signature}))
    picture = np.full((40, 50, 3), 7, np.uint8)
    output = browser.write_page(variant, model, picture, tmp_path / "page")
    wanted = json.loads((tmp_path / "page" / "page.json").read_text())
    assert (output.name, wanted["tensor"]) == ("mask", "Identity_1:0")
    assert wanted["steps"] == [["scale", 255]]  # pictures are resized before they are served
    with Image.open(tmp_path / "page" / "picture.png") as image:
        assert image.size == (twin.SIDE, twin.SIDE)
    made = {path.name for path in (tmp_path / "page").iterdir()}
    assert made == {"index.html", "page.mjs", "page.json", "picture.png", "model"}


def test_no_browser_is_said(monkeypatch):
    monkeypatch.setattr(browser.shutil, "which", lambda _name: None)
    with pytest.raises(ZooError, match="none of chromium"):
        browser.browser()


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("node") is None, reason="there is no node here")
@pytest.mark.skipif(not any(map(shutil.which, browser.PROGRAMS)), reason="there is no Chromium")
def test_the_browser_draws_the_mask_of_tflite(zoo):
    wants("tfjs", "node")
    import tensorflow as tf

    results = zoo / "results" / twin.MODEL / twin.VARIANT
    variant = load_variant(zoo / "models", twin.MODEL, twin.VARIANT)
    twin.write_saved_model(results / "saved_model")
    for place in (zoo, results):
        twin.write_interface(place / "interface.json")
    command.made(order(zoo, variant, "tfjs", results / "tfjs", str(results / "saved_model")))
    converter = tf.lite.TFLiteConverter.from_saved_model(str(results / "saved_model"))
    (results / "float32.tflite").write_bytes(converter.convert())
    words = ["-m", "converters.targets.browser", twin.MODEL, twin.VARIANT, "picture.png"]
    done = subprocess.run(
        [sys.executable, *words, "--limit", "1e-5"],
        cwd=zoo,
        env={"PYTHONPATH": str(ROOT), "PATH": os.environ["PATH"], "HOME": str(zoo)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "mask: the browser differs from TFLite by at most" in done.stdout
    assert (zoo / "page" / "screenshot.png").stat().st_size > 1000
    assert np.ptp(json.loads((zoo / "page" / "answer.json").read_text())["values"]) > 0.3
