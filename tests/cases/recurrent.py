"""Recurrent cells and sequences."""

import numpy as np

from tests.cases import case, const, image

BATCH, TIME, READ, HIDDEN = 2, 5, 3, 4
GATES = {"LSTM": 4, "GRU": 3, "RNN": 1}
ACTIVATIONS = {
    "LSTM": ["sigmoid", "tanh", "tanh"],
    "GRU": ["sigmoid", "tanh"],
    "RNN": ["tanh"],
}


def words(kind, activations=None, clip=0.0, **more):
    linear = {"linear_before_reset": False} if kind == "GRU" else {}
    return {
        "hidden_size": HIDDEN,
        "activations": activations or ACTIVATIONS[kind],
        "activations_alpha": [],
        "activations_beta": [],
        "clip": clip,
        "opset": "opset5",
        **linear,
        **more,
    }


def weights(kind, *lead, linear=False):
    rows = GATES[kind] * HIDDEN
    bias = rows + HIDDEN if linear else rows
    return const(*lead, rows, READ), const(*lead, rows, HIDDEN), const(*lead, bias)


def cell(kind, linear=False, **more):
    state = [image(BATCH, HIDDEN)] * (2 if kind == "LSTM" else 1)
    extra = {"linear_before_reset": True} if linear else {}
    return case(
        f"{kind}Cell",
        image(BATCH, READ),
        *state,
        *weights(kind, linear=linear),
        ports=len(state),
        tolerance=1e-4,
        **words(kind, **extra, **more),
    )


def sequence(kind, direction="forward", lengths=(TIME, TIME), linear=False, **more):
    both = 2 if direction == "bidirectional" else 1
    time = more.pop("time", TIME)
    state = [image(BATCH, both, HIDDEN)] * (2 if kind == "LSTM" else 1)
    extra = {"linear_before_reset": True} if linear else {}
    return case(
        f"{kind}Sequence",
        image(BATCH, time, READ),
        *state,
        np.int32(lengths),
        *weights(kind, both, linear=linear),
        ports=1 + len(state),
        tolerance=1e-4,
        **words(kind, direction=direction, **extra, **more),
    )


CASES = [
    *(cell(kind) for kind in GATES),
    cell("LSTM", activations=["sigmoid", "relu", "tanh"], clip=0.5),
    cell("GRU", linear=True),
    cell("RNN", activations=["relu"]),
    *(sequence(kind) for kind in GATES),
    *(sequence(kind, "reverse") for kind in GATES),
    *(sequence(kind, "bidirectional", (TIME, 3)) for kind in GATES),
    sequence("LSTM", "forward", (40, 33), time=40),
    sequence("GRU", linear=True),
]
