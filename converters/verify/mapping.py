"""What the Edge TPU would run of a quantised artefact: predicted, and held to `min_mapped`."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from converters.edgetpu_mapping import Prediction, predicted
from converters.verify.limits import Check

OF_ARTIFACTS = ("int8", "full_int8", "full_uint8")
"""Artefacts that the compiler takes: those whose activations have 8 bits."""

MEASURE = "min_mapped"


def prediction_of(artifact: str, path: Path) -> Prediction | None:
    """The prediction for an artefact; None where no compiler would look at it."""
    return predicted(path) if artifact in OF_ARTIFACTS else None


def checks(prediction: Prediction | None, bounds: Mapping[str, float]) -> list[Check]:
    """The limit on the share of operators that would be mapped."""
    if MEASURE not in bounds:
        return []
    if prediction is None:
        return [Check(MEASURE, bounds[MEASURE], None)]
    return [Check(MEASURE, bounds[MEASURE], prediction.share, note=first_left(prediction))]


def first_left(prediction: Prediction) -> str:
    """The first operator that stays on the CPU, and why; nothing where none does."""
    found = prediction.first_unmapped()
    if found is None:
        return ""
    number, verdict = found
    return f"first on the CPU: {number} {verdict.type}: {verdict.status}"
