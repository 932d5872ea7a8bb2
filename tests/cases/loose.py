"""Ops on tensors whose sizes are known only when the model runs, and ops that make such."""

from dataclasses import replace

import numpy as np

from tests.cases import (
    Case,
    Given,
    bitwise,
    case,
    const,
    elementwise,
    i64,
    image,
    reduction,
    resizing,
)
from tests.cases.convolution import back, window
from tests.cases.slicing import strided

X = image(2, 6, 4, 5)
L = replace(X, loose=True)


def told(*numbers, dtype="int64"):
    """Numbers that the model is told when it runs."""
    return Given(np.shape(numbers), dtype, values=numbers)


def single(number, dtype="int64"):
    return Given((), dtype, values=number)


def loosened(row: Case) -> Case:
    inputs = (replace(x, loose=True) if isinstance(x, Given) else x for x in row.inputs)
    return replace(row, inputs=tuple(inputs))


def first_of_each(rows: list[Case]) -> list[Case]:
    return [loosened(row) for row in {row.type: row for row in reversed(rows)}.values()]


def best(batch=1, classes=2, count=9, limits=(3, 0.3, 0.2), **words):
    sigma = words.pop("sigma", 0.0)
    given = [np.int64(limits[0]), *map(np.float32, (*limits[1:], sigma))]
    words = {"box_encoding": "corner", "sort_result_descending": True, **words}
    return case(
        "NonMaxSuppression",
        image(batch, count, 4, low=0, high=1),
        image(batch, classes, count, low=0, high=1),
        *given,
        output_type="i64",
        opset="opset9",
        ports=3,
        **words,
    )


def roomy(kind, *inputs, **words):
    return case(kind, *inputs, tolerance=1e-4, **words)


def resized(row: Case) -> Case:
    """A resize to sizes, or by scales, that the model is told."""
    x, by, *rest = row.inputs
    return replace(row, inputs=(x, told(*by, dtype=str(by.dtype)), *rest))


def top(k, axis, mode="max", sort="value", x=X):
    words = {"axis": axis, "mode": mode, "sort": sort, "index_element_type": "i32"}
    return case("TopK", x, single(k), opset="opset11", stable=False, ports=2, **words)


def distinct(x, *axis, sorted_=True):
    words = {"sorted": sorted_, "index_element_type": "i64", "count_element_type": "i32"}
    return case("Unique", x, *axis, opset="opset10", ports=4, **words)


