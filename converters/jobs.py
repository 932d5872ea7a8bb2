"""The jobs of a build: one stage for one variant, and whose results it reads.

The rules say the same to Snakemake in paths; a test holds the two together. From here come a
job's lineage, `why`, and what a build has to do at all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from converters.recipes import Variant
from converters.recipes.references import downloaded, key_of
from converters.recipes.slices import EXPORTED, draws
from converters.stage import ALL_VARIANTS
from converters.targets.table import C_ARRAY_OF, TARGETS, is_of_network

RESULTS = Path("results")

COMPILED = "edgetpu"
"""The artefact that only a compiler many machines lack can make: it never fails a build."""

LOAD_FIELDS = ("weights", "path", "model", "variables", "prototxt", "caffemodel")
"""Fields of `load` that name a source, or a path below one."""

MEASURED = ("verification", "evaluation")
"""The samplings that verify draws."""

DRAWN = ("calibration", *MEASURED)
"""The samplings that lint holds against each other."""

TWIN = "float32"
"""The artefact that a quantised one is held against layer by layer, wanted or not."""


class Job(NamedTuple):
    """One stage of one variant; `what` tells apart several jobs of a stage: a kind, a source."""

    stage: str
    model: str
    variant: str
    what: str = ""

    @property
    def record(self) -> str:
        """The name of its log, its benchmark, its trace and its last failure."""
        return f"{self.stage}-{self.what}" if self.what else self.stage

    def __str__(self) -> str:
        return f"{self.model}/{self.variant} [{self.record}]"


def upstream(job: Job, variant: Variant) -> tuple[Job, ...]:
    """The jobs whose outputs a job reads, each once, in a stable order."""
    return tuple(dict.fromkeys(READS[job.stage](job, variant)))


def verified_artifacts(variant: Variant) -> list[str]:
    """The artefacts that are compared with the source: all but those for absent hardware."""
    return [name for name in variant.artifacts if name != COMPILED]


def layered_artifacts(variant: Variant) -> list[str]:
    """The artefacts whose every layer is held against the float file's: those with int8 ranges."""
    return [name for name in verified_artifacts(variant) if name not in MAKERS and draws(name)]


def load_sources(variant: Variant) -> set[str]:
    """The keys of the sources that hold the network and its weights."""
    values = [variant.load[field] for field in LOAD_FIELDS if variant.load.get(field)]
    flat = [
        item for value in values for item in (value if isinstance(value, list | tuple) else [value])
    ]
    return {str(item).split("/")[0] for item in flat}


def surgery_sources(variant: Variant) -> set[str]:
    """The keys of the sources that operations of surgery read."""
    options = [value for step in variant.surgery for value in step.values()]
    named = [each["model"] for each in options if isinstance(each, Mapping) and "model" in each]
    return {str(reference).split("/")[0] for reference in named}


def data_sources(variant: Variant, *samplings: str) -> set[str]:
    """The sources that the named samplings draw from: keys, or `@set/key` of shared data sets."""
    chosen = [getattr(variant, name) for name in samplings]
    data = [variant.data[sampling.data] for sampling in chosen if sampling is not None]
    plural = {str(key) for options in data for key in options.get("sources", ())}
    singular = {str(options["source"]) for options in data if options.get("source")}
    return {key_of(reference) for reference in plural | singular}


def made_by(job: Job, artifact: str) -> Job:
    """The job that makes an artefact of the same variant."""
    stage = MAKERS.get(artifact, "quantize")
    return _beside(job, stage, artifact if stage in OF_MANY else "")


FORMATS = ("frozen_pb", "h5", "keras", "weights_and_json")
"""The artefacts that one more stage reads from the SavedModel."""

OF_MANY = ("quantize", "formats", "target")
"""Stages that make several artefacts, each in a job of its own."""

MAKERS = {
    "saved_model": "tf",
    "ir": "mo",
    **dict.fromkeys(FORMATS, "formats"),
    **dict.fromkeys(TARGETS, "target"),
}
"""The stage that makes an artefact, where that is not quantize."""


def _beside(job: Job, stage: str, what: str = "") -> Job:
    return job._replace(stage=stage, what=what)


def _downloads(job: Job, keys: set[str]) -> Iterator[Job]:
    for source in sorted(keys):
        owner, key = downloaded(job.model, source)
        yield Job("download", owner, ALL_VARIANTS, key)


def _nothing(_job: Job, _variant: Variant) -> Iterator[Job]:
    return iter(())


def _of_export(job: Job, variant: Variant) -> Iterator[Job]:
    yield from _downloads(job, load_sources(variant))


def _of_surgery(job: Job, variant: Variant) -> Iterator[Job]:
    yield _beside(job, "export")
    yield from _downloads(job, surgery_sources(variant))


def _of_simplify(job: Job, variant: Variant) -> Iterator[Job]:
    yield _beside(job, "surgery" if variant.is_changed else "export")


