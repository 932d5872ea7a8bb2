"""pictures: what goes in, what the source answers, and what each artefact answers, side by side.

    python -m converters.verify.pictures u2netp 320x320 --out /tmp/pictures \\
        --reference results/u2netp/320x320/reference.npz \\
        --outputs results/u2netp/320x320/verify/*.npz

For models that take a picture and give pictures, masks or depths, and for those whose recipe says
with `show` how an answer is read: single PNG files, all of them on one sheet, `sheet.png`, and in
words, `found.json`. Other models get an empty folder, and a note in the log.
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import numpy as np
from PIL import Image, ImageDraw

from converters import stage
from converters.datasets.preprocess import Array
from converters.recipes import load_variant
from converters.recipes.recipe import Output, Variant
from converters.verify import archive
from converters.verify.shown import found_by
from converters.verify.shown.drawing import drawn as drawn_onto
from converters.verify.shown.grounds import ground_of, levels

SPREAD = ("depth",)
"""Semantics whose values have no fixed range: shown from their least to their largest."""

SEMANTICS = ("mask", "image", "luma", *SPREAD)
"""Semantics of outputs that can be shown."""

TILE = 192
"""Height and width of the box for one picture on the sheet, in pixels."""

LABEL = 18
"""Height of the words above a picture, in pixels."""

GAP = 6


class Shown(NamedTuple):
    """A picture with its label, the sample it belongs to, and what it shows in words."""

    sample: int
    label: str
    picture: Array
    words: tuple[str, ...] = ()


def gathered(
    variant: Variant, reference: archive.Tables, artifacts: Mapping[str, archive.Tables]
) -> list[Shown]:
    """The pictures of all samples in the order of the sheet; none if the model shows none."""
    taken = archive.of_kind(reference, "picture")
    if variant.show:
        return read_answers(variant, reference, artifacts)
    output = shown_output(variant, reference)
    if not taken or output is None:
        return []
    name, inputs = output.public_name, next(iter(taken.values()))
    origin = reference[f"output/{name}"]
    found = []
    for i in range(min(len(inputs), archive.SHOWN)):
        bounds = _bounds(origin[i], output)
        found += [Shown(i, "input", inputs[i]), Shown(i, "source", drawn(origin[i], bounds))]
        for artifact, tables in artifacts.items():
            answer = tables[f"output/{name}"][i]
            found.append(Shown(i, artifact, drawn(answer, bounds)))
    return found


def read_answers(
    variant: Variant, reference: archive.Tables, artifacts: Mapping[str, archive.Tables]
) -> list[Shown]:
    """Each sample's picture with what the source and each artefact find in it."""
    grounds = _grounds(variant, reference)
    found = [Shown(i, "input", picture) for i, picture in enumerate(grounds)]
    for label, tables in {"source": reference, **artifacts}.items():
        for i, answer in enumerate(archive.entries_of(tables, "output")[: len(grounds)]):
            seen = found_by(answer, variant.show, (grounds[i].shape[0], grounds[i].shape[1]))
            found.append(Shown(i, label, drawn_onto(grounds[i], seen), tuple(seen.told())))
    return sorted(found, key=lambda entry: entry.sample)


def _grounds(variant: Variant, reference: archive.Tables) -> list[Array]:
    """What is drawn on: the pictures as the model sees them, or the inputs themselves."""
    taken = archive.of_kind(reference, "picture")
    if taken:
        return list(next(iter(taken.values())))[: archive.SHOWN]
    name = variant.inputs[0].name
    # a fourth channel is none of the picture's
    values = reference[f"input/{name}"][: archive.SHOWN]
    planes = [picture_axes(v[..., :3] if v.shape[-1] == 4 else v) for v in values]
    return [ground_of(plane, each) for plane, each in zip(planes, values, strict=True)]


def shown_output(variant: Variant, reference: archive.Tables) -> Output | None:
    """The output that is shown: the first of the recipe that is a picture."""
    for output in variant.outputs:
        values = reference.get(f"output/{output.public_name}")
        if values is None or output.semantics not in SEMANTICS:
            continue
        if picture_axes(values[0]) is not None:
            return output
    return None


