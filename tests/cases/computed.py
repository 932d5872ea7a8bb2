"""Ops whose parameters the model computes, and pools whose places it reads."""

from tests.cases import case, const, image
from tests.cases.convolution import back, window
from tests.cases.pooling import maximum

X = image(2, 6, 7, 8)
FLOORS = image(1, low=-2, high=-1.5), image(1, low=1.5, high=2)
BACK, GROUPED = "ConvolutionBackpropData", "GroupConvolution"

CASES = [
    case("Convolution", X, image(5, 6, 3, 3), **window(2, 2, 1, 1, 1), tolerance=1e-4),
    case("Convolution", X, image(5, 6, 3, 2), **window(2, 1, 2, (1, 0), 0), tolerance=1e-4),
    case("Convolution", image(2, 6, 9), image(5, 6, 3), **window(1, 2, 1, 1, 1), tolerance=1e-4),
    case(GROUPED, X, image(6, 1, 1, 3, 3), **window(2, 1, 1, 1, 1), tolerance=1e-4),
    case(GROUPED, X, image(2, 4, 3, 3, 3), **window(2), tolerance=1e-4),
    case(BACK, X, image(6, 5, 3, 3), **back(2, 2, 1, 1, 1, 1), tolerance=1e-4),
    case(BACK, X, image(6, 5, 3, 3), **back(2, 3, 2, 0, 0, 2), tolerance=1e-4),
    case(BACK, image(2, 6, 9), image(6, 5, 4), **back(1, 2, 1, 1, 1), tolerance=1e-4),
    case("GroupConvolutionBackpropData", X, image(2, 3, 4, 3, 3), **back(2, 2), tolerance=1e-4),
    case("MaxPool", X, **maximum([2, 2], [2, 2]), ports=2),
    case("MaxPool", X, **maximum([3, 2], [2, 1], [1, 0], [1, 1], [1, 2], "ceil"), ports=2),
    case("MaxPool", image(1, 2, 4, 5, 6), **maximum([2, 2, 2], [1, 2, 1]), ports=2),
    case("PRelu", X, image(6), opset="opset1"),
    case("PRelu", X, image(8), opset="opset1"),
    case("BatchNormInference", X, *[image(6, low=0.5)] * 4, epsilon=1e-3, opset="opset5"),
    case("FakeQuantize", image(3, 4), *FLOORS, *FLOORS, levels=256, tolerance=0.02),
    case("Add", image(1, 4, 2, 3, 4), const(4, 1, 1, 1)),
]
