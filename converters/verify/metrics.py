"""The task metrics that an evaluation may name: what a model is for, as one number.

A metric sees one sample at a time: the output, and the target in the output's layout. Axes of
length 1 are dropped from both, so a mask may be given as `(h, w)`. Its value over a data set is
the mean over the samples.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from converters.datasets.preprocess import Array
from converters.errors import RecipeError, ZooError
from converters.recipes.recipe import Sampling

PSNR_OF_EQUALS = 100.0
"""PSNR in dB of two equal pictures, in place of infinity."""


class Metric(NamedTuple):
    """How a metric is computed, and which way is better."""

    of_sample: Callable[..., float]
    higher_is_better: bool = True
    by_source: bool = False  # the target is the source's own output

    def drop(self, value: float, source: float) -> float:
        """How much worse than the source: negative where it is better."""
        return source - value if self.higher_is_better else value - source


def top1(output: Array, target: Array) -> float:
    """1 where the largest value stands at the target's class: mean [argmax y = t]."""
    return float(int(np.argmax(output)) == int(target))


def iou(output: Array, target: Array, *, threshold: float = 0.5) -> float:
    """|A and B| / |A or B| of the places above the threshold; two empty masks: 1."""
    a, b = output > threshold, _alike(output, target) > threshold
    union = np.logical_or(a, b).sum()
    return float(np.logical_and(a, b).sum() / union) if union else 1.0


def psnr(output: Array, target: Array, *, peak: float = 1.0, border: int = 0) -> float:
    """10 log10(peak^2 / mean (y - t)^2) in dB, without `border` pixels; equal pictures: 100."""
    error = output.astype(np.float64) - _alike(output, target)
    if border:
        error = error[..., border:-border, border:-border]
    square = float((error**2).mean())
    return min(PSNR_OF_EQUALS, 10 * np.log10(peak**2 / square)) if square else PSNR_OF_EQUALS


def mae(output: Array, target: Array) -> float:
    """Mean |y - t|; the lower the better."""
    return float(np.abs(output.astype(np.float64) - _alike(output, target)).mean())


def agreement(output: Array, target: Array) -> float:
    """1 where the largest value stands where the source's does: mean [argmax y = argmax b]."""
    return float(np.argmax(output) == np.argmax(_alike(output, target)))


METRICS: Mapping[str, Metric] = {
    "top1": Metric(top1),
    "iou": Metric(iou),
    "psnr": Metric(psnr),
    "mae": Metric(mae, higher_is_better=False),
    "agreement": Metric(agreement, by_source=True),
}


def metric_named(name: str) -> Metric:
    """A metric of the registry."""
    if name not in METRICS:
        raise RecipeError(
            f"no metric {name!r}",
            subject="evaluation",
            remedy=f"choose among {', '.join(METRICS)}",
        )
    return METRICS[name]


def value_of_sample(name: str, output: Array, target: Array | None, options: Any) -> float:
    """One sample's value; of a batch, the first entry counts."""
    metric = metric_named(name)
    if target is None:
        raise ZooError(
            "the data set gives no target",
            subject=f"metric {name}",
            remedy="yield (inputs, target) from the data function, or add `target` to the .npz",
        )
    try:
        return metric.of_sample(np.squeeze(output[:1]), np.squeeze(target), **dict(options))
    except TypeError as error:
        raise RecipeError(f"{error}", subject=f"metric {name}", remedy="mend `options`") from error


def output_of(sampling: Sampling, outputs: Mapping[str, Array]) -> Array:
    """The output that an evaluation measures: the only one, or the one it names."""
    name = sampling.output or (next(iter(outputs)) if len(outputs) == 1 else "")
    if name not in outputs:
        raise ZooError(
            f"there is no output {name!r}",
            subject="evaluation.output",
            remedy=f"the outputs are: {', '.join(outputs)}",
        )
    return outputs[name]


def _alike(output: Array, target: Array) -> Array:
    if output.shape != target.shape:
        raise ZooError(
            f"the output has shape {output.shape}, the target {target.shape}",
            subject="evaluation",
            remedy="give the target in the output's layout, without the batch axis",
        )
    return target