FEW = image(4, 5, dtype="int32", low=0, high=3)
MEASURES = {"eps": 1e-3, "eps_mode": "add"}
CASES = [
    *first_of_each(elementwise.CASES),
    *first_of_each(bitwise.CASES[:-2]),
    *first_of_each(reduction.CASES),
    case("ReduceMax", X, told(-1), keep_dims=True),
    case("Reshape", X, told(2, -1, 5), special_zero=False),
    case("Reshape", X, told(0, -1), special_zero=True),
    case("Reshape", L, i64(0, 0, -1), special_zero=True),
    case("Squeeze", image(2, 1, 3, loose=True), i64(1)),
    case("Unsqueeze", image(2, 3, loose=True), i64(0, 2)),
    case("Transpose", L, i64(0, 2, 3, 1)),
    case("Transpose", X, told(3, 0, 1, 2)),
    case("ShapeOf", L, output_type="i64"),
    case("Concat", L, image(2, 3, 4, 5, loose=True), axis=1),
    case("Slice", X, told(1), told(-1), told(2), told(1)),
    case("Slice", L, i64(4, 1), i64(-100, 2**40), i64(-1, 1), i64(3, 2)),
    case("Slice", X, told(0, 1), told(2, 3), told(1, 2)),
    case("StridedSlice", X, told(0, 1), told(0, 5), i64(1, 2), **strided([1, 0], [1, 0])),
    case("StridedSlice", L, i64(0, 2), i64(0, 3), i64(1, 1), **strided([1], [1], (), [0, 1])),
    case("Split", L, np.int64(1), num_splits=3, ports=3),
    case("VariadicSplit", X, np.int64(1), told(1, -1, 2), ports=3),
    case("Broadcast", image(3, 1, 5), told(2, 3, 4, 5), mode="numpy", opset="opset5"),
    case("Broadcast", image(3), told(2, 3, 4), i64(1), mode="explicit", opset="opset5"),
    case("Broadcast", image(3, 4), told(2, 1, 1), mode="bidirectional", opset="opset5"),
    case("Tile", image(3, 4), told(2, 1, 2)),
    case("Tile", image(2, 3, 4), told(2)),
    *(
        case("Pad", X, told(0, 0, 2, 1), told(0, 0, 1, 2), *value, pad_mode=mode)
        for mode, *value in (["constant", np.float32(0.5)], ["reflect"], ["symmetric"], ["edge"])
    ),
    case("Pad", X, told(0, -1, 0, 1), told(0, 2, -1, 0), pad_mode="constant"),
    case("Range", single(1), single(9), single(3), output_type="i32", opset="opset4"),
    case(
        "Range", *(single(n, "float32") for n in (1, -2, -0.5)), output_type="f32", opset="opset4"
    ),
    roomy("Softmax", L, axis=1),
    roomy("LogSoftmax", L, axis=1),
    roomy("MVN", L, i64(2), eps=1e-3, normalize_variance=True, eps_mode="inside_sqrt"),
    roomy("NormalizeL2", L, i64(1), **MEASURES),
    roomy("MatMul", L, const(7, 5), transpose_a=False, transpose_b=True),
    roomy("MatMul", image(2, 3, 6, loose=True), image(6), transpose_a=False, transpose_b=False),
    roomy("Einsum", image(2, 3, 4, loose=True), image(2, 4, 5), equation="bij,bjk->bik"),
    roomy("Convolution", L, const(3, 6, 3, 3), **window(2, (2, 1), 1, (1, 0), (0, 1))),
    roomy("GroupConvolution", L, const(6, 1, 1, 3, 3), **window(2, 2, 1, 1, 1)),
    roomy("GroupConvolution", L, const(2, 4, 3, 3, 3), **window(2)),
    roomy("ConvolutionBackpropData", L, const(6, 5, 3, 3), **back(2, 2, 1, 1, 1, 1)),
    case("PRelu", L, const(6)),
    case("PRelu", L, np.float32([0.3])),
    case("Gather", L, i64(0, -1), np.int64(1), batch_dims=0, opset="opset8"),
    case("Gather", image(2, 6, 3, loose=True), i64([1, 0], [5, 5]), np.int64(1), batch_dims=1),
    case("GatherND", L, i64([1, 2], [0, 5]), batch_dims=0, opset="opset8"),
    case("GatherElements", L, image(2, 6, 4, 2, dtype="int32", low=0, high=4), axis=3),
    case("ScatterNDUpdate", image(4, 3, loose=True), i64([1], [3]), image(2, 3), opset="opset4"),
    top(3, 1),
    top(2, -1, "min", "index"),
    case("OneHot", FEW, single(4), np.float32(2), np.float32(-1), axis=1),
    case("CumSum", L, np.int64(2), exclusive=True, reverse=True),
    *(resized(row) for row in resizing.CASES[::3] if "pillow" not in row.attributes["mode"]),
    case("Eye", single(3), single(4), np.int64(1), output_type="f32"),
    case("NonZero", image(3, 4, dtype="int32", low=0, high=1), output_type="i64"),
    case("NonZero", image(2, 3, 4, dtype="bool"), output_type="i32"),
    best(),
    best(2, 3, sort_result_descending=False),
    best(1, 2, box_encoding="center"),
    best(1, 12, 20),
    best(2, 2, 12, (99, 0.5, 0.0)),
    best(1, 2, 12, (5, 0.3, 0.1), sigma=0.5, tolerance=1e-4),
    distinct(FEW),
    distinct(FEW, sorted_=False),
    distinct(image(7, 2, dtype="int32", low=0, high=1), np.int64(0)),
    # Along other axes OpenVINO's CPU finds equal slices different: tests/test_selecting.py.
    distinct(image(7, 2, 2, dtype="int32", low=0, high=1), np.int64(0), sorted_=False),
]
