"""Checks on what is built and measured: artefacts, data sets, samplings, limits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from converters.recipes.checks.building import unknown_source
from converters.recipes.checks.case import Case
from converters.recipes.checks.tensors import PICTURES, has_an_axis_per_letter
from converters.recipes.problems import Problem, listed, nearest_or_all, shown
from converters.targets.table import C_ARRAY_OF, TARGETS

CALIBRATED = ("int8", "full_int8", "full_uint8", "int16x8")
"""Artefacts whose ranges come from calibration samples."""

SAMPLINGS = ("calibration", "verification", "evaluation")

ORIGINS: Mapping[str, tuple[str, ...]] = {
    "pictures": ("package", "sources", "folder"),
    "arrays": ("file", "source"),
    "sounds": ("sources", "folder"),
    "tfds": ("source", "folder", "name"),
}
"""Fields of a data set of which exactly one is given."""

WITHOUT_TARGETS = ("pictures", "random", "sounds")
AGAINST_SOURCE = ("agreement",)
"""Metrics whose truth is what the source model says."""


def edgetpu_has_its_input(case: Case) -> Iterator[Problem]:
    """The Edge TPU's compiler takes the full int8 file."""
    wanted = case.recipe["artifacts"]
    if "edgetpu" in wanted and "full_int8" not in wanted:
        path = ("artifacts", wanted.index("edgetpu"))
        yield Problem(path, "edgetpu is compiled from full_int8", "add full_int8")


def segments_are_not_searched(case: Case) -> Iterator[Problem]:
    """The compiler searches a shorter part, or cuts the whole; not both."""
    options = case.recipe.get("edgetpu", {})
    if "num_segments" in options and options.get("search_delegate"):
        cause = "a model in segments is not searched for a part that compiles"
        yield Problem(("edgetpu", "search_delegate"), cause, "leave out one of the two")


def int8_is_calibrated(case: Case) -> Iterator[Problem]:
    """Ranges are never guessed."""
    wanted = [name for name in case.recipe["artifacts"] if name in CALIBRATED]
    if wanted and "calibration" not in case.recipe:
        path = ("artifacts", case.recipe["artifacts"].index(wanted[0]))
        remedy = "add calibration: {data: <data set>}, or leave these artefacts out"
        yield Problem(path, f"{listed(wanted)} without calibration", remedy)


def targets_are_calibrated(case: Case) -> Iterator[Problem]:
    """The same of further targets: their ranges are measured, or those of the file they hold."""
    kind = case.recipe["target_options"].get("c_array_of", C_ARRAY_OF)
    for i, name in enumerate(case.recipe["targets"]):
        is_drawn = TARGETS[name].draws or (name == "c_array" and kind in CALIBRATED)
        if is_drawn and "calibration" not in case.recipe:
            remedy = "add calibration: {data: <data set>}, or leave the target out"
            yield Problem(("targets", i), f"{name} without calibration", remedy)


def data_names_sources(case: Case) -> Iterator[Problem]:
    """The sources of a data set are downloaded."""
    sources = case.recipe["sources"]
    for name, block in case.recipe["data"].items():
        for i, reference in enumerate(block.get("sources", ())):
            yield from unknown_source(("data", name, "sources", i), reference, sources)
        if "source" in block:
            yield from unknown_source(("data", name, "source"), block["source"], sources)


def data_has_one_origin(case: Case) -> Iterator[Problem]:
    """A data set comes from one place."""
    for name, block in case.recipe["data"].items():
        origins = ORIGINS.get(block["kind"], ())
        given = [field for field in origins if field in block]
        if origins and len(given) != 1:
            cause = f"has {' and '.join(given) or 'none'} of {listed(origins)}"
            yield Problem(("data", name), cause, "give exactly one")


def data_is_declared(case: Case) -> Iterator[Problem]:
    """Calibration, verification and evaluation name data sets that exist."""
    for name, sampling, block in _samplings(case):
        if block is None:
            cause = f"{shown(sampling['data'])} is no data set"
            remedy = nearest_or_all(sampling["data"], case.recipe["data"])
            yield Problem((name, "data"), cause, remedy)


def _samplings(case: Case) -> Iterator[tuple[str, Mapping[str, Any], Mapping[str, Any] | None]]:
    for name in SAMPLINGS:
        if name in case.recipe:
            sampling = case.recipe[name]
            yield name, sampling, case.recipe["data"].get(sampling["data"])


def pictures_fit(case: Case) -> Iterator[Problem]:
    """Pictures feed every input of a model, or none."""
    fitting = [spec for spec in case.recipe["inputs"] if has_an_axis_per_letter(spec)]
    others = [spec for spec in fitting if spec["layout"] not in PICTURES]
    for name, sampling, block in _samplings(case):
        if others and block is not None and block["kind"] == "pictures":
            layout = others[0]["layout"]
            cause = f"{sampling['data']} holds pictures: no input {others[0]['name']} of {layout}"
            yield Problem((name, "data"), cause, "use kind function or arrays")


def metric_has_targets(case: Case) -> Iterator[Problem]:
    """A metric that wants the truth gets a data set that knows it."""
    evaluation = case.recipe.get("evaluation")
    kind = case.recipe["data"].get(evaluation["data"], {}).get("kind") if evaluation else None
    if evaluation and kind in WITHOUT_TARGETS and evaluation["metric"] not in AGAINST_SOURCE:
        cause = f"{evaluation['metric']} wants targets, data of kind {kind} has none"
        remedy = "use kind function or arrays, or the metric agreement"
        yield Problem(("evaluation", "metric"), cause, remedy)


def metric_has_an_output(case: Case) -> Iterator[Problem]:
    """One output is measured."""
    evaluation, names = case.recipe.get("evaluation"), case.public_names
    if evaluation is None or not names:
        return
    output = evaluation["output"]
    if not output and len(names) > 1:
        remedy = f"add output: one of {listed(names)}"
        yield Problem(("evaluation",), f"does not say which of {len(names)} outputs", remedy)
    elif output and output not in names:
        cause = f"{shown(output)} is no public name of an output"
        yield Problem(("evaluation", "output"), cause, nearest_or_all(output, names))


def limits_are_measured(case: Case) -> Iterator[Problem]:
    """Only what is built and measured can be limited."""
    wanted = [*case.recipe["artifacts"], *case.recipe["targets"]]
    for artifact, bounds in case.recipe["limits"].items():
        if artifact not in wanted:
            cause = f"{artifact} is not among the artifacts and targets"
            yield Problem(("limits", artifact), cause, f"wanted are: {listed(wanted)}")
        if "metric_drop" in bounds and "evaluation" not in case.recipe:
            path = ("limits", artifact, "metric_drop")
            yield Problem(path, "there is no evaluation to measure it", "add evaluation")
        yield from _mapping_is_measured(artifact, bounds)


def _mapping_is_measured(artifact: str, bounds: Mapping[str, Any]) -> Iterator[Problem]:
    """The Edge TPU takes the int8 kinds, and nothing else is measured of what is made for it."""
    if artifact == "edgetpu":
        others = sorted(set(bounds) - {"min_mapped"})
        cause = f"{listed(others)} is not measured of it"
    else:
        others = ["min_mapped"] if "min_mapped" in bounds and "int8" not in artifact else []
        others = [] if artifact == "full_uint8" else others
        cause = f"the Edge TPU runs no operator of {artifact}"
    for measure in others:
        remedy = "limit int8, full_int8 or full_uint8"
        yield Problem(("limits", artifact, measure), cause, remedy)
