"""Interpolate: modes, coordinates, roundings."""

import numpy as np

from tests.cases import case, i64, image

X = image(2, 3, 5, 6)


DEFAULTS = {"cube_coeff": -0.75, "antialias": False, "pads_begin": [0], "pads_end": [0]}


def resize(mode, coordinates, sizes=(9, 7), nearest="round_prefer_floor", scales=None, **more):
    by = np.float32(scales) if scales else i64(*sizes)
    return case(
        "Interpolate",
        more.pop("x", X),
        by,
        i64(*more.pop("axes", (2, 3))),
        mode=mode,
        shape_calculation_mode="scales" if scales else "sizes",
        coordinate_transformation_mode=coordinates,
        nearest_mode=nearest,
        tolerance=1e-4,
        **{**DEFAULTS, **more},
    )


COORDINATES = [
    "half_pixel",
    "pytorch_half_pixel",
    "asymmetric",
    "align_corners",
    "tf_half_pixel_for_nn",
]
ROUNDINGS = ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil", "simple"]
CASES = [
    *(resize("linear_onnx", each) for each in COORDINATES),
    *(resize("linear_onnx", each, (10, 12)) for each in COORDINATES),
    *(resize("linear", each, (3, 4)) for each in COORDINATES),
    *(resize("cubic", each) for each in COORDINATES),
    *(resize("nearest", c, nearest=n) for c in COORDINATES for n in ROUNDINGS),
    *(resize("nearest", "asymmetric", (10, 12), n) for n in ROUNDINGS),
    resize("nearest", "half_pixel", (3, 2), "simple"),
    resize("linear_onnx", "pytorch_half_pixel", (1, 12)),
    resize("linear_onnx", "half_pixel", scales=(1.7, 2.2)),
    resize("nearest", "asymmetric", scales=(2.0, 2.0), nearest="floor"),
    resize("linear_onnx", "half_pixel", x=image(2, 5, 6, 3), axes=(1, 2)),
    resize("nearest", "asymmetric", (5, 9), "floor"),
    # OpenVINO's CPU ignores antialias: tests/test_interpolation.py holds it against PyTorch.
    resize("cubic", "half_pixel", cube_coeff=-0.5),
    resize("linear_onnx", "half_pixel", pads_begin=[0, 0, 1, 0], pads_end=[0, 0, 0, 2]),
    resize("nearest", "asymmetric", (10, 12), "floor", pads_begin=[0, 0, 0, 1]),
    resize("linear_onnx", "half_pixel", (3, 9, 7), x=image(1, 2, 4, 5, 6), axes=(2, 3, 4)),
    resize("nearest", "asymmetric", (3, 9, 7), "floor", x=image(1, 2, 4, 5, 6), axes=(2, 3, 4)),
    *(
        resize(f"{name}_pillow", "half_pixel", sizes, cube_coeff=cube)
        for name, cube in (("bilinear", -0.5), ("bicubic", -0.5), ("bicubic", -0.75))
        for sizes in ((3, 4), (9, 13), (3, 13))
    ),
]
