"""Ops of many attributes, drawn at random, against OpenVINO: as written, and channels last."""

from __future__ import annotations

import numpy as np
import openvino as ov
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as some

from converters.ir_to_tf.reader import graph_of
from converters.ir_to_tf.simplify import simplified
from tests.cases import Case, case, const, i64, image
from tests.test_ops import check_whole, model_of

CORE = ov.Core()
FEW = settings(max_examples=25, deadline=None, derandomize=True)
pytestmark = pytest.mark.slow


def check(row: Case) -> None:
    model, data = model_of(row)
    hints = {"INFERENCE_PRECISION_HINT": "f32"}
    expected = [np.array(y) for y in CORE.compile_model(model, "CPU", hints)(data).values()]
    check_whole(simplified(graph_of(model)), data, expected, row.tolerance)


def per_axis(rank, low, high):
    return some.lists(some.integers(low, high), min_size=rank, max_size=rank)


@some.composite
def windows(draw, rank: int, dilated: bool = True):
    """Sizes of an image, a kernel that fits in it, and how it walks."""
    kernel = draw(per_axis(rank, 1, 3))
    dilations = draw(per_axis(rank, 1, 2)) if dilated else [1] * rank
    begin, end = ([draw(some.integers(0, k - 1)) for k in kernel] for _ in range(2))
    reach = [(k - 1) * d + 1 for k, d in zip(kernel, dilations, strict=True)]
    sizes = [draw(some.integers(r, r + 4)) for r in reach]
    words = {"strides": draw(per_axis(rank, 1, 3)), "pads_begin": begin, "pads_end": end}
    return kernel, sizes, {**words, "dilations": dilations}


@FEW
@given(some.data(), some.integers(1, 3), some.sampled_from([1, 2, 4]))
def test_convolutions(data, rank, groups):
    kernel, sizes, words = data.draw(windows(rank))
    # TensorFlow's oneDNN kernel gives 0 for some windows when a volume is walked in long steps.
    assume(rank < 3 or all(s <= k for s, k in zip(words["strides"], kernel, strict=True)))
    x = image(1, 4, *sizes)
    if groups == 1:
        check(case("Convolution", x, const(3, 4, *kernel), tolerance=1e-4, **words))
    else:
        filters = const(groups, data.draw(some.integers(1, 2)), 4 // groups, *kernel)
        check(case("GroupConvolution", x, filters, tolerance=1e-4, **words))


@FEW
@given(some.data(), some.integers(1, 3), some.booleans())
def test_transposed_convolutions(data, rank, grouped):
    kernel, sizes, words = data.draw(windows(rank))
    extra = [data.draw(some.integers(0, s - 1)) for s in words["strides"]]
    words |= {"output_padding": extra, "auto_pad": "explicit"}
    kind = "GroupConvolutionBackpropData" if grouped else "ConvolutionBackpropData"
    filters = const(*((2, 2) if grouped else (4,)), 3, *kernel)
    check(case(kind, image(1, 4, *sizes), filters, tolerance=1e-4, **words))


def no_window_is_empty(kernel, sizes, words) -> bool:
    """OpenVINO has no one answer for a window that begins behind the image."""
    walks = zip(kernel, words["dilations"], sizes, words["strides"], strict=True)
    return all(
        -(-(n + b + e - (k - 1) * d - 1) // s) * s < n + b
        for (k, d, n, s), b, e in zip(walks, words["pads_begin"], words["pads_end"], strict=True)
    )


@FEW
@given(some.data(), some.integers(1, 3), some.sampled_from(["floor", "ceil"]), some.booleans())
def test_pools(data, rank, rounding, greatest):
    kernel, sizes, words = data.draw(windows(rank, dilated=greatest))
    assume(rounding == "floor" or no_window_is_empty(kernel, sizes, words))
    words |= {"kernel": kernel, "rounding_type": rounding, "auto_pad": "explicit"}
    if greatest:
        words |= {"index_element_type": "i32", "axis": 0}
        check(case("MaxPool", image(1, 3, *sizes), ports=data.draw(some.integers(1, 2)), **words))
    else:
        words.pop("dilations")
        words["exclude-pad"] = data.draw(some.booleans())
        check(case("AvgPool", image(1, 3, *sizes), tolerance=1e-4, **words))


@FEW
@given(some.data(), some.sampled_from(["constant", "edge", "reflect", "symmetric"]))
def test_pads(data, mode):
    least, most = (-1, 4) if mode == "constant" else (0, 2)
    begin, end = (data.draw(per_axis(4, least, most)) for _ in range(2))
    check(case("Pad", image(3, 4, 5, 3), i64(*begin), i64(*end), pad_mode=mode))


@some.composite
def cuts(draw, size: int) -> tuple[int, int, int]:
    """Start, stop and step that leave something; places may count from the end."""
    start, step = draw(some.integers(0, size - 1)), draw(some.sampled_from([-2, -1, 1, 2]))
    if step > 0:
        stop = draw(some.integers(start + 1, size + 2))
    else:
        stop = draw(some.integers(-1, start - 1))
        stop = -size - 1 if stop < 0 else stop
    back = draw(some.booleans())
    return start - size if back else start, stop - size if back and 0 <= stop < size else stop, step


@FEW
@given(some.data())
def test_strided_slices(data):
    shape = (4, 5, 6)
    begin, end, step = zip(*(data.draw(cuts(size)) for size in shape), strict=True)
    masks = {
        name: data.draw(per_axis(3, 0, 1)) for name in ("begin_mask", "end_mask", "new_axis_mask")
    }
    masks |= {"shrink_axis_mask": [0] * 3, "ellipsis_mask": [0] * 3}
    masks["new_axis_mask"][1:] = [0, 0]
    check(case("StridedSlice", image(*shape), i64(*begin), i64(*end), i64(*step), **masks))


@FEW
@given(some.data(), some.sampled_from(["nearest", "linear", "linear_onnx", "cubic"]))
def test_resizes(data, mode):
    coordinates = ["half_pixel", "pytorch_half_pixel", "asymmetric", "align_corners"]
    nearest = ["round_prefer_floor", "round_prefer_ceil", "floor", "ceil", "simple"]
    check(
        case(
            "Interpolate",
            image(1, 2, *data.draw(per_axis(2, 2, 6))),
            i64(*data.draw(per_axis(2, 1, 9))),
            i64(2, 3),
            mode=mode,
            shape_calculation_mode="sizes",
            coordinate_transformation_mode=data.draw(some.sampled_from(coordinates)),
            nearest_mode=data.draw(some.sampled_from(nearest)),
            cube_coeff=-0.75,
            antialias=False,
            pads_begin=[0],
            pads_end=[0],
            tolerance=1e-4,
        )
    )


@FEW
@given(some.data(), some.sampled_from(["max", "min"]), some.sampled_from(["value", "index"]))
def test_the_best_few(data, mode, sort):
    axis = data.draw(some.integers(-4, 3))
    x = image(3, 4, 5, 3)
    words = {"axis": axis, "mode": mode, "sort": sort, "index_element_type": "i32"}
    k = np.int64(data.draw(some.integers(1, x.shape[axis])))
    check(case("TopK", x, k, opset="opset11", stable=False, ports=2, **words))
