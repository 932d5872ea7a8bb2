"""Pooling."""

from tests.cases import case, image


def maximum(  # noqa: PLR0913 - a row per case needs them all
    kernel, strides, begin=None, end=None, dilations=None, rounding="floor", pad="explicit"
):
    rank = len(kernel)
    return {
        "kernel": kernel,
        "strides": strides,
        "pads_begin": begin or [0] * rank,
        "pads_end": end or [0] * rank,
        "dilations": dilations or [1] * rank,
        "rounding_type": rounding,
        "auto_pad": pad,
        "index_element_type": "i64",
        "axis": 0,
    }


def mean(kernel, strides, begin, end, exclude, rounding="floor"):
    return {
        "kernel": kernel,
        "strides": strides,
        "pads_begin": begin,
        "pads_end": end,
        "exclude-pad": exclude,
        "rounding_type": rounding,
        "auto_pad": "explicit",
    }


X = image(2, 3, 7, 8)
CASES = [
    case("MaxPool", X, **maximum([2, 2], [2, 2])),
    case("MaxPool", X, **maximum([2, 2], [2, 2], rounding="ceil")),
    case("MaxPool", X, **maximum([3, 3], [2, 2], [1, 1], [1, 1])),
    case("MaxPool", X, **maximum([3, 3], [2, 2], [0, 0], [0, 0], rounding="ceil")),
    case("MaxPool", X, **maximum([3, 2], [1, 2], [1, 0], [1, 1])),
    case("MaxPool", X, **maximum([3, 3], [2, 2], pad="same_upper")),
    case("MaxPool", X, **maximum([3, 3], [1, 1], [0, 1], [0, 1], [2, 2])),
    case("MaxPool", image(2, 3, 9), **maximum([3], [2], [1], [1])),
    case("MaxPool", image(1, 2, 6, 7, 8), **maximum([1, 3, 3], [1, 1, 2])),
    case("MaxPool", image(1, 2, 6, 7, 8), **maximum([2, 3, 1], [2, 1, 2])),
    case("MaxPool", image(1, 2, 6, 7, 8), **maximum([2, 3, 2], [2, 1, 2], [0, 1, 1], [1, 1, 0])),
    case("AvgPool", X, **mean([2, 2], [2, 2], [0, 0], [0, 0], True)),
    case("AvgPool", X, **mean([3, 3], [1, 1], [1, 1], [1, 1], True)),
    case("AvgPool", X, **mean([3, 3], [1, 1], [1, 1], [1, 1], False)),
    case("AvgPool", X, **mean([3, 3], [2, 2], [1, 1], [1, 1], True)),
    case("AvgPool", X, **mean([3, 2], [2, 2], [1, 0], [0, 1], False)),
    case("AvgPool", X, **mean([2, 3], [2, 2], [0, 0], [0, 0], True, "ceil")),
    case("AvgPool", image(2, 3, 9), **mean([3], [2], [1], [1], True)),
    case("AvgPool", image(1, 2, 6, 7, 8), **mean([2, 3, 2], [2] * 3, [0, 1, 0], [0] * 3, True)),
]
