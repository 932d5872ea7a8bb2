"""simplify: fold and fuse the ONNX graph with onnxsim until nothing changes, and check it.

    python -m converters.simplify digits 8x8 --onnx results/digits/8x8/source.onnx \\
        --out /tmp/simplified.onnx --facts /tmp/f.json

The simplified graph is compared with the one it came from, by ONNX Runtime on random inputs in
the declared range. onnxsim runs in a process of its own: what it cannot survive becomes an error.
"""

from __future__ import annotations

import argparse
import contextlib
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from converters import onnxsim_rounds, stage
from converters.aside import run_aside
from converters.errors import LimitError, ZooError
from converters.export import graph
from converters.recipes import load_variant
from converters.recipes.recipe import Input, Options, Variant
from converters.versions import versions

ROUNDS = 4
"""onnxsim is repeated at most so often; two rounds are usual: one that works, one that agrees."""

TOLERANCE = 1e-4
"""Of an output's largest value: fusing reorders float32 sums, which costs about 1e-6."""

SAMPLES = 3
"""How many random inputs are compared, unless the recipe says `simplify.check`."""


def simplified(model: bytes) -> tuple[bytes, int]:
    """The fixed point of onnxsim, and the rounds until it was reached."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "in.onnx", Path(folder) / "out.onnx"
        source.write_bytes(model)
        argv = [str(source), str(target), str(ROUNDS)]
        done = run_aside("runtimes", onnxsim_rounds.__name__, argv)
        if done.code == 0:
            return target.read_bytes(), int(done.out.split()[-1])
    raise ZooError(
        f"fails (exit code {done.code}): {last_words(done.err)}",
        subject="onnxsim",
        remedy="set export.opset to 13 or later, or simplify.skip: true",
    )


def last_words(text: str) -> str:
    """The end of what a process said, on one line."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return " ".join(lines[-3:]) or "it said nothing"


# The check ----------------------------------------------------------------------------------


def check_equal(before: bytes, after: bytes, inputs: Sequence[Input], count: int) -> float:
    """The worst difference of any output, in parts of its largest value; an error if too large."""
    original, candidate = _session(before), _session(after)
    names = [output.name for output in original.get_outputs()]
    worst = 0.0
    for feed in random_feeds(inputs, count):
        pairs = zip(_run(original, names, feed), _run(candidate, names, feed), strict=True)
        for name, (wanted, found) in zip(names, pairs, strict=True):
            difference = normalised_difference(wanted, found)
            if not difference <= TOLERANCE:
                raise LimitError(
                    f"differs by {difference:.2g} of its largest value from the unsimplified "
                    f"graph; {TOLERANCE:g} is accepted",
                    subject=f"output {name}",
                    remedy="set simplify.skip: true and report the graph to onnxsim",
                )
            worst = max(worst, difference)
    return worst


def normalised_difference(wanted: Any, found: Any) -> float:
    """The largest difference over the largest magnitude; infinite where shape or NaNs differ."""
    import numpy as np

    if wanted.shape != found.shape or wanted.dtype != found.dtype:
        return float("inf")
    if not np.issubdtype(wanted.dtype, np.floating):
        return 0.0 if np.array_equal(wanted, found) else float("inf")
    same = (wanted == found) | (np.isnan(wanted) & np.isnan(found))
    if same.all():
        return 0.0
    a, b = wanted[~same].astype(np.float64), found[~same].astype(np.float64)
    if not (np.isfinite(a).all() and np.isfinite(b).all()):
        return float("inf")
    finite = np.abs(wanted[np.isfinite(wanted)].astype(np.float64))
    return float(np.abs(a - b).max() / max(finite.max(), np.finfo(np.float32).tiny))


