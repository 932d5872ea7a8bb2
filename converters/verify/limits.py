"""What is accepted: limits of each artefact, by default and by recipe, and what exceeds them."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, NamedTuple

from converters.errors import LimitError, RecipeError
from converters.jobs import FORMATS
from converters.recipes.recipe import Options
from converters.verify.measures import Difference

DEFAULT_LIMITS: Mapping[str, Mapping[str, float]] = {
    "saved_model": {"normalised_max": 1e-4},
    "ir": {"normalised_max": 1e-4},
    "float32": {"normalised_max": 1e-4},
    **{name: {"normalised_max": 1e-4} for name in FORMATS},
    "float16": {"normalised_max": 1e-2},
    "weight_only": {"sqnr_db": 15.0},
    "dynamic": {"sqnr_db": 15.0},
    "int8": {"sqnr_db": 10.0},
    "full_int8": {"sqnr_db": 10.0},
    "full_uint8": {"sqnr_db": 10.0},
    "int16x8": {"sqnr_db": 15.0},
    **{name: {"normalised_max": 1e-4} for name in ("onnx_nhwc", "onnx_nchw", "tfjs", "stablehlo")},
    **{name: {"normalised_max": 1e-3} for name in ("coreml", "tensorrt", "tftrt")},
    **{name: {"normalised_max": 1e-2} for name in ("openvino_fp16", "tfjs_float16")},
    "coreml_float16": {"normalised_max": 1e-2},
    **{name: {"sqnr_db": 15.0} for name in ("tfjs_uint8", "coreml_int8")},
    **{name: {"sqnr_db": 10.0} for name in ("onnx_qdq", "openvino_int8", "c_array")},
}
"""Artefact -> measure -> bound, where the recipe says nothing of that measure."""

OF_OUTPUTS = ("max_abs", "normalised_max", "cosine", "sqnr_db")
OF_ARTIFACTS = ("bytes", "transposes", "transpose_bytes", "metric_drop")
OF_MAPPING = ("min_mapped",)
OF_INVARIANTS = ("sum_error", "outside_unit")
"""Bounds that hold without a recipe's word, as invariants.py sets them."""

AT_LEAST = ("cosine", "sqnr_db", *OF_MAPPING)
"""Measures that must not fall below their bound; all others must not exceed it."""

REMEDIES: Mapping[str, str] = {
    "shape": "the conversion changed the output: compare interface.json with the source",
    "finite": "look for overflow: wrong preprocessing, or float16 weights beyond 65504",
    "collapsed": "the quantised ranges are wrong: calibrate on data like the model's real inputs",
    "sum_error": "the probabilities no longer sum to one: end the network before the softmax, "
    "keep it in float, or raise limits.{artifact}.sum_error",
    "outside_unit": "values leave [0, 1]: keep the end of the network in float, or raise "
    "limits.{artifact}.outside_unit",
    "transposes": "see `python -m converters.ir_to_tf --explain`, or raise the recipe's bound",
    "transpose_bytes": "see `python -m converters.ir_to_tf --explain`, or raise the bound",
    "bytes": "choose a smaller kind, or raise the recipe's bound",
    "min_mapped": "see `python -m converters.edgetpu_mapping FILE --unmapped`; write `target: "
    "edgetpu` in the recipe, change the network there, or lower limits.{artifact}.{measure}",
}
OF_THE_EXACT = (
    "the conversion changed the model: the evidence of ir, saved_model and float32 tells the "
    "stage; accept it only with limits.{artifact}.{measure} in the recipe"
)
OF_THE_COARSE = (
    "weights of this kind are coarser: accept it with limits.{artifact}.{measure} in the recipe "
    "if the task metric holds, or leave the kind out of `artifacts`"
)
OF_THE_QUANTISED = (
    "give calibration data like the real inputs and more of it, or accept it with "
    "limits.{artifact}.{measure} in the recipe"
)

