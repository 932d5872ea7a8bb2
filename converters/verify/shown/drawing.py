"""What was found, drawn onto the picture."""

from __future__ import annotations

import numpy as np
from PIL import Image, ImageDraw

from converters.datasets.preprocess import Array
from converters.verify.shown.found import Found

LEAST = 192
"""Pictures smaller than this are enlarged first, so that lines and words can be seen."""

NEAREST = Image.Resampling.NEAREST

COLOUR, DARK, TINT = (255, 60, 0), (0, 0, 0), (0, 200, 255)


def drawn(picture: Array, found: Found) -> Array:
    """The picture `(h, w)` or `(h, w, 3)` in colour with boxes, points, lines, mask and words."""
    image = Image.fromarray(picture).convert("RGB")
    factor = max(1, -(-LEAST // max(image.size)))
    image = image.resize((image.width * factor, image.height * factor), NEAREST)
    if found.mask is not None:
        image = _tinted(image, found.mask)
    if found.regions is not None:
        image = Image.blend(image, _coloured(found.regions).resize(image.size, NEAREST), 0.6)
    pen = ImageDraw.Draw(image)
    unit = np.array([image.width, image.height] * 2)
    for line in found.lines:
        pen.line(tuple(np.array(line) * unit), fill=COLOUR, width=2)
    for x, y in found.points:
        middle = np.array([x, y]) * unit[:2]
        pen.ellipse((*(middle - 1.5), *(middle + 1.5)), fill=COLOUR)
    for box in found.boxes:
        left, top, right, bottom = np.array(box.corners) * unit
        pen.rectangle((left, top, max(left, right), max(top, bottom)), outline=COLOUR, width=2)
        _write(pen, (left + 3, top + 2), f"{box.label} {box.score:.2f}")
    for line_number, word in enumerate(found.words):
        _write(pen, (4, 4 + 12 * line_number), word)
    return np.asarray(image)


def _write(pen: ImageDraw.ImageDraw, place: tuple[float, float], words: str) -> None:
    """Words on a dark ground; what the font lacks becomes a question mark."""
    plain = words.encode("latin-1", "replace").decode("latin-1")
    pen.rectangle(pen.textbbox(place, plain), fill=DARK)
    pen.text(place, plain, fill="white")


def _tinted(image: Image.Image, mask: Array) -> Image.Image:
    """What the mask covers stays; the rest is tinted."""
    cover = Image.fromarray(255 * mask).resize(image.size, NEAREST)
    ground = Image.blend(image, Image.new("RGB", image.size, TINT), 0.7)
    return Image.composite(image, ground, cover)


def _coloured(regions: Array) -> Image.Image:
    """A colour for each class, far from those of its neighbours."""
    turns = np.arange(int(regions.max()) + 1) * 47 % 256
    wheel = np.stack([turns, np.full_like(turns, 200), np.full_like(turns, 230)], axis=-1)
    hues = np.asarray(Image.fromarray(wheel[None].astype(np.uint8), "HSV").convert("RGB"))[0]
    return Image.fromarray(hues[regions])
