"""Pictures of a variant for its page: thumbnails, and what goes in beside what comes out."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from converters.release.content import Offer
from converters.verify import archive

THUMBNAIL = 96
"""The longer side of a thumbnail, in pixels."""

CLASSES = ("scores", "probabilities", "logits")
"""Meanings of outputs whose largest value names a class."""

DARK = 64
"""The value below which a picture is too dark to be seen."""

FIRST = ("input", "source")


class Shown(NamedTuple):
    """One picture on a page."""

    label: str
    file: str
    alt: str
    words: tuple[str, ...] = ()  # what is found in it: boxes, classes, a text


class Answer(NamedTuple):
    """What one artefact says of every sample that is shown: classes, and how sure it is."""

    label: str
    classes: list[str]
    is_same: bool  # as the original's


def copied(offer: Offer, folder: Path, below: str) -> list[list[Shown]]:
    """The pictures of every sample, copied to `folder/below`; a list per sample."""
    made = offer.folder / "pictures"
    if any(made.glob("[0-9]_*.png")):
        return list(_samples(made, offer, folder, below))
    return [[each for sample in _inputs_alone(offer, folder, below) for each in sample]]


def _samples(made: Path, offer: Offer, folder: Path, below: str) -> Iterator[list[Shown]]:
    (folder / below).mkdir(parents=True, exist_ok=True)
    order, told = [*FIRST, *offer.artifacts], _told(made / "found.json")
    for number in sorted({path.name.split("_")[0] for path in made.glob("[0-9]_*.png")}):
        labels = [path.stem.split("_", 1)[1] for path in made.glob(f"{number}_*.png")]
        labels.sort(key=lambda label: (order.index(label) if label in order else 99, label))
        for label in labels:
            shutil.copyfile(
                made / f"{number}_{label}.png", folder / below / f"{number}_{label}.png"
            )
        words = told.get(number, {})
        yield [_shown(offer, below, number, label, words.get(label, ())) for label in labels]


def _told(path: Path) -> dict[str, dict[str, list[str]]]:
    """Sample -> label -> what is found, as the stage `pictures` says it."""
    return dict(json.loads(path.read_bytes())) if path.is_file() else {}


def _shown(offer: Offer, below: str, number: str, label: str, words: Sequence[str] = ()) -> Shown:
    what = {"input": "the input", "source": "what the original network answers"}
    told = what.get(label, f"what the artefact {label} answers")
    alt = f"{offer.recipe.name}, sample {int(number) + 1}: {told}"
    alt = f"{alt}: {'; '.join(words)}" if words else alt
    name = "original" if label == "source" else label
    return Shown(name, f"{below}/{number}_{label}.png", alt, tuple(words))


def _inputs_alone(offer: Offer, folder: Path, below: str) -> Iterator[list[Shown]]:
    """Of a model whose outputs are no pictures, what goes in."""
    taken = archive.of_kind(_reference(offer), "picture")
    values = next(iter(taken.values()), np.zeros((0,)))
    for number in range(min(len(values), archive.SHOWN)):
        target = folder / below / f"{number}_input.png"
        target.parent.mkdir(parents=True, exist_ok=True)
        _enlarged(Image.fromarray(_brightened(values[number]))).save(target)
        yield [_shown(offer, below, str(number), "input")]


def _brightened(picture: Any) -> Any:
    """A picture of few dark greys over the whole range; any other as it is."""
    brightest = int(picture.max()) if picture.size else 0
    return picture if not 0 < brightest < DARK else (picture * (255 / brightest)).astype(np.uint8)


def _enlarged(image: Image.Image, least: int = 128) -> Image.Image:
    """Tiny pictures by whole pixels, so that browsers do not blur them."""
    factor = max(1, least // max(image.size))
    size = (image.width * factor, image.height * factor)
    return image.resize(size, Image.Resampling.NEAREST) if factor > 1 else image


def _reference(offer: Offer) -> dict[str, Any]:
    path = offer.folder / "reference.npz"
    return archive.read(path) if path.is_file() else {}


def answers(offer: Offer) -> list[Answer]:
    """For a classifier: the class that the original and each artefact name, sample by sample."""
    tables = _reference(offer)
    output = next((o for o in offer.variant.outputs if o.semantics in CLASSES), None)
    key = f"output/{output.public_name}" if output else ""
    if key not in tables or len(offer.variant.outputs) > 1:
        return []
    expected = _classes(tables[key])
    found = [Answer("original", expected, is_same=True)]
    for name in offer.artifacts:
        path = offer.folder / "verify" / f"{name}.npz"
        own = _classes(archive.read(path)[key]) if path.is_file() else []
        if own:
            found.append(Answer(name, own, own == expected[: len(own)]))
    return found


def _classes(values: Any) -> list[str]:
    rows = np.asarray(values)[: archive.SHOWN].reshape(min(len(values), archive.SHOWN), -1)
    return [str(int(row.argmax())) for row in rows] if rows.shape[1] > 1 else []


def thumbnails(samples: list[list[Shown]], folder: Path, below: str) -> list[Shown]:
    """The first sample's input, and the answer to it, small."""
    first = samples[0] if samples else []
    by_label = {each.label: each for each in reversed(first)}  # of several, the first
    chosen = [by_label[label] for label in ("input", "original") if label in by_label]
    found = []
    for each in chosen:
        target = folder / below / f"{each.label}.webp"
        target.parent.mkdir(parents=True, exist_ok=True)
        with Image.open(folder / each.file) as image:
            small = image.convert("RGB")
            small.thumbnail((THUMBNAIL, THUMBNAIL))
            small.save(target, "WEBP", quality=80)
        found.append(Shown(each.label, f"{below}/{each.label}.webp", each.alt))
    return found
