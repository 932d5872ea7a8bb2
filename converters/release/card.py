"""The model card: what a variant is, for whom it may be used and how, in Markdown.

Everything comes from the recipe and the report; nothing says when or for which release it was
written, so that an unchanged model has an unchanged card.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from converters.jobs import COMPILED
from converters.recipes.recipe import Input, Options, Sampling
from converters.recipes.references import is_shared
from converters.release import licences, snippet
from converters.release.content import Offer
from converters.release.materials import Material, materials, withheld_pictures
from converters.release.waveform import is_heard
from converters.summary import size_text

RUNNABLE = ("float32", "float16", "weight_only", "dynamic", "int8")
"""The TFLite files that take and give floats, the exact ones first."""

FRAMES = "{0[bands]} mel bands of {0[frame]} values every {0[step]}, at {0[rate]} Hz"

WORDS = {
    "resize": "resize to {0[0]} x {0[1]} (height x width, bilinear, filtered)",
    "letterbox": "fit into {0[0]} x {0[1]} (height x width) with its proportions kept, grey around",
    "center_crop": "cut out the middle {0[0]} x {0[1]} (height x width)",
    "scale": "divide by {0}",
    "mean": "subtract {0}",
    "std": "divide by {0}",
    "multiply": "multiply by {0}",
    "add": "add {0}",
    "log_mel": f"logarithm of {FRAMES}",
    "mfcc": f"{{0[count]}} MFCC of {FRAMES}",
}

TITLES = {
    "saved_model": "TensorFlow SavedModel",
    "ir": "OpenVINO IR",
    "frozen_pb": "frozen TensorFlow graph",
    "h5": "Keras, .h5",
    "keras": "Keras, .keras",
    "weights_and_json": "Keras weights and JSON",
    "float32": "TFLite, float32",
    "float16": "TFLite, float16 weights",
    "weight_only": "TFLite, int8 weights alone",
    "dynamic": "TFLite, int8 weights, dynamic range",
    "int8": "TFLite, int8 inside, float at the ends",
    "full_int8": "TFLite, int8 throughout",
    "full_uint8": "TFLite, int8 inside, uint8 at the ends",
    COMPILED: "TFLite, compiled for the Edge TPU",
}


def card(offer: Offer) -> str:
    """The whole card."""
    sections = [_head(offer), _terms(offer), _inputs(offer), _outputs(offer), _use(offer)]
    sections += [_quality(offer), _operators(offer), _edgetpu(offer), _made(offer)]
    return "\n".join(line for section in sections for line in [*section, ""]).rstrip() + "\n"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """A table in Markdown."""
    for cells in (head, ["---"] * len(head), *rows):
        yield f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in cells)} |"


def task_text(task: str) -> str:
    """A task as people say it."""
    return task.replace("_", " ")


def _head(offer: Offer) -> Iterator[str]:
    recipe = offer.recipe
    yield f"# {recipe.name} ({offer.variant.name})"
    yield ""
    yield f"A network for {task_text(recipe.task)}: `{offer.name}` of the zoo, converted from"
    yield f"{offer.report['framework']} and held against the original, artefact by artefact."


def _terms(offer: Offer) -> Iterator[str]:
    licence = offer.recipe.license
    yield "## Origin and licence"
    yield ""
    labels = "".join(f" ({label})" for label in licences.labels(licence.spdx))
    yield f"- Licence: {licence.spdx}{labels}"
    yield from ([f"- Licence text: <{licence.url}>"] if licence.url else [])
    yield from ([f"- {licence.evidence}"] if licence.evidence else [])
    yield from (f"- {kind}: <{link}>" for kind, link in sorted(offer.recipe.links.items()))
    for each in sorted(materials(offer), key=lambda each: each.reference):
        yield f"- Source `{each.reference}`: {origin(each)}"
    withheld = withheld_pictures(offer)
    if withheld:
        yield f"- Pictures of samples are not part of the archive: {withheld}"


def origin(material: Material) -> str:
    """Where a source comes from, its digest, and its licence where it is not the network's."""
    source, sha256 = material.source, material.sha256
    pinned = f"commit {source.commit}" if source.commit else f"sha256 {sha256}" if sha256 else ""
    where = f"<{source.url}>" if source.url else f"`{source.path}` of the recipe's folder"
    where = f"Google Drive {source.id}" if source.kind == "gdrive" else where
    terms = material.licence.spdx if material.licence and is_shared(material.reference) else ""
    return ", ".join(part for part in (where, pinned, terms) if part)