def _of_mo(job: Job, variant: Variant) -> Iterator[Job]:
    if variant.framework in EXPORTED:
        yield _beside(job, "simplify")
    else:
        yield from _downloads(job, load_sources(variant))


def _of_tf(job: Job, _variant: Variant) -> Iterator[Job]:
    yield _beside(job, "mo")


def _of_quantize(job: Job, variant: Variant) -> Iterator[Job]:
    yield _beside(job, "tf")
    if draws(job.what):
        yield from _downloads(job, data_sources(variant, "calibration"))


def _of_formats(job: Job, _variant: Variant) -> Iterator[Job]:
    yield _beside(job, "tf")


def _of_target(job: Job, variant: Variant) -> Iterator[Job]:
    yield from (_beside(job, "tf"), target_origin(job, variant))
    target = TARGETS[job.what]
    if target.draws:
        yield from _downloads(job, data_sources(variant, "calibration"))
    if is_of_network(job.what, variant):
        yield from _downloads(job, load_sources(variant))


def target_origin(job: Job, variant: Variant) -> Job:
    """The job that makes what a target is made from."""
    origin = TARGETS[job.what].origin
    if origin == "tflite":
        kind = variant.stages.get("target_options", {}).get("c_array_of", C_ARRAY_OF)
        return _beside(job, "quantize", str(kind))
    if origin == "onnx":
        exported = variant.framework in EXPORTED
        return _beside(job, "simplify") if exported else _beside(job, "target", "onnx_nhwc")
    return _beside(job, "mo" if origin == "ir" else "tf")


def _of_lint(job: Job, variant: Variant) -> Iterator[Job]:
    yield from (made_by(job, TWIN), _beside(job, "tf"), _beside(job, "reference"))
    yield from _downloads(job, data_sources(variant, *DRAWN))


def _of_layers(job: Job, _variant: Variant) -> Iterator[Job]:
    yield from (made_by(job, job.what), made_by(job, TWIN))
    yield from (_beside(job, "tf"), _beside(job, "reference"))


def _of_edgetpu(job: Job, _variant: Variant) -> Iterator[Job]:
    yield _beside(job, "quantize", "full_int8")


def _of_reference(job: Job, variant: Variant) -> Iterator[Job]:
    yield from _downloads(job, load_sources(variant) | data_sources(variant, *MEASURED))
    if variant.is_changed:
        yield _beside(job, "surgery")
    elif variant.framework == "onnx":
        yield _beside(job, "export")


def _of_verify(job: Job, variant: Variant) -> Iterator[Job]:
    yield made_by(job, job.what)
    yield _beside(job, "tf")
    yield _beside(job, "reference")
    yield from _downloads(job, data_sources(variant, *MEASURED))
    if job.what in layered_artifacts(variant):
        yield from (_beside(job, "layers", job.what), _beside(job, "lint"))


def _verified(job: Job, variant: Variant) -> Iterator[Job]:
    for name in verified_artifacts(variant):
        yield _beside(job, "verify", name)


def _of_pictures(job: Job, variant: Variant) -> Iterator[Job]:
    yield _beside(job, "reference")
    yield from _verified(job, variant)


def _of_report(job: Job, variant: Variant) -> Iterator[Job]:
    yield from _verified(job, variant)
    yield from _downloads(job, {*variant.sources, *variant.shared})
    if variant.framework in EXPORTED:
        yield from (_beside(job, "export"), _beside(job, "simplify"))
    if variant.is_changed:
        yield _beside(job, "surgery")
    yield from (_beside(job, "mo"), _beside(job, "tf"), _beside(job, "reference"))
    yield from (made_by(job, name) for name in verified_artifacts(variant))
    if layered_artifacts(variant):
        yield _beside(job, "lint")
    if COMPILED in variant.artifacts:
        yield _beside(job, "edgetpu")


def _of_target_report(job: Job, variant: Variant) -> Iterator[Job]:
    for name in variant.targets:
        yield from (_beside(job, "verify", name), made_by(job, name))


def _of_package(job: Job, variant: Variant) -> Iterator[Job]:
    yield from (made_by(job, name) for name in verified_artifacts(variant))
    yield from (_beside(job, "report"), _beside(job, "tf"), _beside(job, "pictures"))
    yield from (_beside(job, "layers", name) for name in layered_artifacts(variant))


READS: Mapping[str, Callable[[Job, Variant], Iterator[Job]]] = {
    "download": _nothing,
    "export": _of_export,
    "surgery": _of_surgery,
    "simplify": _of_simplify,
    "mo": _of_mo,
    "tf": _of_tf,
    "quantize": _of_quantize,
    "formats": _of_formats,
    "lint": _of_lint,
    "layers": _of_layers,
    "edgetpu": _of_edgetpu,
    "reference": _of_reference,
    "verify": _of_verify,
    "pictures": _of_pictures,
    "report": _of_report,
    "target": _of_target,
    "target_report": _of_target_report,
    "package": _of_package,
}
"""For each stage, the jobs it reads from."""
