"""Memory: the needs of stages beside what was measured, and that Snakemake heeds them."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import NamedTuple

import pytest

from converters import memory
from converters.recipes import load_variant

ROOT = Path(__file__).resolve().parent.parent
MODELS = ROOT / "models"


class Network(NamedTuple):
    """A network that was built while the peak of every process was measured."""

    weights: float  # MB
    elements: float  # millions
    peaks: dict[str, int]  # MB


MEASURED = {
    "one small convolution, 8x8": Network(
        0.0,
        0.0,
        {
            "export": 263,
            "simplify": 324,
            "mo": 90,
            "tf": 690,
            "quantize": 689,
            "verify": 58,
            "verify-ir": 101,
            "verify-saved_model": 667,
            "pictures": 46,
            "reference": 241,
        },
    ),
    "the same, 1024x1024": Network(
        0.02,
        3.146,
        {
            "export": 1034,
            "simplify": 1187,
            "tf": 691,
            "quantize": 1025,
            "verify": 1316,
            "verify-ir": 848,
            "verify-saved_model": 1481,
            "pictures": 300,
            "reference": 716,
        },
    ),
    "4 wide convolutions": Network(
        105.2,
        0.0,
        {
            "export": 814,
            "simplify": 947,
            "mo": 284,
            "tf": 2880,
            "quantize": 3435,
            "verify": 360,
            "verify-ir": 305,
            "verify-saved_model": 3488,
            "reference": 437,
        },
    ),
    "16 wide convolutions": Network(
        419.9,
        0.0,
        {
            "export": 2298,
            "simplify": 2928,
            "mo": 884,
            "tf": 9182,
            "quantize": 11257,
            "verify": 1260,
            "verify-ir": 912,
            "verify-saved_model": 11210,
            "reference": 1038,
        },
    ),
    "u2netp 320x320": Network(
        4.5,
        0.307,
        {
            "export": 877,
            "simplify": 892,
            "mo": 187,
            "tf": 773,
            "quantize": 1281,
            "verify": 544,
            "verify-ir": 305,
            "verify-saved_model": 1043,
            "layers": 1678,
            "pictures": 80,
            "reference": 543,
        },
    ),
    "fsrcnn_x2 240x320, from a TensorFlow graph": Network(
        0.1, 0.077, {"mo": 783, "tf": 687, "reference": 739}
    ),
    "hand_keypoint_classifier, from TFLite": Network(
        0.01, 0.0, {"mo": 763, "tf": 957, "reference": 670}
    ),
}


@pytest.mark.parametrize("network", MEASURED.values(), ids=MEASURED)
def test_the_needs_bound_what_was_measured(network):
    for stage, peak in network.peaks.items():
        need = memory.needed(stage, network.weights, network.elements)
        assert peak <= need, stage
        assert need <= peak * 4 + 1000, f"{stage}: so little runs side by side"


def test_a_job_that_is_tried_again_gets_more():
    assert memory.needed("tf", 0, 0, 2) == 1.5 * memory.needed("tf", 0, 0, 1)


def of(model: str, variant: str, **more: str) -> SimpleNamespace:
    return SimpleNamespace(model=model, variant=variant, **more)


def test_a_rule_asks_for_the_model_it_is_about():
    reads = []

    def variant_of(wildcards):
        reads.append(wildcards.model)
        return load_variant(MODELS, wildcards.model, wildcards.variant)

    tf = memory.asked(variant_of, MODELS, "tf")
    small, large = tf(of("digits", "8x8"), 1), tf(of("u2netp", "320x320"), 1)
    weights = (MODELS / "u2netp/weights.safetensors").stat().st_size / 1e6
    assert 1000 <= small < large == pytest.approx(1000 + 21 * weights, abs=1)
    assert tf(of("digits", "8x8"), 2) > small
    assert reads == ["digits", "u2netp"]


def test_an_artefact_may_have_needs_of_its_own():
    verify = memory.asked(lambda w: load_variant(MODELS, w.model, w.variant), MODELS, "verify")
    assert verify(of("digits", "8x8", artifact="saved_model"), 1) > 750
    assert verify(of("digits", "8x8", artifact="float32"), 1) < 200


def test_the_size_of_a_source_is_the_recipes_or_the_files(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    variant = load_variant(MODELS, "digits", "8x8")
    url = replace(variant.sources["weights"], kind="url", path="", size=None)
    unknown = replace(variant, sources={"weights": url})
    assert memory.weights_of(unknown, MODELS / "digits") == 0
    fetched = tmp_path / "sources" / "digits" / "weights"
    fetched.mkdir(parents=True)
    (fetched / "weights.safetensors").write_bytes(b"0" * 2_000_000)
    assert memory.weights_of(unknown, MODELS / "digits") == 2
    told = replace(variant, sources={"weights": replace(url, size=3_000_000)})
    assert memory.weights_of(told, MODELS / "digits") == 3


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ({}, 7549),
        ({"memory.max": "max"}, 7549),
        ({"memory.max": "2000000000"}, 1800),
        ({"memory/memory.limit_in_bytes": "9223372036854771712"}, 7549),
        ({"memory/memory.limit_in_bytes": "1000000000"}, 900),
    ],
)
def test_a_container_has_what_it_may_have(tmp_path, limits, expected):
    files = {"proc/meminfo": "MemTotal:        8192000 kB\nMemFree: 1 kB\n"}
    files |= {f"sys/fs/cgroup/{name}": text + "\n" for name, text in limits.items()}
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text)
    assert memory.of_this_machine(tmp_path) == expected


SNAKEFILE = """
from converters import memory
memory.of_this_machine = lambda: 1000
memory.bound(workflow)
rule all:
    input: expand("{n}.done", n=range(3))
rule job:
    output: "{n}.done"
    resources: mem_mb=lambda wildcards: MEGABYTES
    shell: "COMMAND"
"""
ALONE = "mkdir running && sleep 0.3 && rmdir running && touch {output}"
TOGETHER = (
    "touch {wildcards.n}.here; for i in $(seq 300); do"
    " [ $(ls *.here | wc -l) = 3 ] && touch {output} && exit 0; sleep 0.1; done; exit 1"
)


@pytest.mark.parametrize(
    ("megabytes", "command", "given"),
    [
        (600, ALONE, ()),
        (5000, ALONE, ()),  # more than there is: all of it, alone
        (300, TOGETHER, ()),
        (600, TOGETHER, ("--resources", "mem_mb=2000")),
        (600, TOGETHER, ("--resources", "mem=2GB")),
    ],
)
def test_jobs_run_side_by_side_only_where_their_memory_fits(tmp_path, megabytes, command, given):
    text = SNAKEFILE.replace("MEGABYTES", str(megabytes)).replace("COMMAND", command)
    (tmp_path / "Snakefile").write_text(text)
    done = subprocess.run(
        [Path(sys.executable).parent / "snakemake", "--cores", "3", *given],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        text=True,
        capture_output=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
