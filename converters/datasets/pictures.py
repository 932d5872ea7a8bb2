"""Data sets of pictures: from an installed package, the recipe's sources, or the model's folder.

When more samples are wanted than there are pictures, the pictures come first, whole, and then
crops of them, some mirrored, drawn with the seed.
"""

from __future__ import annotations

import importlib.util
import warnings
from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np
from PIL import Image, UnidentifiedImageError

from converters.datasets.noise import picture_size
from converters.datasets.place import Place, RawSamples, chosen, inside, source_place
from converters.datasets.preprocess import GEOMETRY, PICTURE_LAYOUTS, Array
from converters.errors import RecipeError, ZooError
from converters.recipes.recipe import Input, Options, Sampling

PACKAGES: Mapping[str, tuple[str, str]] = {
    "skimage": ("skimage", "data"),
    "sklearn": ("sklearn", "datasets/images"),
}
"""Packages that carry pictures: their module, and the folder in it."""

ENDINGS = (".png", ".jpg", ".jpeg", ".bmp", ".gif", ".tif", ".tiff", ".webp")
SMALLEST_CROP = 0.5
"""The least part of a picture's height and width that a crop keeps."""


def read(options: Options, sampling: Sampling, place: Place) -> RawSamples:
    """Each picture for every input of the model: all of them must be pictures."""
    for spec in place.inputs:
        if spec.layout not in PICTURE_LAYOUTS:
            raise RecipeError(
                f"input {spec.name} has layout {spec.layout}: a picture cannot feed it",
                subject=f"data {sampling.data}",
                remedy="declare layout NCHW or NHWC, or use data of kind function or arrays",
            )
    files = _files(options, place, f"data {sampling.data}")
    picks = chosen(len(files), sampling)
    for picture in _drawn([files[i] for i in picks], sampling, place.inputs):
        yield {spec.name: picture for spec in place.inputs}, None


def loaded(path: Path) -> Array:
    """A picture file as bytes, `(h, w)` grey or `(h, w, 3)` RGB."""
    bombs = (Image.DecompressionBombError, Image.DecompressionBombWarning)
    try:
        with warnings.catch_warnings(), _opened(path) as image:
            is_grey = image.mode in ("L", "1", "I;16", "LA")
            return np.asarray(image.convert("L" if is_grey else "RGB"))
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, *bombs) as error:
        raise ZooError(
            f"is no picture that can be read: {error}", subject=path.name, remedy="replace the file"
        ) from error


def _opened(path: Path) -> Image.Image:
    """A picture; one of more pixels than Pillow thinks sane is an error, not a warning."""
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    return Image.open(path)


def _drawn(files: list[Path], sampling: Sampling, inputs: tuple[Input, ...]) -> Iterator[Array]:
    yield from map(loaded, files)
    chance = np.random.default_rng([sampling.seed, len(files)])
    least = [max(sizes) for sizes in zip(*map(_least_size, inputs), strict=True)]
    for i in range(len(files), sampling.count):
        yield cropped(loaded(files[i % len(files)]), least, chance)


def _least_size(spec: Input) -> tuple[int, int]:
    """How small a crop may be: a crop cannot be cropped below what `center_crop` needs."""
    is_cut = any(
        name == "center_crop" for step in spec.preprocess for name in GEOMETRY & step.keys()
    )
    return picture_size(spec) if is_cut else (1, 1)


def cropped(picture: Array, least: list[int], chance: np.random.Generator) -> Array:
    """A part of a picture, mirrored half the time."""
    spans = []
    for length, smallest in zip(picture.shape[:2], least, strict=True):
        low = min(length, max(smallest, int(length * SMALLEST_CROP), 1))
        size = int(chance.integers(low, length + 1))
        start = int(chance.integers(0, length - size + 1))
        spans.append(slice(start, start + size))
    part = picture[spans[0], spans[1]]
    return np.ascontiguousarray(part[:, ::-1] if chance.integers(2) else part)


# Which files ------------------------------------------------------------------------------------


def _files(options: Options, place: Place, subject: str) -> list[Path]:
    if options.get("package"):
        return _packaged(options, subject)
    if options.get("sources"):
        origins = [source_place(place.sources, str(key), subject) for key in options["sources"]]
        files = [file for origin in origins for file in _below(origin)]
    elif options.get("folder"):
        files = _below(inside(place.model_folder, str(options["folder"]), subject))
    else:
        raise RecipeError("names no package, sources or folder", subject=subject)
    if options.get("names"):
        return _named({file.stem: file for file in files}, options["names"], subject)
    if not files:
        raise ZooError(
            "holds no picture", subject=subject, remedy=f"known are files *{', *'.join(ENDINGS)}"
        )
    return files


def _below(path: Path) -> list[Path]:
    """A file is taken at its word; of a folder, what ends like a picture, in a stable order."""
    if path.is_file():
        return [path]
    return sorted(file for file in path.rglob("*") if file.suffix.lower() in ENDINGS)


def _packaged(options: Options, subject: str) -> list[Path]:
    """Pictures that lie in a package: nothing is downloaded."""
    module, folder = PACKAGES.get(str(options["package"]), ("", ""))
    spec = importlib.util.find_spec(module) if module else None
    if spec is None or not spec.submodule_search_locations:
        raise RecipeError(
            f"no package {options['package']!r} with pictures",
            subject=subject,
            remedy=f"choose among {', '.join(PACKAGES)}",
        )
    known = {file.stem: file for file in _below(Path(spec.submodule_search_locations[0], folder))}
    return _named(known, options.get("names") or sorted(known), subject)


def _named(known: Mapping[str, Path], names: list[str], subject: str) -> list[Path]:
    unknown = [name for name in names if name not in known]
    if unknown:
        raise RecipeError(
            f"no picture {', '.join(unknown)}",
            subject=subject,
            remedy=f"there are: {', '.join(sorted(known))}",
        )
    return [known[name] for name in names]