GENERAL = {
    **dict.fromkeys(("saved_model", "ir", "float32", *FORMATS), OF_THE_EXACT),
    **dict.fromkeys(("onnx_nhwc", "onnx_nchw", "tfjs", "stablehlo", "coreml"), OF_THE_EXACT),
    **dict.fromkeys(("float16", "dynamic", "weight_only"), OF_THE_COARSE),
    **dict.fromkeys(("openvino_fp16", "tfjs_float16", "tfjs_uint8"), OF_THE_COARSE),
    **dict.fromkeys(("coreml_float16", "coreml_int8"), OF_THE_COARSE),
}


class Check(NamedTuple):
    """A limit beside what was measured."""

    measure: str
    bound: float | None  # None: the measure must simply hold
    value: float | None
    output: str = ""  # empty: of the whole artefact
    note: str = ""

    @property
    def is_held(self) -> bool:
        """Whether the value keeps the bound; a value that is not a number never does."""
        if self.bound is None or self.value is None or math.isnan(self.value):
            return False
        is_least = self.measure in AT_LEAST
        return self.value >= self.bound if is_least else self.value <= self.bound

    def record(self) -> dict[str, Any]:
        """As JSON data."""
        finite = self.value is not None and math.isfinite(self.value)
        data = {"measure": self.measure, "bound": self.bound, "held": self.is_held}
        return {
            **data,
            "value": self.value if finite else None,
            **({"output": self.output} if self.output else {}),
            **({"note": self.note} if self.note else {}),
        }

    def sentence(self) -> str:
        """What is wrong, in words."""
        subject = f"output {self.output}: " if self.output else ""
        more = f" ({self.note})" if self.note else ""
        if self.bound is None:
            return f"{subject}{self.note}"
        side = "at least" if self.measure in AT_LEAST else "at most"
        value = "unknown" if self.value is None else f"{self.value:.4g}"
        return f"{subject}{self.measure} is {value}, {side} {self.bound:g} is accepted{more}"


def limits_of(artifact: str, limits: Mapping[str, Options]) -> dict[str, float]:
    """The bounds of an artefact: the recipe's over the defaults, measure by measure."""
    bounds = {**DEFAULT_LIMITS.get(artifact, {}), **limits.get(artifact, {})}
    known = (*OF_OUTPUTS, *OF_ARTIFACTS, *OF_INVARIANTS, *OF_MAPPING)
    unknown = sorted(set(bounds) - set(known))
    if unknown:
        raise RecipeError(
            f"no measure {', '.join(unknown)}",
            subject=f"limits.{artifact}",
            remedy=f"choose among {', '.join(known)}",
        )
    return {name: float(bound) for name, bound in bounds.items()}


def checks_of_output(name: str, found: Difference, bounds: Mapping[str, float]) -> list[Check]:
    """The limits on one output; NaN and a collapse are never accepted."""
    broken = []
    if not found.is_finite:
        broken.append(Check("finite", None, None, name, "has NaN or infinite values"))
    if found.is_collapsed:
        note = "is the same for every sample, the source's is not"
        broken.append(Check("collapsed", None, None, name, note))
    measured = found._asdict()
    kept = [Check(m, bounds[m], measured[m], name) for m in OF_OUTPUTS if m in bounds]
    return [*broken, *kept]


def checks_of_artifact(
    values: Mapping[str, float | None], bounds: Mapping[str, float]
) -> list[Check]:
    """The limits on the artefact as a whole."""
    return [Check(m, bounds[m], values.get(m)) for m in OF_ARTIFACTS if m in bounds]


def refusal(artifact: str, checks: list[Check]) -> LimitError | None:
    """The error that names every limit that is not held, and what to do about the first."""
    broken = [check for check in checks if not check.is_held]
    if not broken:
        return None
    first = broken[0].measure
    remedy = REMEDIES.get(first, GENERAL.get(artifact, OF_THE_QUANTISED)).format(
        artifact=artifact, measure=first
    )
    causes = "; ".join(check.sentence() for check in broken)
    return LimitError(causes, subject=f"artefact {artifact}", remedy=remedy)