def _inputs(offer: Offer) -> Iterator[str]:
    yield "## Inputs"
    yield ""
    stored = {entry["name"]: entry for entry in offer.interface["inputs"]}
    for spec in offer.variant.inputs:
        entry = stored.get(spec.name, {"shape": spec.shape, "dtype": spec.dtype})
        yield f"- `{spec.name}`: {entry['dtype']} {list(entry['shape'])}; {preparation(spec)}"
    built_in = offer.variant.stages.get("ir", {})
    done = [key for key in ("mean", "scale", "reverse_channels") if built_in.get(key)]
    if done:
        yield f"- The files do themselves, so do not do it again: {', '.join(done)}"


def preparation(spec: Input) -> str:
    """How a sample becomes the input, in words."""
    if snippet.is_pictured(spec):
        what = f"a {COLORS[spec.color]} picture"
    else:
        what = "a sound" if is_heard(spec) else "an array"
    steps = [WORDS[name].format(_said(value)) for name, value in _steps(spec)]
    return f"{what}: {', '.join(steps)}" if steps else f"{what}, as it is"


COLORS = {"RGB": "RGB", "BGR": "BGR", "GRAY": "grey"}


def _steps(spec: Input) -> Iterator[tuple[str, Any]]:
    for step in spec.preprocess:
        yield from step.items()


def _said(value: Any) -> Any:
    return "its own maximum" if value == "image_max" else value


def _outputs(offer: Offer) -> Iterator[str]:
    semantics = {output.public_name: output.semantics for output in offer.variant.outputs}
    yield "## Outputs"
    yield ""
    for entry in offer.interface["outputs"]:
        meaning = semantics.get(entry["name"], "")
        said = f": {meaning.replace('_', ' ')}" if meaning else ""
        yield f"- `{entry['name']}`: {entry['dtype']} {list(entry['shape'])}{said}"


def _use(offer: Offer) -> Iterator[str]:
    kind = next((name for name in RUNNABLE if name in offer.artifacts), None)
    if kind is None:
        return
    file = f"{kind}.tflite"
    yield "## How to run it"
    yield ""
    yield f"`pip install tflite-runtime pillow 'numpy<2'`, and beside `{file}`:"
    yield ""
    yield "```python"
    yield from snippet.snippet(offer.variant, offer.interface, file).splitlines()
    yield "```"


def _quality(offer: Offer) -> Iterator[str]:
    yield "## How good it is"
    yield ""
    head = ("artefact", "size", "largest error", "SQNR", "transposes", *_metric_head(offer))
    yield from table(head, [_quality_row(offer, name) for name in offer.artifacts])
    yield ""
    yield "The largest error is that of any output value beside the original network's, over the"
    yield f"largest value of the output; {_sampled(offer.variant.verification)}."
    sampling = offer.variant.evaluation
    if sampling:
        yield f"{sampling.metric} of `{sampling.output}`: {_sampled(sampling)}; the original's own"
        yield "value is in brackets."


def _sampled(sampling: Sampling) -> str:
    return f"{sampling.count} samples of `{sampling.data}`, seed {sampling.seed}"


def _metric_head(offer: Offer) -> list[str]:
    return [offer.variant.evaluation.metric] if offer.variant.evaluation else []


