"""Ops that take tensors apart, put them together, fill them up."""

import numpy as np

from tests.cases import case, const, i64, image

X = image(2, 6, 4, 5)


def strided(begin=(), end=(), new=(), shrink=(), ellipsis=()):
    return {
        f"{name}_mask": [*mask, *[0] * (2 - len(mask))]
        for name, mask in (
            ("begin", begin),
            ("end", end),
            ("new_axis", new),
            ("shrink_axis", shrink),
            ("ellipsis", ellipsis),
        )
    }


def pads(mode, begin, end, *value):
    return case("Pad", X, i64(*begin), i64(*end), *value, pad_mode=mode)


CASES = [
    case("Concat", X, image(2, 3, 4, 5), axis=1),
    case("Concat", X, X, axis=1),
    case("Concat", X, X, image(2, 6, 4, 1), axis=-1),
    case("Concat", X, const(2, 2, 4, 5), axis=1),
    case("Concat", image(1, 1, 4, 5), image(1, 1, 4, 5), axis=1),
    case("Concat", X, axis=2),
    case("Concat", X, const(2, 0, 4, 5), X, axis=1),
    case("Concat", X, const(2, 0, 4, 5), axis=1),
    case("Split", X, np.int64(1), num_splits=3, ports=3),
    case("Split", X, np.int64(1), num_splits=6, ports=6),
    case("VariadicSplit", X, np.int64(1), i64(1, 3, 2), ports=3),
    case("VariadicSplit", X, np.int64(-1), i64(2, -1), ports=2),
    case("Slice", X, i64(1), i64(5), i64(2), i64(1)),
    case("Slice", X, i64(3), i64(6), i64(1), i64(1)),
    case("Slice", X, i64(4, 1), i64(-100, 4), i64(-1, 1), i64(3, 2)),
    case("Slice", X, i64(0, 1), i64(2, 3), i64(1, 1)),
    case("StridedSlice", X, i64(0, 1), i64(0, 5), i64(1, 2), **strided([1, 0], [1, 0])),
    case("StridedSlice", X, i64(0, 2), i64(0, 3), i64(1, 1), **strided([1], [1], (), [0, 1])),
    case("StridedSlice", X, i64(0, 1), i64(0, 3), i64(1, 1), **strided((), (), (), (), [1, 0])),
    case("StridedSlice", X, i64(0, 0), i64(0, 1), i64(1, 1), **strided([1], [1], [1, 0])),
    pads("constant", (0, 1, 0, 2), (0, 0, 1, 0), np.float32(0.5)),
    pads("constant", (0, 0, 1, 1), (0, 0, 1, 1)),
    pads("constant", (0, 0, -1, 1), (0, 0, 1, -2)),
    pads("reflect", (0, 0, 2, 1), (0, 0, 1, 2)),
    pads("symmetric", (0, 0, 2, 1), (0, 0, 1, 2)),
    pads("edge", (0, 0, 2, 1), (0, 0, 1, 2)),
    case("Tile", X, i64(1, 2, 1, 3)),
    case("Tile", image(3, 4), i64(2, 1, 2)),
    case("Broadcast", image(3, 1, 5), i64(2, 3, 4, 5), mode="numpy", opset="opset5"),
    case("Broadcast", image(3), i64(2, 3, 4), i64(1), mode="explicit", opset="opset5"),
    case("Broadcast", image(3, 4), i64(1, 1), mode="bidirectional", opset="opset5"),
    case("Gather", X, i64(0, 2, 5), np.int64(1), batch_dims=0),
    case("Gather", X, i64(1, 2, 3), np.int64(1), batch_dims=0),
    case("Gather", X, i64([1, 5, 0], [2, 0, -1]), np.int64(1), batch_dims=1),
    case("Gather", X, i64([1], [2]), np.int64(2), batch_dims=-1),
    case("Gather", X, i64(-1), np.int64(1), batch_dims=0),
    case("Gather", X, np.int64(1), np.int64(2), batch_dims=0),
    case("Gather", X, np.array([[0, 1], [3, 2]]), np.int64(3), batch_dims=0),
]
