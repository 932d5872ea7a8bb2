"""layers: where a quantised file loses the signal: each tensor in it beside the float file's.

    python -m converters.verify.layers digits 8x8 --artifact int8 \\
        --path results/digits/8x8/int8.tflite --float results/digits/8x8/float32.tflite \\
        --interface results/digits/8x8/interface.json \\
        --reference results/digits/8x8/reference.npz \\
        --reference-facts results/digits/8x8/facts/reference.json \\
        --out /tmp/layers.json --picture /tmp/layers.png

Both files run on the verification samples, with every tensor kept. A layer's SQNR is that of its
output; what it loses is how far that lies below the worst of what it reads. The table is JSON,
the picture beside it shows the SQNR along the graph. Tensors that have no twin in the float file
are listed, and never counted as good.
"""

from __future__ import annotations

import argparse
import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from converters import stage
from converters.datasets.interface import Interface, artifact_inputs
from converters.datasets.preprocess import Array
from converters.flatbuffer import Graph
from converters.recipes import load_variant
from converters.verify import archive
from converters.verify.measures import decibels
from converters.verify.pairing import Layer, Twin, layers_of, twins
from converters.verify.tapped import Tapped, bounds_of, tapped
from converters.versions import versions

WORST = 10
"""How many layers are named."""


@dataclass
class Sums:
    """What is summed over the samples of one layer: a quantised, b float."""

    signal: float = 0.0  # sum b^2
    noise: float = 0.0  # sum (a - b)^2
    max_abs: float = 0.0
    low: float = math.inf
    high: float = -math.inf
    clipped: int = 0  # values of b beyond what the tensor can stand for
    count: int = 0

    def add(self, a: Array, b: Array, bounds: tuple[float, float] | None) -> None:
        """One sample."""
        error = a.astype(np.float64) - b
        self.signal += float(np.vdot(b, b.astype(np.float64)))
        self.noise += float(np.vdot(error, error))
        self.max_abs = max(self.max_abs, float(np.abs(error).max(initial=0)))
        self.low, self.high = min(self.low, float(b.min())), max(self.high, float(b.max()))
        self.count += b.size
        if bounds:
            self.clipped += int(np.count_nonzero((b < bounds[0]) | (b > bounds[1])))


def measured(
    quantised: Tapped, floating: Tapped, inputs: Iterable[Mapping[str, Array]]
) -> tuple[dict[int, Sums], dict[int, Twin]]:
    """The sums of every layer that has a twin, and the twins."""
    found = twins(quantised.graph, floating.graph)
    listed = [layer.tensor for layer in layers_of(quantised.graph) if layer.tensor in found]
    sums = {number: Sums() for number in listed}
    for given in inputs:
        quantised.run(given)
        floating.run(given)
        for number in listed:
            a, b = quantised.value(number), floating.value(found[number].tensor)
            if a.size == b.size and b.size:
                bounds = bounds_of(quantised.graph.tensors[number])
                sums[number].add(a.reshape(b.shape), b, bounds)
    return {number: each for number, each in sums.items() if each.count}, found


def table(
    graph: Graph, sums: Mapping[int, Sums], found: Mapping[int, Twin]
) -> list[dict[str, Any]]:
    """A row for every layer, in the order of the file."""
    rows: list[dict[str, Any]] = []
    for i, layer in enumerate(layers_of(graph)):
        tensor = graph.tensors[layer.tensor]
        row = {"number": i, "operator": layer.operator, "name": tensor.name, "type": tensor.dtype}
        if layer.tensor not in sums:
            rows.append({**row, "pair": None})
            continue
        pair = found[layer.tensor].how
        rows.append({**row, "pair": pair, **_numbers(sums[layer.tensor], _read(layer, sums))})
    return rows


def _read(layer: Layer, sums: Mapping[int, Sums]) -> list[Sums]:
    return [sums[number] for number in layer.inputs if number in sums]


def _numbers(own: Sums, read: Sequence[Sums]) -> dict[str, Any]:
    before = min((decibels(each.signal, each.noise) for each in read), default=math.inf)
    here = decibels(own.signal, own.noise)
    lost = before - here
    return {
        "sqnr_db": _finite(here),
        "lost_db": _finite(lost) if math.isfinite(before) else None,
        "max_abs": own.max_abs,
        "range": [own.low, own.high],
        "clipped": own.clipped / own.count,
    }


