"""The documented table of operators and its conditions, one row per operator.

Source: "TensorFlow models on the Edge TPU" of coral.ai, section "Supported operations", runtime 13
and 14; a docstring that begins with "Table" says what it says. TILE is not in that table, but real
compilers map it. An operator that is not here runs on the CPU.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

from converters.edgetpu_mapping import sizes
from converters.edgetpu_mapping.model import Graph, Operator, Tensor
from converters.edgetpu_mapping.statuses import Status, limited

Condition = Callable[[Graph, Operator], Status | None]
"""None where the condition is met, else why not."""

BATCH = 0


def _option(operator: Operator, name: str, default: int = 0) -> int:
    return int(operator.options.get(name, default))


def no_fused_activation(_: Graph, operator: Operator) -> Status | None:
    """Table: No fused activation function."""
    return limited("a fused activation") if _option(operator, "fusedActivationFunction") else None


def constant_parameters(graph: Graph, operator: Operator) -> Status | None:
    """Table: Model parameters (such as bias tensors) are constant at compile-time."""
    weights = graph.input(operator, 1)
    return None if weights is not None and weights.is_constant else limited("computed weights")


def same_dilation(graph: Graph, operator: Operator) -> Status | None:
    """Table: the same dilation in x and y; along a kernel of one it is no matter."""
    weights = graph.input(operator, 1)
    across, down = _option(operator, "dilationWFactor", 1), _option(operator, "dilationHFactor", 1)
    is_square = weights is not None and len(weights.shape) == 4 and 1 not in weights.shape[1:3]
    return limited(f"dilation {down} by {across}") if is_square and across != down else None


def one_group(graph: Graph, operator: Operator) -> Status | None:
    """The compiler's TFLite has no convolution over groups of channels."""
    image, weights = graph.input(operator, 0), graph.input(operator, 1)
    if image is None or weights is None or not image.shape or not weights.shape:
        return None
    groups = image.shape[-1] / max(weights.shape[-1], 1)
    return limited(f"{groups:g} groups of channels") if groups != 1 else None


def one_dimensional_output(graph: Graph, operator: Operator) -> Status | None:
    """Table: Only the default format is supported [...]. Output tensor is one-dimensional."""
    if _option(operator, "weightsFormat"):
        return limited("shuffled weights")
    (made,) = graph.made(operator)
    is_flat = made.size == (made.shape or (1,))[-1]
    return None if is_flat else limited(f"output of {made.size // made.shape[-1]} rows")


def padding_concatenation(graph: Graph, operator: Operator) -> Status | None:
    """Table: a constant input only if there are two, and that one is all zero."""
    given = graph.given(operator)
    constants = [tensor for tensor in given if tensor.is_constant]
    if not constants:
        return None
    if len(given) != 2 or len(constants) != 1:
        return limited(f"{len(constants)} constant of {len(given)} inputs")
    values = constants[0].integers()
    is_zero = values is not None and set(values) <= {constants[0].zero_point}
    return None if is_zero else limited("a constant input that is not all zero")


def axes(tensor: Tensor | None, rank: int) -> set[int] | None:
    """The axes that a constant names, counted from the front; None where it is no constant."""
    values = tensor.integers() if tensor is not None else None
    return None if values is None else {value % max(rank, 1) for value in values}


def _not_over(named: set[int] | None, rank: int, word: str) -> Status | None:
    if named is None:
        return limited("the axis is computed")
    return limited(f"{word} over the batch") if BATCH in named and rank > 1 else None


def reduction(graph: Graph, operator: Operator) -> Status | None:
    """Table: not over the batch; a mean over z only if z is a multiple of 4."""
    read = graph.activations(operator)[0]
    named = axes(graph.input(operator, 1), len(read.shape))
    depth = (read.shape or (1,))[-1]
    is_uneven = named is not None and len(read.shape) - 1 in named and depth % 4
    is_mean = operator.type == "MEAN"
    if is_mean and is_uneven:
        return limited(f"a mean over {depth} channels, not a multiple of 4")
    return _not_over(named, len(read.shape), "reduces")


def split_axis(graph: Graph, operator: Operator) -> Status | None:
    """Table: No splitting in batch dimension; a split into one part is none."""
    made = graph.made(operator)
    if len(made) == 1:
        return None
    rank = len(made[0].shape)
    return _not_over(axes(graph.input(operator, 0), rank), rank, "splits")