def _quality_row(offer: Offer, name: str) -> list[str]:
    found = offer.report["artifacts"].get(name)
    if found is None:  # compiled from one that was measured
        return [
            f"{name}",
            size_text(offer.artifacts[name].stat().st_size),
            *["-"] * (3 + len(_metric_head(offer))),
        ]
    metric = found.get("metric")
    told = f"{metric['value']:.4f} ({metric['source']:.4f})" if metric else "-"
    moved = (found.get("transposes") or {}).get("count")
    return [
        f"{name} ({TITLES.get(name, 'TFLite')})",
        size_text(found["bytes"]),
        shown(worst(found), "{:.1e}"),
        shown(sqnr(found), "{:.1f} dB"),
        shown(moved, "{}"),
        *([told] if offer.variant.evaluation else []),
    ]


def shown(value: Any, form: str) -> str:
    """A value in a table; a dash where there is none."""
    return "-" if value is None else form.format(value)


def worst(evidence: Mapping[str, Any]) -> float | None:
    """The largest normalised error over all outputs."""
    errors = (output["normalised_max"] for output in evidence["outputs"].values())
    return max(errors, default=None)


def sqnr(evidence: Mapping[str, Any]) -> float | None:
    """The smallest signal-to-quantisation-noise ratio, in dB; None where outputs are equal."""
    found = (output.get("sqnr_db") for output in evidence["outputs"].values())
    return min((value for value in found if value is not None), default=None)


def _operators(offer: Offer) -> Iterator[str]:
    yield "## Operators"
    yield ""
    for name, found in offer.report["artifacts"].items():
        if name in offer.artifacts and found.get("operators") and name not in ("saved_model",):
            listed = sorted(found["operators"].items(), key=lambda item: (-item[1], item[0]))
            yield f"- {name}: {', '.join(f'{op} {count}' for op, count in listed)}"


def _edgetpu(offer: Offer) -> Iterator[str]:
    facts = offer.report["stages"].get(COMPILED)
    if facts is None:
        return
    yield "## Edge TPU"
    yield ""
    yield from edgetpu_lines(facts)


def edgetpu_lines(facts: Mapping[str, Any]) -> Iterator[str]:
    """What is known of the mapping: by the compiler, or by prediction where there was none."""
    if not facts.get("built"):
        yield f"Not compiled: {facts.get('reason', 'no reason was noted')}."
    for name, value in sorted(facts.items()):
        if isinstance(value, int | float | str) and name not in ("built", "reason"):
            yield f"- {name.replace('_', ' ')}: {value}"
    yield from _predicted(facts.get("predicted") or {})


def _predicted(found: Mapping[str, Any]) -> Iterator[str]:
    """What the compiler would map, by the predictor of docs/edgetpu.md."""
    if not found:
        return
    if found.get("refusal"):
        yield f"Predicted: the compiler would refuse the file ({found['refusal']})."
        return
    yield ""
    share = f"{found['mapped']} of {found['operators']} operators"
    yield f"Predicted for full_int8: {share} would run on the Edge TPU ({found['runs']})."
    for left in found.get("unmapped", ()):
        yield f"- on the CPU: {left['operator']} {left['count']}: {left['reason']}"


def _made(offer: Offer) -> Iterator[str]:
    yield "## How it was built"
    yield ""
    recipe = f"models/{offer.recipe.id}/recipe.yaml"
    yield f"From `{recipe}`: `snakemake --cores 2 {offer.folder.as_posix()}/package`."
    yield ""
    tools = {
        k: v for f in offer.report["stages"].values() for k, v in f.get("versions", {}).items()
    }
    yield f"- with {', '.join(f'{name} {version}' for name, version in sorted(tools.items()))}"
    for stage, facts in sorted(offer.report["stages"].items()):
        used = facts.get("calibration")
        if used:
            yield f"- {stage} was calibrated on {used['count']} samples of `{used['data']}`"
    options = {k: v for k, v in offer.variant.stages.items() if v}
    if options:
        yield f"- options of the recipe: {_plain(options)}"


def _plain(options: Mapping[str, Options]) -> str:
    told = (f"{stage} {dict(each)}" for stage, each in sorted(options.items()))
    return f"`{'; '.join(told)}`"
