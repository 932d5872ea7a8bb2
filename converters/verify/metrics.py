"""The task metrics that an evaluation may name: what a model is for, as one number.

A metric sees one sample at a time: the output, and the target in the output's layout. Axes of
length 1 are dropped from both, so a mask may be given as `(h, w)`. Its value over a data set is
the mean over the samples, or what `over_all` makes of all of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from converters.datasets.preprocess import Array
from converters.errors import RecipeError, ZooError
from converters.recipes.recipe import Sampling
from converters.verify.detections import average_precision, detection_f1, detections_of_sample
from converters.verify.measures import decibels
from converters.verify.readings import character_accuracy, word_accuracy
from converters.verify.totals import auc, classes_of_sample, mean_iou, score_of_sample

CHANNELS = (1, 3)
"""Sizes of an axis that are taken for a picture's channels."""

PSNR_OF_EQUALS = 100.0
"""PSNR in dB of two equal pictures, in place of infinity."""


def mean(values: Sequence[float]) -> float:
    """What most metrics are over a data set."""
    return float(np.mean(values))


class Metric(NamedTuple):
    """How a metric is computed, and which way is better.

    Of one sample `of_sample` is a number, and the metric is the mean; with `over_all`, it is
    whatever a sample contributes, and the metric is a function of all contributions.
    """

    of_sample: Callable[..., Any]
    higher_is_better: bool = True
    by_source: bool = False  # the target is the source's own output
    over_all: Callable[[Sequence[Any]], float] = mean

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


def top5(output: Array, target: Array) -> float:
    """1 where the target's class is among the five largest values."""
    return float(int(target) in np.argsort(output, axis=None)[-5:])


def ssim(output: Array, target: Array, *, peak: float = 1.0) -> float:
    """Structural similarity as scikit-image computes it; of pictures with channels, their mean."""
    from skimage.metrics import structural_similarity

    other = _alike(output, target)
    first = output.ndim == 3 and output.shape[0] in CHANNELS
    axis = None if output.ndim < 3 else 0 if first else -1
    return float(
        structural_similarity(
            output.astype(np.float64),
            other.astype(np.float64),
            data_range=peak,
            channel_axis=axis,
        )
    )


def snr(output: Array, target: Array) -> float:
    """10 log10(sum t^2 / sum (y - t)^2) in dB; equal signals: 100."""
    other = _alike(output, target).astype(np.float64)
    noise = float(((output - other) ** 2).sum())
    return min(PSNR_OF_EQUALS, decibels(float((other**2).sum()), noise))


def nme(output: Array, target: Array, *, between: Sequence[int] = ()) -> float:
    """Mean distance of landmarks `(points, 2)` over that of two of them (`between`), or else over
    the diagonal of the target's box; the lower the better.
    """
    points = _alike(output.reshape(-1, 2), target.reshape(-1, 2)).astype(np.float64)
    distances = np.linalg.norm(output.reshape(-1, 2) - points, axis=1)
    pair = points[list(between)] if between else np.stack([points.min(0), points.max(0)])
    return float(distances.mean() / np.linalg.norm(pair[0] - pair[1]))


def cosine(output: Array, target: Array) -> float:
    """Cosine of the angle between two embeddings; 0 where one is all zeros."""
    a, b = output.ravel().astype(np.float64), _alike(output, target).ravel()
    lengths = float(np.linalg.norm(a) * np.linalg.norm(b))
    return float(a @ b / lengths) if lengths else 0.0


def agreement(output: Array, target: Array) -> float:
    """1 where the largest value stands where the source's does: mean [argmax y = argmax b]."""
    return float(np.argmax(output) == np.argmax(_alike(output, target)))


METRICS: Mapping[str, Metric] = {
    "top1": Metric(top1),
    "top5": Metric(top5),
    "iou": Metric(iou),
    "miou": Metric(classes_of_sample, over_all=mean_iou),
    "psnr": Metric(psnr),
    "ssim": Metric(ssim),
    "snr": Metric(snr),
    "mae": Metric(mae, higher_is_better=False),
    "nme": Metric(nme, higher_is_better=False),
    "cosine": Metric(cosine),
    "auc": Metric(score_of_sample, over_all=auc),
    "character_accuracy": Metric(character_accuracy),
    "word_accuracy": Metric(word_accuracy),
    "detection_f1": Metric(detections_of_sample, over_all=detection_f1),
    "detection_ap": Metric(detections_of_sample, over_all=average_precision),
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


def value_of_sample(name: str, output: Array, target: Array | None, options: Any) -> Any:
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