def pack_axis(graph: Graph, operator: Operator) -> Status | None:
    """Table: No packing in batch dimension."""
    rank = len(graph.made(operator)[0].shape)
    return _not_over({_option(operator, "axis") % max(rank, 1)}, rank, "packs")


def padding(graph: Graph, operator: Operator) -> Status | None:
    """Table: No padding in batch dimension."""
    widths = graph.input(operator, 1)
    values = widths.integers() if widths is not None else None
    if values is None:
        return limited("the padding is computed")
    rank = len(graph.made(operator)[0].shape)
    return _not_over({BATCH} if rank > 1 and any(values[:2]) else set(), rank, "pads")


def one_slope_per_channel(graph: Graph, operator: Operator) -> Status | None:
    """Table: Alpha must be 1-dimensional (only the innermost dimension can be >1 size)."""
    slope = graph.input(operator, 1)
    is_flat = slope is not None and slope.size == (slope.shape or (1,))[-1]
    return None if is_flat else limited("slopes that are not one per channel")


def unit_strides(graph: Graph, operator: Operator) -> Status | None:
    """Table: all strides 1, no ellipsis mask, no new-axis mask."""
    steps = graph.input(operator, 3)
    values = steps.integers() if steps is not None else None
    if values is None or set(values) - {1}:
        return limited(f"strides {values}")
    masks = [_option(operator, name) for name in ("ellipsisMask", "newAxisMask")]
    return limited("an ellipsis or a new axis") if any(masks) else None


def requantises(graph: Graph, operator: Operator) -> Status | None:
    """Between 8-bit forms only: the step from float is the CPU's."""
    read = graph.activations(operator)[0]
    return None if read.is_byte else limited(f"quantises {read.type}")


ROW: Condition = sizes.too_long_a_row
CONVOLUTION = (constant_parameters, same_dilation)
REDUCTION = (reduction, sizes.too_many_to_average, ROW)

SUPPORTED: dict[str, tuple[Condition, ...]] = {
    "ADD": (ROW,),
    "AVERAGE_POOL_2D": (no_fused_activation, ROW),
    "CONCATENATION": (no_fused_activation, padding_concatenation, ROW),
    "CONV_2D": (*CONVOLUTION, one_group),
    "DEPTHWISE_CONV_2D": CONVOLUTION,
    "EXPAND_DIMS": (ROW,),
    "FULLY_CONNECTED": (constant_parameters, one_dimensional_output),
    "L2_NORMALIZATION": (ROW,),
    "LOGISTIC": (ROW,),
    "LSTM": (),
    "MAXIMUM": (ROW,),
    "MAX_POOL_2D": (no_fused_activation, ROW),
    "MEAN": REDUCTION,
    "MINIMUM": (ROW,),
    "MUL": (ROW,),
    "PACK": (pack_axis, ROW),
    "PAD": (padding, ROW),
    "PRELU": (one_slope_per_channel, ROW),
    "QUANTIZE": (requantises, ROW),
    "REDUCE_MAX": (reduction, ROW),
    "REDUCE_MIN": (reduction, ROW),
    "RELU": (ROW,),
    "RELU6": (ROW,),
    "RELU_N1_TO_1": (ROW,),
    "RESHAPE": (sizes.too_large_to_reshape, ROW),
    "RESIZE_BILINEAR": (sizes.too_large_to_resize, sizes.too_far_to_interpolate),
    "RESIZE_NEAREST_NEIGHBOR": (sizes.too_large_to_resize,),
    "RSQRT": (ROW,),
    "SLICE": (ROW,),
    "SOFTMAX": (sizes.too_wide_a_softmax, ROW),
    "SPACE_TO_DEPTH": (ROW,),
    "SPLIT": (split_axis, ROW),
    "SQUARED_DIFFERENCE": (ROW,),
    "SQUEEZE": (ROW,),
    "STRIDED_SLICE": (unit_strides, ROW),
    "SUB": (ROW,),
    "SUM": (reduction, ROW),
    "TANH": (ROW,),
    "TILE": (ROW,),
    "TRANSPOSE": (sizes.too_large_to_transpose,),
    "TRANSPOSE_CONV": (constant_parameters,),
    "UNIDIRECTIONAL_SEQUENCE_LSTM": (),
}
"""What must hold beside the general conditions, which `predict` asks of every operator."""


def unmet(graph: Graph, operator: Operator) -> Status | None:
    """The first condition of its row that an operator does not meet."""
    return _first(condition(graph, operator) for condition in SUPPORTED[operator.type])


def _first(found: Iterable[Status | None]) -> Status | None:
    return next((status for status in found if status is not None), None)
