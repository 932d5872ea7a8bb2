"""Where a refused quantised file loses the signal, in words, and what may be tried."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

CLIPPED = 0.001
"""The part of a layer's values beyond its range from which more calibration is worth a try."""

EQUALISABLE = "unbalanced_channels"

Data = Mapping[str, Any]


def short(layers: Data | None) -> dict[str, Any]:
    """What the evidence keeps of a table of layers."""
    if layers is None:
        return {}
    return {"layers": {key: layers[key] for key in ("paired", "unpaired", "worst", "losses")}}


def advice(layers: Data | None, lint: Data | None) -> str:
    """What a failed verification adds to its remedy."""
    if layers is None or not layers["worst"]:
        return ""
    worst = layers["worst"][0]
    words = f"; the worst layer is {_named(worst)} with {worst['sqnr_db']:.1f} dB"
    loss = layers["losses"][0] if layers["losses"] else None
    if loss and loss["lost_db"] > 0:
        words += f"; most is lost in {_named(loss)}: {loss['lost_db']:.1f} dB"
    return f"{words}; try: {', or '.join(_tries(layers, lint, loss or worst))}"


def _tries(layers: Data, lint: Data | None, culprit: Data) -> Iterator[str]:
    warnings: Sequence[Data] = lint["warnings"] if lint else ()
    unbalanced = [each["name"] for each in warnings if each["rule"] == EQUALISABLE]
    if unbalanced:
        yield f"`tf: {{equalise: true}}` (unbalanced channels in {', '.join(unbalanced[:3])})"
    row = layers["layers"][culprit["number"]]
    if row.get("clipped", 0) > CLIPPED:
        yield f"more calibration samples ({100 * row['clipped']:.1f}% of its values were clipped)"
    yield f"`quantize: {{keep_float: {{names: [{json.dumps(culprit['name'])}]}}}}`"
    same = [each for each in warnings if each["name"] == culprit["name"]]
    yield from (f"{each['remedy']} ({each['rule']})" for each in same[:2])


def _named(row: Data) -> str:
    return f"{row['number']} {row['operator']} {row['name']}"
