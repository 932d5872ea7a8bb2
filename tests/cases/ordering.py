"""Ops that compare or add up along an axis."""

import numpy as np

from tests.cases import case, image

X = image(2, 6, 4, 5)


def top(k, axis, mode="max", sort="value"):
    return case(
        "TopK",
        X,
        np.int64(k),
        axis=axis,
        mode=mode,
        sort=sort,
        index_element_type="i32",
        opset="opset11",
        stable=False,
        ports=2,
    )


CASES = [
    top(1, 1),
    top(1, 3, "min"),
    top(3, 1),
    top(2, -1, "min"),
    top(3, 2, "max", "index"),
    case("CumSum", X, np.int64(1), exclusive=False, reverse=False),
    case("CumSum", X, np.int64(2), exclusive=True, reverse=True),
]
