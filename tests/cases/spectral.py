"""Fourier transforms."""

from tests.cases import case, i64, image

X = image(2, 5, 6, 2)
HALF = image(2, 5, 4, 2)

CASES = [
    *(case(kind, X, i64(1, 2), opset="opset7", tolerance=1e-4) for kind in ("DFT", "IDFT")),
    *(case(kind, X, i64(2), i64(8), opset="opset7", tolerance=1e-4) for kind in ("DFT", "IDFT")),
    case("DFT", X, i64(0, -1), i64(3, -1), opset="opset7", tolerance=1e-4),
    case("RDFT", image(2, 5, 6), i64(1, 2), opset="opset9", tolerance=1e-4),
    case("RDFT", image(2, 5, 6), i64(1), i64(4), opset="opset9", tolerance=1e-4),
    case("IRDFT", HALF, i64(2), opset="opset9", tolerance=1e-4),
    case("IRDFT", HALF, i64(1, 2), i64(5, 7), opset="opset9", tolerance=1e-4),
]
