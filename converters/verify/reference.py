"""reference: run the source model on the verification samples, and keep what it answers.

    python -m converters.verify.reference digits 8x8 --out /tmp/reference.npz --facts /tmp/f.json

The archive holds `input/<name>` and `output/<name>` with one entry per sample, and for pictures
`picture/<name>`: the first ones as the model sees them. Where the recipe has an evaluation, the
source's own metric goes to the facts, for every artefact to be held against.
"""

from __future__ import annotations

import argparse
import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from converters import stage
from converters.datasets.preprocess import Array, framed, is_picture
from converters.datasets.samples import Sample, digest, samples
from converters.errors import ZooError
from converters.recipes import load_variant
from converters.recipes.recipe import Sampling, Variant
from converters.verify import archive
from converters.verify.metrics import metric_named, output_of, value_of_sample
from converters.verify.origins import Origin, Run, open_source
from converters.versions import versions

PACKAGES: Mapping[str, tuple[str, ...]] = {
    "pytorch": ("torch",),
    "onnx": ("onnxruntime",),
    "tflite": ("tflite-runtime",),
    "tensorflow_frozen": ("tensorflow",),
    "saved_model": ("tensorflow",),
    "keras": ("tensorflow", "keras"),
    "caffe": ("opencv-python-headless",),
    "sklearn": ("scikit-learn",),
    "paddle": (),  # in an environment of its own, whose lock is in the key
}
"""What runs each framework."""


def answered(variant: Variant, run: Run, drawn: Iterable[Sample]) -> dict[str, Array]:
    """The content of reference.npz, apart from the evaluation."""
    inputs: list[Mapping[str, Array]] = []
    outputs: list[Mapping[str, Array]] = []
    pictures: dict[str, list[Array]] = {}
    for sample in drawn:
        inputs.append(sample.inputs)
        outputs.append(_sound(run(sample.inputs)))
        for spec in variant.inputs:
            if len(inputs) <= archive.SHOWN and is_picture(spec, sample.raw[spec.name]):
                shown = framed(spec, sample.raw[spec.name])
                pictures.setdefault(spec.name, []).append(shown)
    return {
        **archive.stacked("input", inputs),
        **archive.stacked("output", outputs),
        **_stacked_alike(pictures),
    }


def _stacked_alike(pictures: Mapping[str, list[Array]]) -> dict[str, Array]:
    """Pictures without a resize may differ in size: then only those like the first are kept."""
    return {
        f"picture/{name}": np.stack([p for p in entries if p.shape == entries[0].shape])
        for name, entries in pictures.items()
    }


def _sound(outputs: dict[str, Array]) -> dict[str, Array]:
    for name, values in outputs.items():
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            raise ZooError(
                "the source model itself answers NaN or infinity",
                subject=f"output {name}",
                remedy="mend the preprocessing, or leave this output out of the recipe",
            )
    return outputs


def evaluated(
    sampling: Sampling, run: Run, drawn: Iterable[Sample]
) -> tuple[dict[str, Any], dict[str, Array]]:
    """The source's metric, and where a metric compares with the source: its outputs."""
    by_source = metric_named(sampling.metric).by_source
    values, kept = [], []
    for sample in drawn:
        output = output_of(sampling, run(sample.inputs))
        target = output[0] if by_source else sample.target
        values.append(value_of_sample(sampling.metric, output, target, sampling.options))
        kept += [{sampling.output: output}] if by_source else []
    record = {
        "name": sampling.metric,
        "output": sampling.output,
        "count": len(values),
        "value": metric_named(sampling.metric).over_all(values),
    }
    return record, archive.stacked("evaluation", kept) if kept else {}


def drawn_from(sampling: Sampling, inputs: Iterable[Mapping[str, Array]]) -> dict[str, Any]:
    """What samples were drawn, as facts: enough to know them again."""
    state = hashlib.sha256()
    for entry in inputs:
        state.update(digest(entry).encode())
    names = {"data": sampling.data, "count": sampling.count, "seed": sampling.seed}
    return {**names, "digest": state.hexdigest()}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options beside MODEL and VARIANT."""
    parser.add_argument("--sources", type=Path, required=True, help="folder of downloads")
    parser.add_argument(
        "--onnx", type=Path, help="changed.onnx or source.onnx, where the chain starts there"
    )
    parser.add_argument("--out", type=Path, required=True, help="reference.npz to write")
    parser.add_argument("--facts", type=Path, required=True, help="JSON file of facts to write")


def run(args: argparse.Namespace) -> None:
    """Make the reference."""
    variant = load_variant(args.models, args.model, args.variant)
    folder = args.models / args.model
    source = open_source(Origin(variant, folder, args.sources, args.onnx))
    drawn = samples(variant, variant.verification, folder, args.sources)
    tables = answered(variant, source, drawn)
    runs_in = "onnx" if variant.is_changed else variant.framework
    facts: dict[str, Any] = {
        "framework": runs_in,
        "samples": drawn_from(variant.verification, archive.entries_of(tables, "input")),
        "outputs": {n: list(v.shape[1:]) for n, v in archive.of_kind(tables, "output").items()},
        "versions": versions("numpy", "pillow", *PACKAGES[runs_in]),
    }
    if variant.evaluation is not None:
        drawn = samples(variant, variant.evaluation, folder, args.sources)
        facts["metric"], evaluation = evaluated(variant.evaluation, source, drawn)
        tables |= evaluation
    archive.write(args.out, tables)
    stage.write_json(args.facts, facts)


if __name__ == "__main__":
    raise SystemExit(stage.main("verify.reference", __doc__ or "", add_arguments, run))
