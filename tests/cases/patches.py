"""Patches of images, blocks of space in the batch, and normalisation by groups."""

from tests.cases import case, const, i64, image

X = image(2, 6, 4, 5)


def cut(sizes, strides, rates, pad):
    words = {"sizes": sizes, "strides": strides, "rates": rates, "auto_pad": pad}
    return case("ExtractImagePatches", image(2, 3, 7, 8), opset="opset3", **words)


CASES = [
    cut([3, 2], [2, 2], [1, 1], "valid"),
    cut([2, 3], [1, 2], [2, 1], "valid"),
    cut([3, 2], [2, 3], [1, 1], "same_upper"),
    cut([2, 2], [1, 1], [1, 1], "same_lower"),
    case("Roll", X, i64(1), i64(2), opset="opset7"),
    case("Roll", X, i64(2, -1, 1), i64(1, -1, 1), opset="opset7"),
    case("GRN", X, bias=0.3, opset="opset1"),
    case("GroupNormalization", X, const(6), const(6), num_groups=3, epsilon=1e-3, opset="opset12"),
    *(
        case("AdaptiveMaxPool", x, i64(*s), index_element_type="i32", opset="opset8", ports=2)
        for x, s in ((X, (3, 2)), (image(2, 3, 7), (5,)), (image(1, 2, 3, 4, 5), (2, 2, 3)))
    ),
    case("AdaptiveAvgPool", X, i64(3, 2), opset="opset8"),
    case("AdaptiveAvgPool", image(2, 3, 7), i64(5), opset="opset8"),
    *(
        case("SpaceToBatch", X, i64(1, 1, 2, 3), i64(0, 0, *begin), i64(0, 0, *end), opset="opset2")
        for begin, end in (((0, 0), (0, 1)), ((1, 2), (1, 2)))
    ),
    *(
        case("BatchToSpace", image(12, 2, 4, 5), i64(1, 1, 2, 3), i64(0, 0, *b), i64(0, 0, *e))
        for b, e in (((0, 0), (0, 0)), ((1, 0), (0, 2)))
    ),
]
