"""What each stage reads of a recipe: a change elsewhere in the recipe does not run it again.

What a stage reads of files (sources, network.py, data.py) is not told here: files have their own
digests in a stage's key.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, NamedTuple

from converters.recipes.recipe import Options, Sampling, Variant
from converters.targets.table import TARGETS

TENSOR = ("name", "shape", "dtype")
PREPARED = (*TENSOR, "layout", "color", "preprocess")
NAMED = ("name", "rename")
BUILT_INTO_IR = ("mean", "scale", "reverse_channels")
"""What the artefacts do to their inputs themselves, so that samples must come without it."""


ELSEWHERE = {"sklearn": "sklearn", "paddle": "paddle"}
"""Frameworks that live in an environment of their own, and its name."""

EXPORTED = ("pytorch", "onnx", *ELSEWHERE)
"""Frameworks whose models export loads: mo then reads an ONNX file, and of `load` nothing more."""


class Slice(NamedTuple):
    """The fields of a variant that a stage reads."""

    top: tuple[str, ...] = ()  # whole fields
    inputs: tuple[str, ...] = ()  # of every input
    outputs: tuple[str, ...] = ()  # of every output
    options: Mapping[str, tuple[str, ...] | None] = {}  # of stages; None: all of that stage's
    samplings: tuple[str, ...] = ()  # with the data sets that they draw from


SLICES: Mapping[str, Slice] = {
    "download": Slice(("sources",)),
    "export": Slice(("load", "is_changed"), TENSOR, NAMED, {"export": None}),
    "surgery": Slice(("surgery",), (*TENSOR, "preprocess"), NAMED),
    "simplify": Slice((), (*TENSOR, "preprocess"), (), {"simplify": None}),
    "mo": Slice(("load",), (*TENSOR, "layout"), NAMED, {"ir": None}),
    "tf": Slice((), (*TENSOR, "layout", "keep_layout"), (*NAMED, "layout"), {"tf": None}),
    "quantize": Slice((), PREPARED, (), {"quantize": None, "ir": BUILT_INTO_IR}, ("calibration",)),
    "formats": Slice(),
    "lint": Slice(
        (), PREPARED, (), {"ir": BUILT_INTO_IR}, ("calibration", "verification", "evaluation")
    ),
    "layers": Slice((), PREPARED, (), {"ir": BUILT_INTO_IR}),
    "edgetpu": Slice(("limits",), options={"edgetpu": None}),
    "reference": Slice(
        ("load", "is_changed"),
        PREPARED,
        NAMED,
        {"export": ("output_names",)},
        ("verification", "evaluation"),
    ),
    "verify": Slice(
        ("limits",), PREPARED, NAMED, {"ir": BUILT_INTO_IR}, ("verification", "evaluation")
    ),
    "pictures": Slice(("show",), PREPARED, (*NAMED, "semantics")),
    "report": Slice(("name", "axes", "about", "load")),
    "package": Slice(("name", "about", "artifacts")),
    "target": Slice(),  # see _of_target
    "target_report": Slice(("name", "axes", "about", "load", "targets")),
}


OF_TARGETS = {"target_options": None, "ir": BUILT_INTO_IR}
"""What of other stages' options every further target reads."""


def _of_target(what: str) -> Slice:
    """A target reads what its maker needs; calibration and network only where they are used."""
    target = TARGETS.get(what)
    is_network = target is None or target.origin == "network"
    drawn = () if target and not target.draws else ("calibration",)
    return Slice(("load",) if is_network else (), PREPARED, NAMED, OF_TARGETS, drawn)


OF_FLOAT_KINDS: Mapping[str, Slice] = {
    "float32": Slice((), TENSOR),
    "float16": Slice((), TENSOR),
    "weight_only": Slice((), TENSOR),
    "dynamic": Slice((), TENSOR, (), {"quantize": None}),
}
"""What quantize reads for the kinds that need no samples."""


OF_ONE_ARTIFACT: Mapping[str, str] = {"edgetpu": "edgetpu"}
"""Stages that hold the limits of an artefact which is not named by what they make."""


def draws(kind: str) -> bool:
    """Whether making a kind of TFLite file draws calibration samples; yes, if no kind is named."""
    return not kind or "int8" in kind or "int16" in kind


def stage_slice(variant: Variant, stage: str, what: str = "") -> dict[str, Any]:
    """The fields that a stage reads, as data that JSON can hold.

    `what` is the kind that quantize makes, or the artefact that verify measures: a float kind
    reads nothing of calibration, and an artefact's limits are its own.
    """
    wanted = OF_FLOAT_KINDS.get(what, SLICES[stage]) if stage == "quantize" else SLICES[stage]
    wanted = _of_target(what) if stage == "target" else wanted
    return _limited(_sliced(variant, stage, wanted), OF_ONE_ARTIFACT.get(stage, what))


def _limited(data: dict[str, Any], artifact: str) -> dict[str, Any]:
    if artifact and "limits" in data:
        data["limits"] = {k: v for k, v in data["limits"].items() if k == artifact}
    return data


def _sliced(variant: Variant, stage: str, wanted: Slice) -> dict[str, Any]:
    data: dict[str, Any] = {name: _plain(getattr(variant, name)) for name in wanted.top}
    if stage == "mo" and variant.framework in EXPORTED:
        data["load"] = {"framework": variant.framework}
    if wanted.inputs:
        data["inputs"] = [_chosen(asdict(spec), wanted.inputs) for spec in variant.inputs]
    if wanted.outputs:
        data["outputs"] = [_chosen(asdict(output), wanted.outputs) for output in variant.outputs]
    for name, fields in wanted.options.items():
        options = variant.stages[name]
        data[name] = dict(options) if fields is None else _chosen(options, fields)
    for name in wanted.samplings:
        sampling = getattr(variant, name)
        data[name] = None if sampling is None else _drawn(variant, sampling)
    return data


def _chosen(options: Options, fields: tuple[str, ...]) -> dict[str, Any]:
    return {name: options[name] for name in fields if name in options}


def _drawn(variant: Variant, sampling: Sampling) -> dict[str, Any]:
    return {**asdict(sampling), "from": dict(variant.data[sampling.data])}


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    return asdict(value) if hasattr(value, "__dataclass_fields__") else value
