"""What each stage imports, and that it makes the same bytes in a worker that has all imported."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from benchmarks.startup.zoo import make_zoo
from converters.contents import content_digest
from converters.workers import build_id

ROOT = Path(__file__).resolve().parent.parent

HEAVY = {
    *("tensorflow", "keras", "torch", "openvino", "onnx", "onnxruntime", "onnxsim", "onnxscript"),
    *("scipy", "sklearn", "skimage", "pandas", "matplotlib", "cv2", "tflite_runtime"),
    *("openvino_telemetry", "torchvision", "transformers"),
}
"""Packages that take more than a twentieth of a second to import, or must never be imported."""

ALONE = """
import json, sys
from converters.run_stage import run_stage
listing, stage, *options = sys.argv[1:]
code = run_stage(stage, options)
names = sorted({n.split(".")[0] for n, module in sys.modules.items() if module})
open(listing, "w").write(json.dumps(names))
sys.exit(code)
"""

IN_WORKER = """
import sys
from converters.workers import run_in_worker
_, stage, *options = sys.argv[1:]
code = run_in_worker(stage, options, "pytorch")
sys.exit(99 if code is None else code)
"""

EXPORT = "--sources sources --out {0}/source.onnx --facts {0}/export.json"
SIMPLIFY = "--onnx {0}/source.onnx --out {0}/simplified.onnx --facts {0}/simplify.json"
MO = "--onnx {0}/simplified.onnx --out-xml {0}/ir/model.xml --facts {0}/mo.json"
TF = (
    "--xml {0}/ir/model.xml --out {0}/saved_model --interface {0}/interface.json"
    " --facts {0}/tf.json"
)
QUANTIZE = (
    "--saved-model {0}/saved_model --interface {0}/interface.json --kind {1}"
    " --out {0}/{1}.tflite --facts {0}/{1}.json"
)
REFERENCE = "--sources sources --out {0}/reference.npz --facts {0}/reference.json"
LINT = (
    "--path {0}/float32.tflite --interface {0}/interface.json --reference {0}/reference.npz"
    " --sources sources --facts {0}/lint.json"
)
LAYERS = (
    "--artifact {1} --path {0}/{1}.tflite --float {0}/float32.tflite"
    " --interface {0}/interface.json --reference {0}/reference.npz"
    " --reference-facts {0}/reference.json --out {0}/layers/{1}.json --picture {0}/layers/{1}.png"
)
VERIFY = (
    "--artifact {1} --path {0}/{2} --interface {0}/interface.json --reference {0}/reference.npz"
    " --reference-facts {0}/reference.json --out {0}/verify/{1}.json --outputs {0}/verify/{1}.npz"
)
PICTURES = "--reference {0}/reference.npz --outputs {0}/verify/float32.npz --out {0}/pictures"
REPORT = "--evidence {0}/verify/float32.json --facts {0}/tf.json --out {0}/report.json"
PACKAGE = (
    "--artifacts {0}/float32.tflite --report {0}/report.json --interface {0}/interface.json"
    " --pictures {0}/pictures --out {0}/package"
)

CHAIN = [
    ("export", EXPORT, (), {"torch", "onnx"}),
    ("simplify", SIMPLIFY, (), {"onnx", "onnxruntime"}),
    ("mo", MO, (), {"openvino"}),
    ("tf", TF, (), {"tensorflow", "openvino", "scipy"}),
    ("quantize", QUANTIZE, ("float32",), {"tensorflow", "scipy"}),
    ("quantize", QUANTIZE, ("int8",), {"tensorflow", "scipy"}),
    ("reference", REFERENCE, (), {"torch"}),
    ("lint", LINT, (), {"tflite_runtime"}),
    ("layers", LAYERS, ("int8",), {"tflite_runtime", "matplotlib"}),
    ("verify", VERIFY, ("saved_model", "saved_model"), {"tensorflow", "scipy"}),
    ("verify", VERIFY, ("ir", "ir/model.xml"), {"openvino"}),
    ("verify", VERIFY, ("float32", "float32.tflite"), {"tflite_runtime"}),
    ("pictures", PICTURES, (), set()),
    ("report", REPORT, (), set()),
    ("package", PACKAGE, (), set()),
]
"""Every stage in the order of a build, its options, and the heavy packages it may have loaded."""

NOT_IN_WORKERS = {"pictures", "report", "package"}


def names() -> Iterator[str]:
    for stage, _, values, _ in CHAIN:
        yield "-".join([stage, *values[:1]])


def run_chain(folder: Path, code: str, results: str, environ: dict[str, str]) -> dict[str, str]:
    """Run every stage; the digests of all files that they made, by name."""
    stages = [row for row in CHAIN if code == ALONE or row[0] not in NOT_IN_WORKERS]
    for name, (stage, options, values, _) in zip(names(), stages, strict=False):
        words = [stage, "tiny000", "16x16", "--models", "models"]
        words += options.format(results, *values).split()
        command = [sys.executable, "-c", code, f"{results}/{name}.modules", *words]
        done = subprocess.run(command, cwd=folder, env=environ, capture_output=True, text=True)
        assert done.returncode == 0, f"{name}: {done.stderr}"
    found = (folder / results).rglob("*")
    files = (path for path in found if path.is_file() and path.suffix != ".modules")
    return {path.relative_to(folder / results).as_posix(): content_digest(path) for path in files}


@pytest.fixture(scope="module")
def environ():
    settings = {"PYTHONPATH": str(ROOT), "PYTHONHASHSEED": "0", "OPENBLAS_NUM_THREADS": "1"}
    quiet = {"TF_CPP_MIN_LOG_LEVEL": "3", "CUDA_VISIBLE_DEVICES": "", "OMP_NUM_THREADS": "1"}
    return {**os.environ, **settings, **quiet}


@pytest.fixture(scope="module")
def zoo(tmp_path_factory):
    folder = tmp_path_factory.mktemp("i")
    make_zoo(folder / "models", 1, ROOT / "models" / "schema.yaml")
    return folder


@pytest.fixture(scope="module")
def alone(zoo, environ):
    return run_chain(zoo, ALONE, "alone", environ)


@pytest.mark.slow
@pytest.mark.parametrize(("name", "row"), list(zip(names(), CHAIN, strict=True)), ids=names())
def test_a_stage_imports_what_it_needs_and_no_more(zoo, alone, name, row):
    loaded = set(json.loads((zoo / "alone" / f"{name}.modules").read_text()))
    assert loaded & HEAVY == row[-1]


@pytest.mark.slow
def test_a_worker_makes_the_bytes_that_a_process_of_its_own_makes(zoo, alone, environ):
    with subprocess.Popen(["sleep", "900"]) as builder:
        try:
            inside = {**environ, "ZOO_BUILD": build_id(builder.pid), "XDG_RUNTIME_DIR": str(zoo)}
            forked = run_chain(zoo, IN_WORKER, "forked", inside)
        finally:
            builder.kill()
    assert {"source.onnx", "float32.tflite", "int8.tflite", "ir/model.bin"} <= set(forked)
    assert {name: alone[name] for name in forked} == forked
