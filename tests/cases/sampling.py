"""Ops that read images between their pixels."""

import numpy as np

from tests.cases import case, image

X = image(2, 3, 5, 6)
GRID = image(2, 4, 3, 2, low=-1.4, high=1.4)
BOXES = np.float32([[0, 0, 4, 4], [1, 2, 9, 7], [-3, 1, 2.5, 6], [3, 3, 3.2, 3.1]])


def grid(mode, padding, align):
    words = {"mode": mode, "padding_mode": padding, "align_corners": align}
    return case("GridSample", X, GRID, opset="opset9", tolerance=1e-4, **words)


def boxes(mode="avg", aligned="asymmetric", scale=0.7, ratio=2):
    return case(
        "ROIAlign",
        X,
        BOXES,
        np.int32([0, 1, 1, 0]),
        pooled_h=2,
        pooled_w=3,
        sampling_ratio=ratio,
        spatial_scale=scale,
        mode=mode,
        aligned_mode=aligned,
        opset="opset9",
        tolerance=1e-4,
    )


CASES = [
    *(
        grid(mode, padding, align)
        for mode in ("nearest", "bilinear", "bicubic")
        for padding in ("zeros", "border", "reflection")
        for align in (True, False)
    ),
    boxes(),
    boxes(ratio=1),
    boxes(ratio=0),
    boxes(aligned="half_pixel", ratio=0, scale=1.3),
    boxes(aligned="half_pixel"),
    boxes(aligned="half_pixel_for_nn"),
    boxes("max"),
    boxes("max", "half_pixel"),
]
