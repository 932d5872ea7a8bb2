"""Convolutions whose filters the model computes."""

from tests.cases import case, image
from tests.cases.convolution import back, window

X = image(2, 6, 7, 8)
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
]
