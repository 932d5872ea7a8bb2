"""Recurrent cells, and sequences of them: TensorFlow Lite sees products and activations only."""

# ruff: noqa: PLR0913 - an emitter's signature is the IR's schema

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import tensorflow as tf

from converters.ir_to_tf.layout.rules import as_written
from converters.ir_to_tf.registry import op
from converters.ir_to_tf.site import Site

State = tuple[Any, ...]
Step = Callable[[Any, State], State]
"""From the input of one moment [batch, features] and the state before, the state after."""

LONGEST_UNROLLED = 32

ACTIVATIONS: dict[str, Callable[[Any, float, float], Any]] = {
    "sigmoid": lambda x, _a, _b: tf.sigmoid(x),
    "tanh": lambda x, _a, _b: tf.tanh(x),
    "relu": lambda x, _a, _b: tf.nn.relu(x),
    "hardsigmoid": lambda x, a, b: tf.minimum(tf.maximum(a * x + b, 0.0), 1.0),
    "softsign": lambda x, _a, _b: tf.nn.softsign(x),
    "softplus": lambda x, _a, _b: tf.nn.softplus(x),
    "elu": lambda x, a, _b: tf.where(x > 0, x, a * (tf.exp(tf.minimum(x, 0.0)) - 1.0)),
    "leakyrelu": lambda x, a, _b: tf.nn.leaky_relu(x, a),
    "affine": lambda x, a, b: a * x + b,
}


def gates_of(
    site: Site, names: Sequence[str], alphas: Sequence[float], betas: Sequence[float]
) -> list[Callable[[Any], Any]]:
    """The activations of a cell, each with its constants."""
    unknown = sorted(set(names) - set(ACTIVATIONS))
    if unknown:
        raise site.refuse(f"activations {', '.join(unknown)} are not supported")

    def made(number: int, name: str) -> Callable[[Any], Any]:
        a = alphas[number] if number < len(alphas) else 0.01
        b = betas[number] if number < len(betas) else 0.0
        return lambda x: ACTIVATIONS[name](x, a, b)

    return [made(number, name) for number, name in enumerate(names)]


def _product(x: Any, weights: Any) -> Any:
    return tf.matmul(x, weights, transpose_b=True)


def _bounded(x: Any, clip: float) -> Any:
    return tf.clip_by_value(x, -clip, clip) if clip else x


Weights = tuple[Any, Any, Any]  # of the input, of the state, biases


def lstm_step(
    weights: Weights, clip: float, gates: Sequence[Callable[[Any], Any]], x: Any, state: State
) -> State:
    """Forget, input, cell and output gate, in this order."""
    w, r, b = weights
    hidden, cell = state
    total = _bounded(_product(x, w) + _product(hidden, r) + b, clip)
    forget, take, new, show = tf.split(total, 4, -1)
    sigma, inner, outer = gates
    cell = sigma(forget) * cell + sigma(take) * inner(new)
    return sigma(show) * outer(cell), cell


def gru_step(
    weights: Weights,
    clip: float,
    gates: Sequence[Callable[[Any], Any]],
    linear: bool,
    x: Any,
    state: State,
) -> State:
    """Update, reset and hidden gate; the reset may come before or after the product."""
    w, r, b = weights
    (hidden,) = state
    size = int(hidden.shape[-1])
    sigma, inner = gates
    read = _product(x, w)
    both = _product(hidden, r[: 2 * size])
    opened = sigma(_bounded(read[:, : 2 * size] + both + b[: 2 * size], clip))
    update, reset = tf.split(opened, 2, -1)
    new = read[:, 2 * size :] + b[2 * size : 3 * size]
    if linear:
        new += reset * (_product(hidden, r[2 * size :]) + b[3 * size :])
    else:
        new += _product(reset * hidden, r[2 * size :])
    return (update * hidden + (1.0 - update) * inner(_bounded(new, clip)),)


def rnn_step(
    weights: Weights, clip: float, gates: Sequence[Callable[[Any], Any]], x: Any, state: State
) -> State:
    """One gate only."""
    w, r, b = weights
    (hidden,) = state
    return (gates[0](_bounded(_product(x, w) + _product(hidden, r) + b, clip)),)


@op("LSTMCell", layout=as_written, excused={"hidden_size": "shapes are known"})
def lstm_cell(
    site: Site,
    x: Any,
    hidden: Any,
    cell: Any,
    w: Any,
    r: Any,
    b: Any,
    *,
    activations: Sequence[str],
    activations_alpha: Sequence[float] = (),
    activations_beta: Sequence[float] = (),
    clip: float = 0.0,
) -> Any:
    """One step of an LSTM."""
    gates = gates_of(site, activations, activations_alpha, activations_beta)
    return lstm_step((w, r, b), clip, gates, x, (hidden, cell))


@op("GRUCell", layout=as_written, excused={"hidden_size": "shapes are known"})
def gru_cell(
    site: Site,
    x: Any,
    hidden: Any,
    w: Any,
    r: Any,
    b: Any,
    *,
    activations: Sequence[str],
    activations_alpha: Sequence[float] = (),
    activations_beta: Sequence[float] = (),
    clip: float = 0.0,
    linear_before_reset: bool = False,
) -> Any:
    """One step of a GRU."""
    gates = gates_of(site, activations, activations_alpha, activations_beta)
    return gru_step((w, r, b), clip, gates, linear_before_reset, x, (hidden,))


