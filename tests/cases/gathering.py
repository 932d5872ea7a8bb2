"""Ops that read and write by computed indices."""

import numpy as np

from tests.cases import case, const, i64, image

# OpenVINO takes indices that count from the end only in some of these ops.
X = image(4, 3, 5)
ROW = image(2, 3, dtype="int32", low=-3, high=2)


def places(*shape, size):
    """Constant indices, from the end as well as from the start."""
    rng = np.random.default_rng(sum(shape))
    return rng.integers(-size, size, shape)


def elements(reduction="none", use_init_val=True):
    indices = np.int64([[0, 2], [1, -1], [3, 0]]) if reduction == "none" else places(3, 2, size=4)
    return case(
        "ScatterElementsUpdate",
        image(4, 2),
        indices,
        image(3, 2),
        i64(0),
        reduction=reduction,
        use_init_val=use_init_val,
        opset="opset12",
    )


KINDS = ["sum", "prod", "min", "max", "mean"]
CASES = [
    case("Gather", X, ROW, np.int64(1), batch_dims=0, opset="opset8"),
    case("Gather", const(4, 3), ROW, np.int64(0), batch_dims=0, opset="opset8"),
    case(
        "Gather",
        image(2, 4, 3),
        image(2, 5, dtype="int64", low=-4, high=3),
        np.int64(1),
        batch_dims=1,
        opset="opset8",
    ),
    case("GatherElements", X, image(4, 2, 5, dtype="int32", low=0, high=2), axis=1, opset="opset6"),
    case("GatherElements", X, abs(places(4, 3, 2, size=4)), axis=-1, opset="opset6"),
    case("GatherND", X, image(6, 2, dtype="int32", low=0, high=2), batch_dims=0, opset="opset8"),
    case("GatherND", X, i64([1], [0], [1], [2]), batch_dims=1, opset="opset8"),
    elements(),
    *(elements(kind) for kind in KINDS),
    *(elements(kind, False) for kind in KINDS),
    case("ScatterNDUpdate", X, i64([1], [3]), image(2, 3, 5), opset="opset4"),
    case("ScatterNDUpdate", X, i64([1, 2], [3, 0]), image(2, 5), opset="opset4"),
    *(
        case(
            "ScatterNDUpdate",
            X,
            i64([1, 2], [3, 0], [1, 2]),
            image(3, 5),
            reduction=kind,
            opset="opset15",
        )
        for kind in KINDS[:-1]
    ),
    case("ScatterUpdate", X, i64(2, 0), image(4, 2, 5), i64(1), opset="opset3"),
    case("ScatterUpdate", image(4, 6), i64([3, 0], [1, 2]), image(2, 2, 6), i64(0)),
]
