"""Ops that turn tensors round, or numbers into places."""

import numpy as np

from tests.cases import Given, case, i64, image

X = image(2, 6, 4, 5)
CLASSES = image(2, 3, 4, dtype="int32", low=0, high=4)


def hot(axis, depth=5):
    return case("OneHot", CLASSES, np.int64(depth), np.float32(2), np.float32(-1), axis=axis)


CASES = [
    case("Reverse", X, i64(1, -1), mode="index", opset="opset1"),
    case("Reverse", X, np.array([False, True, False, True]), mode="mask", opset="opset1"),
    case("ReverseSequence", X, i64(2, 5), batch_axis=0, seq_axis=1),
    case("ReverseSequence", X, i64(2, 5, 1, 3), batch_axis=2, seq_axis=-1),
    *(hot(axis) for axis in (0, 1, -1)),
    hot(1, depth=1),
    case(
        "Bucketize", image(3, 4), np.float32([-1, 0, 1]), output_type="i64", with_right_bound=True
    ),
    case("Bucketize", image(3, 4), np.float32([-1, 1]), output_type="i32", with_right_bound=False),
    case("CumSum", X, Given((), "int64", 2, 2), exclusive=False, reverse=True),
]