def _finite(value: float) -> float | None:
    """None of infinity: the two are equal, or the float one is all zeros."""
    return round(value, 3) if math.isfinite(value) else None


def worst(rows: Sequence[Mapping[str, Any]], by: str = "sqnr_db") -> list[Mapping[str, Any]]:
    """The layers with the least SQNR, or the largest loss, the worst first."""
    sign = 1 if by == "sqnr_db" else -1
    known = [row for row in rows if row.get(by) is not None]
    return sorted(known, key=lambda row: sign * float(row[by]))[:WORST]


def record(artifact: str, rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The table with what matters most of it at its head."""
    how = Counter(row["pair"] for row in rows)
    unpaired = [row["name"] for row in rows if row["pair"] is None]
    return {
        "artifact": artifact,
        "against": "float32",
        "paired": {"of": len(rows), **{k: how[k] for k in ("name", "crossing", "place")}},
        "unpaired": unpaired,
        "worst": [_short(row) for row in worst(rows)],
        "losses": [_short(row) for row in worst(rows, "lost_db")],
        "layers": list(rows),
    }


def _short(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: row[key] for key in ("number", "operator", "name", "sqnr_db", "lost_db")}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options beside MODEL and VARIANT."""
    parser.add_argument("--artifact", required=True, help="int8, full_int8, ...")
    parser.add_argument("--path", type=Path, required=True, help="its TFLite file")
    parser.add_argument("--float", type=Path, required=True, help="the float32 TFLite file")
    parser.add_argument("--interface", type=Path, required=True, help="interface.json")
    parser.add_argument("--reference", type=Path, required=True, help="reference.npz")
    parser.add_argument("--reference-facts", type=Path, required=True, help="its facts, JSON")
    parser.add_argument("--out", type=Path, required=True, help="JSON file of the table to write")
    parser.add_argument("--picture", type=Path, required=True, help="PNG file to write")


def run(args: argparse.Namespace) -> None:
    """Measure, print the worst, write the table and the picture."""
    variant = load_variant(args.models, args.model, args.variant)
    interface = Interface.read(args.interface)
    quantised, floating = (tapped(path, interface) for path in (args.path, args.float))
    entries = archive.entries_of(archive.read(args.reference), "input")
    given = (artifact_inputs(variant, entry) for entry in entries)
    sums, found = measured(quantised, floating, given)
    facts = json.loads(args.reference_facts.read_text(encoding="utf-8"))
    data = record(args.artifact, table(quantised.graph, sums, found))
    title = f"{args.model} {args.variant}, {args.artifact}"
    draw(data, title, args.picture)
    used = versions(*dict.fromkeys((quantised.package, floating.package)))
    stage.write_json(args.out, {**data, "samples": facts["samples"], "runtime": used})
    print(text(data))


def text(data: Mapping[str, Any]) -> str:
    """The worst layers as lines for a log."""
    pairs = data["paired"]
    count = pairs["of"] - len(data["unpaired"])
    lines = [f"{count} of {pairs['of']} tensors have a twin in the float file"]
    lines += [f"  unpaired: {name}" for name in data["unpaired"]]
    lines.append("SQNR    lost    layer, operator, output")
    lines += [
        f"{row['sqnr_db']:6.1f}  {_decibels(row['lost_db'])}  "
        f"{row['number']} {row['operator']} {row['name']}"
        for row in data["worst"]
    ]
    return "\n".join(lines)


def _decibels(value: float | None) -> str:
    return "     -" if value is None else f"{value:6.1f}"


def draw(data: Mapping[str, Any], title: str, path: Path) -> None:
    """The picture: matplotlib is imported where it is used, for it takes long."""
    from converters.verify.curve import picture

    with stage.made_whole(path) as part:
        part.write_bytes(picture(data["layers"], title))


if __name__ == "__main__":
    raise SystemExit(stage.main("verify.layers", __doc__ or "", add_arguments, run))
