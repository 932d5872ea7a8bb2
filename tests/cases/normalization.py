"""Ops that scale elements by their neighbours, and activations with weights."""

import numpy as np

from tests.cases import case, const, i64, image

CASES = [
    case("Softmax", image(), axis=1),
    case("Softmax", image(), axis=-1),
    case("Softmax", image(2, 3, 4), axis=0),
    case("Softmax", image(2, 1, 4), axis=1),
    case("LogSoftmax", image(), axis=1, tolerance=1e-4),
    case("MVN", image(), i64(2, 3), eps=1e-5, normalize_variance=True, eps_mode="inside_sqrt"),
    case("MVN", image(), i64(1), eps=1e-3, normalize_variance=True, eps_mode="outside_sqrt"),
    case("MVN", image(), i64(1, 2, 3), eps=1e-3, normalize_variance=False, eps_mode="inside_sqrt"),
    case("NormalizeL2", image(), i64(1), eps=1e-3, eps_mode="add"),
    case("NormalizeL2", image(), i64(2, 3), eps=1e-3, eps_mode="max"),
    case("LRN", image(2, 7, 4, 5), i64(1), alpha=0.1, beta=0.75, bias=1.0, size=5),
    case("LRN", image(2, 7, 4, 5), i64(1), alpha=0.1, beta=0.75, bias=1.0, size=4),
    case("LRN", image(2, 7, 4, 5), i64(2, 3), alpha=0.1, beta=0.75, bias=1.0, size=3),
    case("PRelu", image(), const(3)),
    case("PRelu", image(), np.float32([0.1])),
    case("PRelu", image(), const(1, 3, 1, 1)),
    case("PRelu", image(2, 3), const(3)),
    case("PRelu", image(), const(3, 4, 5)),
    case(
        "BatchNormInference",
        image(),
        const(3),
        const(3),
        const(3),
        const(3, low=0.5, high=2),
        epsilon=1e-3,
        opset="opset5",
        tolerance=1e-4,
    ),
]
