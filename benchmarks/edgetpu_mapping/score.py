"""Counting agreement: whole models exact, and how well the operators on the CPU are found."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

from benchmarks.edgetpu_mapping.truth import Pair, pairs, truth
from converters.edgetpu_mapping import predicted
from converters.errors import ZooError


class Score(NamedTuple):
    """Of one model, or the sum of many."""

    models: int
    exact: int
    operators: int
    on_cpu: int
    found: int  # on the CPU, and predicted so
    missed: int  # on the CPU, predicted mapped
    invented: int  # mapped, predicted on the CPU

    @property
    def f1(self) -> float | None:
        """Of the operators on the CPU; None where there are none to find and none was invented."""
        wrong = self.missed + self.invented
        return 2 * self.found / (2 * self.found + wrong) if self.found + wrong else None


def total(scores: Iterable[Score]) -> Score:
    """The sum."""
    return Score(*(sum(column) for column in zip(Score(0, 0, 0, 0, 0, 0, 0), *scores, strict=True)))


class Compared(NamedTuple):
    """One pair, its score, and the operators on which prediction and compiler differ."""

    pair: Pair
    score: Score
    differing: tuple[str, ...]


def compare(pair: Pair) -> Compared | None:
    """One pair; None for one that the compiler was told to cut into several parts."""
    real = truth(pair)
    if real.parts > 1:
        return None
    verdicts = predicted(pair.source).verdicts
    both = list(zip(real.mapped, verdicts, strict=True))
    differing = [
        f"{number} {verdict.type}: {'TPU' if mapped else 'CPU'}, predicted: {verdict.status}"
        for number, (mapped, verdict) in enumerate(both)
        if mapped != verdict.is_mapped
    ]
    score = Score(
        1,
        not differing,
        len(both),
        sum(not mapped for mapped, _ in both),
        sum(not mapped and not verdict.is_mapped for mapped, verdict in both),
        sum(not mapped and verdict.is_mapped for mapped, verdict in both),
        sum(mapped and not verdict.is_mapped for mapped, verdict in both),
    )
    return Compared(pair, score, tuple(differing))


class Group(NamedTuple):
    """The pairs of one folder."""

    name: str
    compared: tuple[Compared, ...]
    left_out: tuple[str, ...]  # and why


def groups(folders: Iterable[Path]) -> Iterator[Group]:
    """Each folder with an index, else each folder below it, is a group; copies count once."""
    seen: set[str] = set()
    for folder in folders:
        has_index = (folder / "index.yaml").is_file()
        below = sorted(path for path in folder.iterdir() if path.is_dir())
        for one in [folder] if has_index or not below else below:
            yield _group(one, seen)


def _group(folder: Path, seen: set[str]) -> Group:
    compared, left_out = [], []
    for pair in pairs(folder):
        if (digest := pair.digest()) in seen:
            continue
        seen.add(digest)
        try:
            one = compare(pair)
        except ZooError as error:
            left_out.append(f"{pair.source.name}: {error.cause}")
            continue
        if one is None:
            left_out.append(f"{pair.source.name}: compiled into several parts")
        else:
            compared.append(one)
    return Group(folder.name, tuple(compared), tuple(left_out))