def picture_axes(values: Array) -> Array | None:
    """An output as `(h, w)` or `(h, w, 3)`: of a batch the first; None if it is no picture."""
    plane = values
    while plane.ndim > 3:
        plane = plane[0]
    if plane.ndim == 3 and plane.shape[0] in (1, 3) and plane.shape[2] not in (1, 3):
        plane = np.moveaxis(plane, 0, -1)  # CHW
    if plane.ndim == 3 and plane.shape[2] == 1:
        plane = plane[..., 0]
    is_picture = plane.ndim == 2 or (plane.ndim == 3 and plane.shape[2] == 3)
    return plane if is_picture and min(plane.shape[:2]) > 1 else None


def _bounds(source: Array, output: Output) -> tuple[float, float]:
    """The values that become black and white: those of the source, for every artefact alike."""
    low, high = float(source.min()), float(source.max())
    if output.semantics in SPREAD or low < -0.5:
        return low, max(high, low + 1e-6)
    return 0.0, 1.0 if high <= 1.5 else 255.0


def drawn(values: Array, bounds: tuple[float, float]) -> Array:
    """An output as bytes between black and white."""
    plane = picture_axes(values)
    if plane is None:
        raise ValueError(f"an output of shape {values.shape} is no picture")
    return levels(plane, *bounds)


def sheet(shown: list[Shown]) -> Image.Image:
    """All pictures: a row for each sample, a column for each label."""
    labels = list(dict.fromkeys(entry.label for entry in shown))
    tiles = [_tile(entry.picture) for entry in shown]
    row = GAP + max(tile.height for tile in tiles)
    rows = 1 + max(entry.sample for entry in shown)
    width = GAP + len(labels) * (TILE + GAP)
    canvas = Image.new("RGB", (width, GAP + LABEL + rows * row), "white")
    pen = ImageDraw.Draw(canvas)
    for column, label in enumerate(labels):
        pen.text((GAP + column * (TILE + GAP), GAP), label, fill="black")
    for entry, tile in zip(shown, tiles, strict=True):
        left = GAP + labels.index(entry.label) * (TILE + GAP)
        canvas.paste(tile, (left, GAP + LABEL + entry.sample * row))
    return canvas


def _tile(picture: Array) -> Image.Image:
    """A picture within a box of the sheet; small ones grow by whole pixels."""
    image = Image.fromarray(picture).convert("RGB")
    factor = TILE / max(image.size)
    size = (max(1, int(image.width * factor)), max(1, int(image.height * factor)))
    way = Image.Resampling.NEAREST if factor > 2 else Image.Resampling.LANCZOS
    return image.resize(size, way)


def write(shown: list[Shown], folder: Path) -> None:
    """The single pictures and the sheet, into an existing folder."""
    for entry in shown:
        label = re.sub(r"[^A-Za-z0-9_-]+", "_", entry.label)
        Image.fromarray(entry.picture).save(folder / f"{entry.sample}_{label}.png")
    if shown:
        sheet(shown).save(folder / "sheet.png")
    if any(entry.words for entry in shown):
        stage.write_json(folder / "found.json", in_words(shown))


def in_words(shown: list[Shown]) -> dict[str, dict[str, list[str]]]:
    """Sample -> label -> what is found in it."""
    told: dict[str, dict[str, list[str]]] = {}
    for entry in shown:
        if entry.words:
            told.setdefault(str(entry.sample), {})[entry.label] = list(entry.words)
    return told


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options beside MODEL and VARIANT."""
    parser.add_argument("--reference", type=Path, required=True, help="reference.npz")
    parser.add_argument(
        "--outputs",
        nargs="*",
        default=[],
        metavar="[ARTIFACT=]NPZ",
        help="the outputs that verify stored; the artefact is the file's name if not given",
    )
    parser.add_argument("--out", type=Path, required=True, help="folder to make")


def run(args: argparse.Namespace) -> None:
    """Make the folder; say so when the model has nothing to show."""
    variant = load_variant(args.models, args.model, args.variant)
    artifacts = {name: archive.read(path) for name, path in _named(args.outputs)}
    shown = gathered(variant, archive.read(args.reference), artifacts)
    with stage.made_whole(args.out) as folder:
        folder.mkdir()
        write(shown, folder)
    if not shown:
        print(
            f"no pictures: input or outputs are none ({', '.join(SEMANTICS)} are shown), "
            "and the recipe says with no `show` how to read them"
        )


def _named(outputs: list[str]) -> Iterator[tuple[str, Path]]:
    for text in outputs:
        name, is_named, path = text.partition("=")
        yield (name, Path(path)) if is_named else (Path(text).stem, Path(text))


if __name__ == "__main__":
    raise SystemExit(stage.main("verify.pictures", __doc__ or "", add_arguments, run))
