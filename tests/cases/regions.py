"""Pools over regions, and ops that follow indices."""

import numpy as np

from tests.cases import case, i64, image

X = image(2, 3, 6, 7)
PIXELS = np.float32([[0, 0, 0, 4, 4], [1, 1, 2, 6, 5], [0, 3, 3, 3, 3], [1, 2, 1, 9, 9]])
PARTS = np.float32([[0, 0, 0, 0.5, 0.7], [1, 0.2, 0.1, 0.9, 1.0], [1, 0.5, 0.5, 1.3, 0.8]])


def pooled(regions, method, scale=1.0, size=(2, 3)):
    words = {"output_size": list(size), "method": method, "spatial_scale": scale}
    return case("ROIPooling", X, regions, opset="opset2", **words)


def by_position(regions, mode, dim, group, bins=(1, 1), scale=1.0):
    channels = dim * (group**2 if mode == "average" else bins[0] * bins[1])
    return case(
        "PSROIPooling",
        image(2, channels, 6, 7),
        regions,
        output_dim=dim,
        group_size=group,
        spatial_scale=scale,
        spatial_bins_x=bins[0],
        spatial_bins_y=bins[1],
        mode=mode,
        opset="opset1",
        tolerance=1e-4,
    )


def whole(*shape, high):
    return image(*shape, dtype="int32", low=0, high=high)


CASES = [
    pooled(PIXELS, "max"),
    pooled(PIXELS, "max", 0.6, (3, 2)),
    pooled(PARTS, "bilinear"),
    pooled(PARTS, "bilinear", size=(1, 2)),
    by_position(PIXELS, "average", 3, 2),
    by_position(PIXELS, "average", 2, 3, scale=0.5),
    by_position(PARTS, "bilinear", 2, 3, (3, 2)),
    by_position(PARTS, "bilinear", 3, 1),
    case(
        "GatherTree", whole(5, 2, 3, high=9), whole(5, 2, 3, high=2), np.int32([4, 5]), np.int32(9)
    ),
    case(
        "GatherTree", whole(5, 2, 3, high=3), whole(5, 2, 3, high=2), np.int32([2, 9]), np.int32(0)
    ),
    *(
        case(
            "SearchSorted",
            i64(*([[1, 3, 3, 7]] * 2 if rows else [1, 3, 3, 7])),
            image(2, 5, dtype="int64", low=0, high=8),
            right_mode=right,
            opset="opset15",
        )
        for right in (True, False)
        for rows in (True, False)
    ),
]