def random_feeds(inputs: Sequence[Input], count: int) -> Iterator[dict[str, Any]]:
    """Inputs by name, drawn with a fixed seed from what the preprocessing can produce."""
    import numpy as np

    random = np.random.default_rng(0)
    for _ in range(count):
        yield {
            declared.name: (
                random.uniform(*value_range(declared), declared.shape)
                if np.issubdtype(declared.dtype, np.floating)
                # indices of unknown tables: 0 and 1 are the safe ones
                else random.integers(0, 2, declared.shape)
            ).astype(declared.dtype)
            for declared in inputs
        }


def value_range(declared: Input) -> tuple[float, float]:
    """The least and the greatest value that the preprocessing makes of 0..255; else -1 and 1."""
    if not declared.preprocess:
        return -1.0, 1.0
    low, high = 0.0, 255.0
    for operation in declared.preprocess:
        ((name, value),) = operation.items()
        low, high = _moved(name, value, low, high)
    return low, high


def _moved(name: str, value: Any, low: float, high: float) -> tuple[float, float]:
    if value == "image_max":
        return 0.0, 1.0
    moves = {
        "scale": lambda end, number: end / number,
        "std": lambda end, number: end / number,
        "mean": lambda end, number: end - number,
        "multiply": lambda end, number: end * number,
        "add": lambda end, number: end + number,
    }
    if name not in moves:
        return low, high
    numbers = [float(v) for v in (value if isinstance(value, list | tuple) else [value])]
    ends = [moves[name](end, number) for end in (low, high) for number in numbers]
    return min(ends), max(ends)


def _session(model: bytes) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    options.intra_op_num_threads = 1
    with _runtime_errors():
        return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def _run(session: Any, names: list[str], feed: Mapping[str, Any]) -> list[Any]:
    with _runtime_errors():
        return list(session.run(names, dict(feed)))


@contextlib.contextmanager
def _runtime_errors() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        raise ZooError(
            f"ONNX Runtime cannot run the graph: {error}",
            subject="simplify.check",
            remedy="the network may be bound to another input shape: correct inputs[].shape; "
            "or set simplify.check: 0 to leave the comparison out",
        ) from error


# The stage ----------------------------------------------------------------------------------


def facts(before: bytes, after: bytes, notes: Mapping[str, Any]) -> dict[str, Any]:
    """Sizes, node counts and operators of both graphs, and how the one became the other."""
    return {
        "before": _measured(before),
        "after": _measured(after),
        **notes,
        "versions": versions("onnx", "onnxsim", "onnxruntime"),
    }


def _measured(model: bytes) -> dict[str, Any]:
    import onnx

    loaded = onnx.load_from_string(model)
    counts = graph.operators(loaded)
    return {"bytes": len(model), "nodes": sum(counts.values()), "operators": counts}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options beside MODEL and VARIANT."""
    parser.add_argument("--onnx", type=Path, required=True, help="source.onnx of the export stage")
    parser.add_argument("--out", type=Path, required=True, help="simplified.onnx to write")
    parser.add_argument("--facts", type=Path, required=True, help="facts to write, as JSON")


def run(args: argparse.Namespace) -> None:
    """Write the simplified graph and its facts."""
    variant = load_variant(args.models, args.model, args.variant)
    before = args.onnx.read_bytes()
    after, notes = _chosen(before, variant, variant.stages.get("simplify", {}))
    with stage.made_whole(args.out) as part:
        part.write_bytes(after)
    stage.write_json(args.facts, facts(before, after, notes))


def _chosen(before: bytes, variant: Variant, options: Options) -> tuple[bytes, dict[str, Any]]:
    if options.get("skip", False):
        return before, {"skipped": True, "rounds": 0, "checked": None}
    after, rounds = simplified(before)
    count = int(options.get("check", SAMPLES))
    checked = None
    if count:
        worst = check_equal(before, after, variant.inputs, count)
        checked = {"samples": count, "worst_normalised": float(f"{worst:.1g}")}
    return after, {"skipped": False, "rounds": rounds, "checked": checked}


if __name__ == "__main__":
    raise SystemExit(stage.main("simplify", __doc__ or "", add_arguments, run))
