"""Variants for tests of single stages, as the recipe loader would make them."""

from collections.abc import Mapping, Sequence
from typing import Any

from converters.recipes.recipe import Input, Output, Sampling, Variant


def variant(
    load: Mapping[str, Any],
    inputs: Sequence[Input],
    outputs: Sequence[Output] = (),
    **stages: Mapping[str, Any],
) -> Variant:
    return Variant(
        name="test",
        axes={},
        sources={},
        load=load,
        inputs=tuple(inputs),
        outputs=tuple(outputs),
        stages=stages,
        artifacts=("float32",),
        data={},
        calibration=None,
        verification=Sampling("noise", 1),
        evaluation=None,
        limits={},
    )
