"""Ops that treat every element alike."""

import numpy as np

from tests.cases import case, const, image

UNARY = [
    "Abs",
    "Asinh",
    "Atan",
    "Ceiling",
    "Cos",
    "Cosh",
    "Erf",
    "Exp",
    "Floor",
    "Negative",
    "Relu",
    "Sigmoid",
    "Sign",
    "Sin",
    "Sinh",
    "SoftPlus",
    "SoftSign",
    "Tan",
    "Tanh",
    "HSwish",
    "HSigmoid",
    "Mish",
]
POSITIVE = ["Log", "Sqrt", "Acosh"]
SMALL = ["Acos", "Asin", "Atanh"]
BINARY = [
    "Add",
    "Subtract",
    "Multiply",
    "Maximum",
    "Minimum",
    "SquaredDifference",
    "FloorMod",
    "Mod",
]
COMPARING = ["Equal", "NotEqual", "Less", "LessEqual", "Greater", "GreaterEqual"]
LOGICAL = ["LogicalAnd", "LogicalOr", "LogicalXor"]
WHOLE = image(dtype="int32", low=-3, high=3)
NATURAL = image(dtype="int32", low=1, high=9)
TRUTH = image(dtype="bool")
TYPES = ["float16", "float64", "int8", "int16", "int64", "uint8", "uint16", "uint32", "uint64"]


def few(dtype, low=1, high=9):
    return image(2, 3, dtype=dtype, low=low, high=high)


CASES = [
    *(case(kind, image(), tolerance=1e-4) for kind in UNARY),
    *(case(kind, image(low=1.1, high=4)) for kind in POSITIVE),
    *(case(kind, image(low=-0.9, high=0.9), tolerance=1e-4) for kind in SMALL),
    *(case(kind, image(), image(low=0.5, high=2)) for kind in BINARY),
    *(case(kind, image(), const(1, 3, 1, 1, low=0.5, high=2)) for kind in BINARY),
    *(case(kind, WHOLE, WHOLE) for kind in COMPARING),
    *(case(kind, TRUTH, TRUTH) for kind in LOGICAL),
    case("LogicalNot", TRUTH),
    case("Add", image(), image(3, 1, 5)),
    case("Add", image(), image(5)),
    case("Multiply", image(2, 3, 1, 1), image()),
    case("Add", image(), const(4, 1)),
    case("Divide", image(), image(low=0.5, high=2)),
    case("Divide", image(), const(1, 3, 1, 1, low=0.5, high=2)),
    # OpenVINO's CPU plug-in rounds towards 0 whatever is asked.
    case("Divide", NATURAL, NATURAL, m_pythondiv=True),
    case("Divide", image(dtype="int32", low=-9, high=9), NATURAL, m_pythondiv=True),
    *(case(k, few(t), few(t)) for k in ("Add", "Multiply", "Less", "Equal", "Mod") for t in TYPES),
    *(case("Maximum", few(t), few(t)) for t in TYPES),
    *(case("Divide", few(t), few(t), tolerance=1e-3) for t in TYPES),
    *(case("Abs", few(t, -5, 5)) for t in ("int8", "int64", "float16", "float64")),
    *(case("Sign", few(t, -5, 5)) for t in ("int8", "int64", "float16")),
    *(case("Convert", few(t), destination_type="u64") for t in ("float32", "int32", "uint64")),
    *(case("Convert", few("uint64"), destination_type=t) for t in ("f32", "i32", "u8")),
    case("Divide", WHOLE, image(dtype="int32", low=1, high=3), m_pythondiv=False),
    case("Power", image(), np.float32(2)),
    case("Power", image(low=0.1), np.float32(0.5)),
    case("Power", image(low=0.1), np.float32(1.7), tolerance=1e-4),
    case("Power", image(low=0.1), image(low=0.5), tolerance=1e-4),
    case("Power", NATURAL, image(dtype="int32", low=-2, high=3)),
    case("Power", *[image(dtype="uint8", low=1, high=3)] * 2),
    case("Mod", *[image(dtype="uint8", low=1, high=9)] * 2),
    case("Clamp", image(), min=0.0, max=6.0),
    case("Clamp", image(), min=0.25, max=float(np.finfo(np.float32).max)),
    case("Clamp", image(), min=-float(np.finfo(np.float32).max), max=0.5),
    case("SoftPlus", image(low=-30, high=200), tolerance=1e-4),
    case("Clamp", image(), min=-1.0, max=0.5),
    case("Clamp", image(), min=0.0, max=float(np.finfo(np.float32).max)),
    case("Convert", image(dtype="int32"), destination_type="f32"),
    case("ConvertLike", image(), image(dtype="int32")),
    case("ConvertLike", image(3, dtype="int32"), image()),
    case("Elu", image(), alpha=1.0),
    case("Elu", image(), alpha=0.3),
    case("Selu", image(), np.float32([1.7]), np.float32([1.05])),
    case("HardSigmoid", image(), np.float32(0.2), np.float32(0.5)),
    case("Swish", image()),
    case("Swish", image(), np.float32(1.5)),
    case("Gelu", image(), approximation_mode="erf", opset="opset7", tolerance=1e-4),
    case("Gelu", image(), approximation_mode="tanh", opset="opset7", tolerance=1e-4),
    case("Round", image(), mode="half_to_even"),
    case("Round", image(), mode="half_away_from_zero"),
    case("Select", TRUTH, image(), image()),
    case("IsInf", image(), detect_negative=True, detect_positive=True),
    case("IsInf", image(), detect_negative=False, detect_positive=True),
    case("IsInf", image(), detect_negative=True, detect_positive=False),
    case("IsInf", image(), detect_negative=False, detect_positive=False),
    case("IsNaN", image()),
    case("IsFinite", image()),
    case(
        "FakeQuantize",
        image(),
        const(1, 3, 1, 1, low=-2, high=-1),
        const(1, 3, 1, 1, low=1, high=2),
        np.float32(-1),
        np.float32(1),
        levels=16,
        tolerance=0.2,  # a value half way between two levels may go to either
    ),
]
