"""What `python -m converters.new` writes is built as it stands: a small file of every kind."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from test_new import PROTOTXT, onnx_file
from test_workflow import run, snakemake

FILES = Path(__file__).resolve().parent / "model_files"

pytestmark = pytest.mark.slow

KINDS = {
    "onnx": "tiny.onnx",
    "keras": "keras/net.keras",
    "frozen": "frozen/net.pb",
    "saved": "saved/net",
    "lite": "lite/net.tflite",
    "caffe": "weights/net.caffemodel",
}
"""Id -> the file that it is made from."""

NEW_ALL = """
import sys
from converters.new.__main__ import main
for entry in sys.argv[1:]:
    model, _, file = entry.partition("=")
    assert main([file, "--id", model]) == 0, file
"""


@pytest.fixture(scope="session")
def drafted(tmp_path_factory):
    """A zoo of nothing but drafts, nobody having decided anything."""
    folder = tmp_path_factory.mktemp("drafted")
    filters = np.random.default_rng(0).normal(size=(3, 3, 3, 2)).astype(np.float32)
    np.save(folder / "filters.npy", filters)
    for name in ("weights", "saved"):
        (folder / name).mkdir()
    onnx_file(folder / "tiny.onnx")
    (folder / "weights" / "net.prototxt").write_text(PROTOTXT)
    quiet = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    lenient = {**quiet, "PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION": "python"}
    for script, settings in (("tensorflow_files.py", quiet), ("caffe_file.py", lenient)):
        subprocess.run([sys.executable, FILES / script, folder], check=True, env=settings)
    entries = [f"{model}={folder / file}" for model, file in KINDS.items()]
    done = run(folder, sys.executable, "-c", NEW_ALL, *entries)
    assert done.returncode == 0, done.stderr
    (folder / "config.yaml").write_text("cache: ''\n")
    return folder


def test_every_draft_passes_the_check(drafted):
    done = run(drafted, sys.executable, "-m", "converters.check")
    assert done.returncode == 0, done.stderr
    assert f"{len(KINDS)} recipes" in done.stdout


def test_every_draft_is_built_and_agrees_with_its_source(drafted):
    sizes = dict.fromkeys(KINDS, "8x8") | {"frozen": "224x224"}
    wanted = [f"results/{model}/{size}/verify/float32.json" for model, size in sizes.items()]
    build = snakemake(drafted, *wanted, "results/onnx/8x8/package")
    assert build.code == 0, build.output
    for path in wanted:
        assert (drafted / path).is_file()
    assert (drafted / "results/onnx/8x8/package/float16.tflite").is_file()


def test_a_draft_of_a_checkpoint_is_left_out_until_its_network_is_written(drafted, tmp_path):
    import torch

    state = {"head.weight": torch.zeros(2, 4), "head.bias": torch.zeros(2)}
    torch.save(state, tmp_path / "little.pth")
    done = run(drafted, sys.executable, "-m", "converters.new", str(tmp_path / "little.pth"))
    assert done.returncode == 0, done.stderr
    left_out = snakemake(drafted, "all", "-n")
    assert "little" not in left_out.output
    recipe = drafted / "models/little/recipe.yaml"
    lines = recipe.read_text().splitlines()
    recipe.write_text("\n".join(e for e in lines if not e.startswith(("status:", "reason:"))))
    network = drafted / "models/little/network.py"
    text = network.read_text()
    begins = text.index("        raise NotImplementedError")
    network.write_text(f"{text[:begins]}        return self.head(x)\n")
    build = snakemake(drafted, "results/little/default/verify/float32.json")
    assert build.code == 0, build.output
    shutil.rmtree(drafted / "models/little")
