"""Ops on bits."""

from tests.cases import case, image

WHOLE = image(dtype="int32", low=-9, high=9)
SHIFT = image(dtype="int32", low=0, high=4)
TRUTH = image(dtype="bool")
BINARY = ["BitwiseAnd", "BitwiseOr", "BitwiseXor"]

CASES = [
    *(case(kind, WHOLE, WHOLE) for kind in BINARY),
    *(case(kind, TRUTH, TRUTH) for kind in BINARY),
    *(
        case(kind, *[image(3, 4, dtype=dtype, low=0, high=99)] * 2)
        for kind in BINARY
        for dtype in ("uint8", "int16", "uint32", "int64")
    ),
    case("BitwiseNot", image(3, 4, dtype="uint8", low=0, high=99)),
    case("BitwiseNot", WHOLE),
    case("BitwiseNot", TRUTH),
    case("BitwiseLeftShift", WHOLE, SHIFT, opset="opset15"),
    case("BitwiseRightShift", image(dtype="int32", low=0, high=99), SHIFT, opset="opset15"),
]
