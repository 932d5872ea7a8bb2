"""Convolutions of every kind."""

from tests.cases import case, const, image


def window(rank, strides=1, dilations=1, begin=0, end=0, **more):
    def each(v):
        return list(v) if isinstance(v, tuple) else [v] * rank

    return {
        "strides": each(strides),
        "dilations": each(dilations),
        "pads_begin": each(begin),
        "pads_end": each(end),
        **more,
    }


def back(rank, strides=1, dilations=1, begin=0, end=0, output_padding=0):
    extra = [output_padding] * rank
    more = {"output_padding": extra, "auto_pad": "explicit"}
    return window(rank, strides, dilations, begin, end, **more)


X = image(2, 6, 7, 8)
CASES = [
    case("Convolution", X, const(5, 6, 3, 3), **window(2)),
    case("Convolution", X, const(5, 6, 1, 1), **window(2)),
    case("Convolution", X, const(5, 6, 1, 1), **window(2, strides=2)),
    case("Convolution", X, const(5, 6, 3, 3), **window(2, begin=1, end=1)),
    case("Convolution", X, const(5, 6, 3, 2), **window(2, 2, 1, (1, 0), (1, 1))),
    case("Convolution", X, const(5, 6, 3, 3), **window(2, 1, 2, 2, 2)),
    case("Convolution", X, const(5, 6, 2, 3), **window(2, 1, (2, 1), (0, 1), 0)),
    case("Convolution", X, const(5, 6, 3, 3), **window(2, (1, 2), 1, 1, 1)),
    case("Convolution", X, const(5, 6, 3, 3), auto_pad="same_upper", **window(2, 2)),
    case("Convolution", X, const(5, 6, 3, 3), auto_pad="same_lower", **window(2, 2)),
    case("Convolution", X, const(5, 6, 3, 3), auto_pad="valid", **window(2, 2, 1, 1, 1)),
    case("Convolution", image(2, 6, 9), const(5, 6, 3), **window(1, 2, 1, 1, 1)),
    case("Convolution", image(2, 3, 5, 6, 7), const(4, 3, 3, 2, 3), **window(3, 1, 1, 1, 0)),
    case("GroupConvolution", X, const(6, 1, 1, 3, 3), **window(2, 1, 1, 1, 1)),
    case("GroupConvolution", X, const(6, 1, 1, 3, 3), **window(2, 2, 1, 1, 1)),
    case("GroupConvolution", X, const(6, 1, 1, 3, 3), **window(2, (1, 2), 1, 1, 1)),
    case("GroupConvolution", X, const(6, 1, 1, 3, 3), **window(2, 1, 2, 2, 2)),
    case("GroupConvolution", X, const(6, 2, 1, 3, 3), **window(2)),
    case("GroupConvolution", X, const(3, 4, 2, 3, 3), **window(2)),
    case("GroupConvolution", X, const(2, 1, 3, 3, 3), **window(2, begin=1, end=1)),
    case("GroupConvolution", image(2, 6, 9), const(6, 1, 1, 3), **window(1, 2, 1, 1, 1)),
    case("GroupConvolution", image(2, 4, 5, 6, 7), const(2, 3, 2, 3, 2, 3), **window(3)),
    case("ConvolutionBackpropData", X, const(6, 5, 3, 3), **back(2, 2)),
    case("ConvolutionBackpropData", X, const(6, 5, 2, 2), **back(2, 2)),
    case("ConvolutionBackpropData", X, const(6, 5, 4, 4), **back(2, 2, 1, 1, 1)),
    case("ConvolutionBackpropData", X, const(6, 5, 3, 3), **back(2, 2, 1, 1, 1, 1)),
    case("ConvolutionBackpropData", X, const(6, 5, 3, 3), **back(2, 3, 1, 0, 0, 2)),
    case("ConvolutionBackpropData", X, const(6, 5, 9, 9), **back(2, 2, 1, 4, 4, 1)),
    case("ConvolutionBackpropData", X, const(6, 5, 3, 3), **back(2, 1, 2)),
    case("ConvolutionBackpropData", image(2, 6, 9), const(6, 5, 4), **back(1, 2, 1, 1, 1)),
    case("ConvolutionBackpropData", image(1, 2, 3, 4, 5), const(2, 3, 2, 3, 2), **back(3, 2)),
    case("GroupConvolutionBackpropData", X, const(6, 1, 1, 4, 4), **back(2, 2, 1, 1, 1)),
    case("GroupConvolutionBackpropData", X, const(2, 3, 4, 3, 3), **back(2, 2)),
    case(
        "GroupConvolutionBackpropData",
        image(1, 4, 3, 4, 5),
        const(2, 2, 3, 3, 2, 3),
        **back(3, (2, 1, 2), 1, 1, 0, 1),
        tolerance=1e-4,
    ),
    case(
        "ConvolutionBackpropData",
        image(1, 2, 3, 4, 5),
        const(2, 3, 2, 3, 2),
        **back(3, 2, (1, 2, 1), 0, 1, 1),
        tolerance=1e-4,
    ),
    case(
        "GroupConvolutionBackpropData", image(2, 6, 9), const(3, 2, 2, 4), **back(1, 3, 1, 1, 0, 2)
    ),
]