@op("RNNCell", layout=as_written, excused={"hidden_size": "shapes are known"})
def rnn_cell(
    site: Site,
    x: Any,
    hidden: Any,
    w: Any,
    r: Any,
    b: Any,
    *,
    activations: Sequence[str],
    activations_alpha: Sequence[float] = (),
    activations_beta: Sequence[float] = (),
    clip: float = 0.0,
) -> Any:
    """One step of a plain recurrent net."""
    gates = gates_of(site, activations, activations_alpha, activations_beta)
    return rnn_step((w, r, b), clip, gates, x, (hidden,))


@op("LSTMSequence", layout=as_written, excused={"hidden_size": "shapes are known"})
def lstm_sequence(
    site: Site,
    x: Any,
    hidden: Any,
    cell: Any,
    lengths: Any,
    w: Any,
    r: Any,
    b: Any,
    *,
    direction: str,
    activations: Sequence[str],
    activations_alpha: Sequence[float] = (),
    activations_beta: Sequence[float] = (),
    clip: float = 0.0,
) -> Any:
    """An LSTM along axis 1, in one or both directions."""
    gates = gates_of(site, activations, activations_alpha, activations_beta)
    step = partial(lstm_step, clip=clip, gates=gates)
    return along_time(_per_direction(step, (w, r, b)), x, (hidden, cell), lengths, direction)


@op("GRUSequence", layout=as_written, excused={"hidden_size": "shapes are known"})
def gru_sequence(
    site: Site,
    x: Any,
    hidden: Any,
    lengths: Any,
    w: Any,
    r: Any,
    b: Any,
    *,
    direction: str,
    activations: Sequence[str],
    activations_alpha: Sequence[float] = (),
    activations_beta: Sequence[float] = (),
    clip: float = 0.0,
    linear_before_reset: bool = False,
) -> Any:
    """A GRU along axis 1, in one or both directions."""
    gates = gates_of(site, activations, activations_alpha, activations_beta)
    step = partial(gru_step, clip=clip, gates=gates, linear=linear_before_reset)
    return along_time(_per_direction(step, (w, r, b)), x, (hidden,), lengths, direction)


@op("RNNSequence", layout=as_written, excused={"hidden_size": "shapes are known"})
def rnn_sequence(
    site: Site,
    x: Any,
    hidden: Any,
    lengths: Any,
    w: Any,
    r: Any,
    b: Any,
    *,
    direction: str,
    activations: Sequence[str],
    activations_alpha: Sequence[float] = (),
    activations_beta: Sequence[float] = (),
    clip: float = 0.0,
) -> Any:
    """A plain recurrent net along axis 1, in one or both directions."""
    gates = gates_of(site, activations, activations_alpha, activations_beta)
    step = partial(rnn_step, clip=clip, gates=gates)
    return along_time(_per_direction(step, (w, r, b)), x, (hidden,), lengths, direction)


def _per_direction(step: Any, weights: Weights) -> list[Step]:
    """A step with the weights of each direction."""
    count = int(weights[0].shape[0])

    def made(number: int) -> Step:
        mine = tuple(each[number] for each in weights)
        return lambda x, state: step(mine, x=x, state=state)

    return [made(number) for number in range(count)]


def along_time(
    steps: Sequence[Step], x: Any, states: State, lengths: Any, direction: str
) -> tuple[Any, ...]:
    """Outputs [batch, directions, time, hidden], then the last states [batch, directions, ...]."""
    x = tf.convert_to_tensor(x)
    time = int(x.shape[1])
    is_full = isinstance(lengths, np.ndarray) and bool((lengths == time).all())
    known = None if is_full else tf.cast(lengths, tf.int32)
    outputs, lasts = [], []
    for number, step in enumerate(steps):
        backwards = direction == "reverse" or number == 1
        first = tuple(tf.convert_to_tensor(state)[:, number] for state in states)
        made, last = _run(step, _turned(x, known) if backwards else x, first, known)
        outputs.append(_turned(made, known) if backwards else made)
        lasts.append(last)
    ends = (tf.stack(parts, 1) for parts in zip(*lasts, strict=True))
    return tf.stack(outputs, 1), *ends


def _turned(x: Any, lengths: Any) -> Any:
    """Time backwards: of each sample, as long as it is."""
    return tf.reverse(x, [1]) if lengths is None else tf.reverse_sequence(x, lengths, seq_axis=1)


def _run(step: Step, x: Any, state: State, lengths: Any) -> tuple[Any, State]:
    """Outputs [batch, time, hidden]; a sample that has ended gives 0 and keeps its state."""

    def moment(state: State, time: Any, now: Any) -> tuple[Any, State]:
        made = step(now, state)
        if lengths is None:
            return made[0], made
        lives = (time < lengths)[:, None]
        kept = tuple(tf.where(lives, new, old) for new, old in zip(made, state, strict=True))
        return tf.where(lives, made[0], tf.zeros_like(made[0])), kept

    if x.shape[1] > LONGEST_UNROLLED:
        return _looped(moment, x, state)
    shown = []
    for time, now in enumerate(tf.unstack(x, axis=1)):
        output, state = moment(state, time, now)
        shown.append(output)
    return tf.stack(shown, 1), state


def _looped(moment: Any, x: Any, state: State) -> tuple[Any, State]:
    """The same by a loop of TensorFlow: a graph that does not grow with time."""
    moments = (tf.range(x.shape[1]), tf.transpose(x, [1, 0, 2]))

    def body(carried: Any, now: Any) -> Any:
        output, state = moment(carried[1], *now)
        return output, state

    outputs, states = tf.scan(body, moments, (tf.zeros_like(state[0]), state))
    return tf.transpose(outputs, [1, 0, 2]), tuple(each[-1] for each in states)
