"""Reductions."""

from tests.cases import case, i64, image

KINDS = ["ReduceMean", "ReduceSum", "ReduceMax", "ReduceMin", "ReduceProd", "ReduceL1", "ReduceL2"]
CASES = [
    *(case(kind, image(), i64(2, 3), keep_dims=True) for kind in KINDS),
    *(case(kind, image(), i64(1), keep_dims=False) for kind in KINDS),
    case("ReduceMean", image(), i64(0, 1, 2, 3), keep_dims=False),
    case("ReduceMean", image(2, 3, 1, 5), i64(2), keep_dims=False),
    case("ReduceMean", image(2, 3, 4), i64(-1), keep_dims=True),
    *(case(kind, image(3, 0, 4), i64(1), keep_dims=True) for kind in ("ReduceSum", "ReduceProd")),
    case("ReduceSum", image(dtype="uint8", low=0, high=9), i64(1), keep_dims=False),
    case("ReduceMax", image(dtype="int8", low=-9, high=9), i64(1), keep_dims=False),
    case("ReduceLogicalAnd", image(dtype="bool"), i64(1, 3), keep_dims=False),
    case("ReduceLogicalOr", image(dtype="bool"), i64(2), keep_dims=True),
]
