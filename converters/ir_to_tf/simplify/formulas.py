"""The formulas that are one op: activations, means, norms. One small rule each."""

from __future__ import annotations

from math import isclose, prod

import numpy as np

from converters.ir_to_tf.graph import Array, Value
from converters.ir_to_tf.simplify.pattern import CLOSE, Bindings
from converters.ir_to_tf.simplify.recognise import Build, Made, rule


def _of_x(kind: str, **attributes: object) -> Build:
    """An op of `x` alone, element by element."""

    def build(found: Bindings, result: Value) -> Made | str:
        if found["x"].shape != result.shape:
            return f"its input {found['x'].name} is broadcast"
        return Made(kind, (found["x"],), attributes)

    return build


def _number(value: float) -> Value:
    return Value.of(np.float32(value))


# Activations -------------------------------------------------------------------------------------

rule("relu", "Maximum(x, 0)")(_of_x("Relu"))
rule("hard sigmoid", "Clamp(x + 3, min=0, max=6) * (1/6)", "Clamp(x * (1/6) + 0.5, min=0, max=1)")(
    _of_x("HSigmoid")
)
rule("hard sigmoid", "HardSigmoid(x, 1/6, 0.5)")(_of_x("HSigmoid"))
rule("hard swish", "x * HSigmoid(x)", "x * Clamp(x + 3, min=0, max=6) * (1/6)")(_of_x("HSwish"))
rule("swish", "x * Sigmoid(x)")(_of_x("Swish"))
rule("softplus", "Log(Exp(x) + 1)")(_of_x("SoftPlus"))
rule("mish", "x * Tanh(SoftPlus(x))")(_of_x("Mish"))
rule("gelu", "0.5 * x * (Erf(x * 0.70710678) + 1)")(_of_x("Gelu", approximation_mode="erf"))
rule(
    "gelu by tanh",
    "0.5 * x * (Tanh(0.79788456 * (x + 0.044715 * x * x * x)) + 1)",
    "0.5 * x * (Tanh(0.79788456 * x * (1 + 0.044715 * x * x)) + 1)",
    "0.5 * x * (Tanh(0.79788456 * x + 0.0356774 * x * x * x) + 1)",
)(_of_x("Gelu", approximation_mode="tanh"))


@rule("swish with a factor", "x * Sigmoid(x * scalar(beta))")
def _swish(found: Bindings, _: Value) -> Made:
    return Made("Swish", (found["x"], _number(found["beta"])))


@rule(
    "clamp",
    "Minimum(Relu(x), scalar(high))",
    "Minimum(Maximum(x, scalar(low)), scalar(high))",
    "Maximum(Minimum(x, scalar(high)), scalar(low))",
)
def _clamp(found: Bindings, result: Value) -> Made | str:
    low, high = found.get("low", 0.0), found["high"]
    if low > high:
        return f"{low:g} is above {high:g}"
    if found["x"].shape != result.shape:
        return f"its input {found['x'].name} is broadcast"
    return Made("Clamp", (found["x"],), {"min": low, "max": high})


@rule("leaky relu", "Maximum(x, x * scalar(slope))")
def _leaky(found: Bindings, _: Value) -> Made | str:
    if not 0 <= found["slope"] <= 1:
        return f"a slope of {found['slope']:g} makes it no maximum of line and half line"
    return Made("PRelu", (found["x"], _number(found["slope"])))


@rule("leaky relu", "Relu(x) + scalar(slope) * Relu(-x)")
def _leaky_sum(found: Bindings, _: Value) -> Made:
    return Made("PRelu", (found["x"], _number(-found["slope"])))


@rule("prelu", "Relu(x) + constant(slope) * Relu(-x)")
def _prelu(found: Bindings, _: Value) -> Made | str:
    slope, rank = found["slope"], found["x"].rank
    if slope.rank > rank:
        return f"its slopes have {slope.rank} axes"
    wide = -slope.constant.reshape((1,) * (rank - slope.rank) + slope.shape)
    return Made("PRelu", (found["x"], Value.of(wide, slope.name)))


# Means and norms ---------------------------------------------------------------------------------


@rule("mean", "ReduceSum(x, constant(axes)) * scalar(share)")
def _mean(found: Bindings, result: Value) -> Made | str:
    count = _count(found["x"], found["axes"].constant)
    if not isclose(found["share"] * count, 1.0, rel_tol=CLOSE):
        return f"{found['share']:g} is not 1 / {count}"
    keep = result.rank == found["x"].rank
    return Made("ReduceMean", (found["x"], found["axes"]), {"keep_dims": keep})


