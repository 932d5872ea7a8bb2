"""Metrics of texts that a network reads: scores per step, the best path, letters and words."""

from __future__ import annotations

import numpy as np

from converters.datasets.preprocess import Array


def best_path(output: Array, axis: int, blank: int | None) -> list[int]:
    """The best letter of every step of `(letters, steps)`, or the other way round by `axis`.

    With a `blank`, runs of a letter are one, and blanks are none (CTC).
    """
    letters = np.argmax(output, axis=axis).ravel()
    if blank is None:
        return [int(letter) for letter in letters]
    place = blank % output.shape[axis]
    first = np.append(True, letters[1:] != letters[:-1])
    return [int(letter) for letter in letters[first] if letter != place]


def character_accuracy(
    output: Array, target: Array, *, axis: int = 0, blank: int | None = -1, padding: int = -1
) -> float:
    """1 - edit distance / length of the target, at least 0; `padding` fills up targets."""
    found, wanted = best_path(output, axis, blank), _wanted(target, padding)
    return max(0.0, 1 - distance(found, wanted) / max(len(wanted), 1))


def word_accuracy(
    output: Array, target: Array, *, axis: int = 0, blank: int | None = -1, padding: int = -1
) -> float:
    """1 where the whole text is right."""
    return float(best_path(output, axis, blank) == _wanted(target, padding))


def _wanted(target: Array, padding: int) -> list[int]:
    return [int(letter) for letter in np.ravel(target) if letter != padding]


def distance(a: list[int], b: list[int]) -> int:
    """Insertions, deletions and replacements from one to the other (Levenshtein)."""
    row = list(range(len(b) + 1))
    for i, letter in enumerate(a, 1):
        before, row[0] = row[0], i
        for j, other in enumerate(b, 1):
            before, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, before + (letter != other))
    return row[-1]
