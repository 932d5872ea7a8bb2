"""Metrics that are no mean over samples: each contributes, and all are counted together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from converters.datasets.preprocess import Array
from converters.errors import ZooError


def score_of_sample(output: Array, target: Array, *, place: int = -1) -> tuple[float, int]:
    """The score of being positive (the value at `place`), and the label, 0 or 1."""
    return float(np.ravel(output)[place]), int(target)


def auc(contributions: Sequence[tuple[float, int]]) -> float:
    """Area under the ROC curve, as scikit-learn computes it."""
    from sklearn.metrics import roc_auc_score

    scores, labels = zip(*contributions, strict=True)
    if len(set(labels)) < 2:
        raise ZooError(
            "all samples have the same label",
            subject="metric auc",
            remedy="give data with both labels, 0 and 1",
        )
    return float(roc_auc_score(labels, scores))


def classes_of_sample(
    output: Array, target: Array, *, axis: int = 0, ignore: int = 255
) -> tuple[Array, Array, int]:
    """Intersections and unions per class of one picture: `axis` holds the output's classes."""
    count = output.shape[axis]
    found = np.argmax(output, axis=axis)
    if found.shape != target.shape:
        raise ZooError(
            f"the output names classes at {found.shape}, the target at {target.shape}",
            subject="metric miou",
            remedy="give the target as whole numbers, and `axis` where the classes are not first",
        )
    known = target != ignore
    own = [(found == c) & known for c in range(count)]
    true = [(target == c) & known for c in range(count)]
    both = np.array([np.count_nonzero(a & b) for a, b in zip(own, true, strict=True)])
    either = np.array([np.count_nonzero(a | b) for a, b in zip(own, true, strict=True)])
    return both, either, count


def mean_iou(contributions: Sequence[tuple[Array, Array, int]]) -> float:
    """Mean over the classes that occur of |A and B| / |A or B|, counted over all samples."""
    both = np.sum([each[0] for each in contributions], axis=0)
    either = np.sum([each[1] for each in contributions], axis=0)
    return float(np.mean(both[either > 0] / either[either > 0]))