def _count(value: Value, axes: Array) -> int:
    return prod(value.shape[int(axis)] for axis in np.ravel(axes))


def _mvn(mode: str) -> Build:
    def build(found: Bindings, result: Value) -> Made | str:
        if found["x"].shape != result.shape:
            return f"its input {found['x'].name} is broadcast"
        words = {"eps": found["eps"], "normalize_variance": True, "eps_mode": mode}
        return Made("MVN", (found["x"], found["axes"]), words)

    return build


CENTRED = "(d := x - ReduceMean(x, constant(axes), keep_dims=True))"
VARIANCE = "ReduceMean(d * d, constant(axes), keep_dims=True)"
DIFFERENCE = "ReduceMean(SquaredDifference(x, m), constant(axes), keep_dims=True)"
MEAN = "(m := ReduceMean(x, constant(axes), keep_dims=True))"

rule(
    "layer norm",
    f"{CENTRED} / Sqrt({VARIANCE} + scalar(eps))",
    f"{CENTRED} / Power({VARIANCE} + scalar(eps), 0.5)",
    f"{CENTRED} * Power({VARIANCE} + scalar(eps), -0.5)",
    f"(x - {MEAN}) / Sqrt({DIFFERENCE} + scalar(eps))",
)(_mvn("inside_sqrt"))
rule("layer norm", f"{CENTRED} / (Sqrt({VARIANCE}) + scalar(eps))")(_mvn("outside_sqrt"))


def _length_one(mode: str, is_root: bool = False) -> Build:
    def build(found: Bindings, _: Value) -> Made | str:
        eps = found.get("eps", 0.0)
        if eps < 0:
            return f"{eps:g} is below 0"
        if found.get("top", HUGE) < HUGE:
            return f"it is at most {found['top']:g}"
        words = {"eps": eps**2 if is_root else eps, "eps_mode": mode}
        return Made("NormalizeL2", (found["x"], found["axes"]), words)

    return build


WINDOW = "kernel=told(kernel), strides=told(strides), pads_begin=told(begin), pads_end=told(end)"
POOL = f"AvgPool((r := Reshape(x * x)), {WINDOW}, exclude_pad=False)"


@rule(
    "local response norm",
    f"x / Power(Reshape({POOL}) * scalar(alpha) + scalar(bias), scalar(beta))",
)
def _neighbours(found: Bindings, result: Value) -> Made | str:
    """As PyTorch writes it: channels are the depth of an image of one channel."""
    size, *others = found["kernel"]
    batch, channels, *space = result.shape
    middle = [size // 2, 0, 0]
    is_plain = others == [1, 1] and set(found["strides"]) == {1} and size % 2
    if not is_plain or found["begin"] != middle or found["end"] != middle:
        return f"its pool has windows of {found['kernel']}"
    if found["x"].shape != result.shape or found["r"].shape != (batch, 1, channels, *space):
        return "its pool is not along the channels"
    words = {name: found[name] for name in ("alpha", "beta", "bias")}
    return Made("LRN", (found["x"], Value.of(np.array([1], np.int64))), {**words, "size": size})


HUGE = 1e30
LENGTH = "ReduceL2(x, constant(axes), keep_dims=True)"
SQUARES = "ReduceSum(x * x, constant(axes), keep_dims=True)"

rule("l2 norm", f"x / Sqrt({SQUARES} + scalar(eps))", f"x * Power({SQUARES} + scalar(eps), -0.5)")(
    _length_one("add")
)
rule(
    "l2 norm",
    f"x / Sqrt(Maximum({SQUARES}, scalar(eps)))",
    f"x / Sqrt(Clamp({SQUARES}, min=scalar(eps), max=scalar(top)))",
)(_length_one("max"))
rule(
    "l2 norm",
    f"x / Maximum({LENGTH}, scalar(eps))",
    f"x / Clamp({LENGTH}, min=scalar(eps), max=scalar(top))",
    f"x / Clamp(Sqrt({SQUARES}), min=scalar(eps), max=scalar(top))",
    f"x / Maximum(Sqrt({SQUARES}), scalar(eps))",
)(_length_one("max", is_root=True))
