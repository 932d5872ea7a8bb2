"""Sums over rows of a table."""

import numpy as np

from tests.cases import case, const, i64, image

TABLE = const(6, 3)
ROWS = image(5, dtype="int32", low=0, high=5)
WEIGHTS = image(5)

CASES = [
    case("EmbeddingBagPackedSum", TABLE, image(4, 2, dtype="int32", low=0, high=5), opset="opset3"),
    case("EmbeddingBagPackedSum", image(6, 3), i64([1, 2], [0, 5]), image(2, 2), opset="opset3"),
    case("EmbeddingBagOffsetsSum", TABLE, ROWS, np.int32([0, 2, 3]), opset="opset3"),
    case(
        "EmbeddingBagOffsetsSum",
        image(6, 3),
        ROWS,
        np.int32([0, 2, 2]),
        np.int32(4),
        WEIGHTS,
        opset="opset3",
    ),
    case(
        "EmbeddingSegmentsSum",
        TABLE,
        ROWS,
        np.int32([0, 0, 2, 2, 3]),
        np.int32(4),
        np.int32(1),
        WEIGHTS,
        opset="opset3",
    ),
]
