"""The runtimes that the zoo promises: whether a file loads in each, and makes the same numbers.

Loading proves little: a runtime that finds a version of an operator that it knows computes what
that version meant to it. So every promised runtime that is installed runs the file on the same
inputs. Of one that runs nothing here, the versions in the file are held against a table of what it
knows. The table was measured by asking each runtime for every version of every operator:
`python -m converters.quantize.runtimes` writes known_versions.json anew.

Imports no TensorFlow: tflite-runtime cannot share a process with it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from converters import flatbuffer
from converters.datasets.preprocess import Array
from converters.edgetpu_mapping.versions import HIGHEST, LAST_BUILTIN
from converters.errors import ZooError
from converters.quantize.kinds import Kind
from converters.quantize.promises import EDGETPU
from converters.verify.runners import INTERPRETERS, SIGNATURE, dequantised, quantised, tapping
from converters.versions import versions

TABLE = Path(__file__).with_name("known_versions.json")
"""Runtime -> operator -> the highest version that it knows, all lower ones with it."""

TOLERANCE = {"float": 1e-4, "int8": 0.5, "int16": 0.1}
"""How far apart two runtimes may be, by what is computed with: sqrt(sum (a - b)^2 / sum b^2) of an
output. Kernels of whole numbers round the last place otherwise, and layers multiply that: up to
0.28 was measured on sound files. What a kernel misreads comes out at 1 and more.
"""

DRAWS = 2
"""Inputs on which numbers are compared."""

Inputs = Sequence[Mapping[str, Array]]

Outputs = Mapping[str, Array]


class Answer(NamedTuple):
    """What a runtime did with a file."""

    runtime: str
    version: str
    outputs: tuple[Outputs, ...] = ()
    refusal: str = ""  # in its own words


def known_versions(runtime: str) -> Mapping[str, int]:
    """Operator -> highest version that a runtime knows."""
    if runtime == EDGETPU:
        from ai_edge_litert import schema_py_generated as schema

        numbers = {k: v for k, v in vars(schema.BuiltinOperator).items() if k.isupper()}
        return {k: HIGHEST.get(k, 1) for k, number in numbers.items() if number <= LAST_BUILTIN}
    table: dict[str, dict[str, int]] = json.loads(TABLE.read_text(encoding="utf-8"))
    return table[runtime]


def too_new(path: Path, runtime: str) -> list[str]:
    """The operators of a file whose versions a runtime does not know, as `SQRT version 2`."""
    known = known_versions(runtime)
    found = [pair for pair in sorted(flatbuffer.versions(path).items()) if pair[0].isupper()]
    return [f"{name} version {each}" for name, each in found if each > known.get(name, 0)]


def fitting(runtimes: Sequence[str], kind: Kind) -> list[str]:
    """Those of some runtimes that a kind is for: the Edge TPU takes whole numbers alone."""
    return [name for name in runtimes if name != EDGETPU or kind.only_int8]


def compared(
    path: Path, kind: Kind, runtimes: Sequence[str], given: Inputs = ()
) -> dict[str, dict[str, Any]]:
    """For each promised runtime its version, how far it is from another, and what it refuses.

    `max_difference` is a share of an output's largest value, `noise` that of `TOLERANCE`. Without
    given inputs they are drawn, floats from -1 to 1.
    """
    names = fitting(runtimes, kind)
    answers = {name: answered(path, name, given) for name in names if name in INTERPRETERS}
    ran = [answer for answer in answers.values() if answer.outputs]
    found = {}
    for name in names:
        answer = answers.get(name, Answer(name, "16"))
        others = [each for each in ran if answer.outputs and each is not answer]
        pairs = [(answer.outputs, each.outputs) for each in others]
        noise = max((_apart(*pair, _noise) for pair in pairs), default=None)
        largest = max((_apart(*pair, _difference) for pair in pairs), default=None)
        refusal = answer.refusal
        if not answer.refusal and not answer.outputs:  # nothing but its versions can be asked
            refusal = _said(name, too_new(path, name))
        is_same = noise is None or noise <= tolerance(kind)
        found[name] = {
            "version": answer.version,
            "max_difference": largest,
            "noise": noise,
            "ok": not refusal and is_same,
            **({"refusal": refusal} if refusal else {}),
        }
    return found


def tolerance(kind: Kind) -> float:
    """How far apart two runtimes may be on a kind."""
    if kind.is_calibrated:
        return TOLERANCE[kind.activations]
    return TOLERANCE["float" if not kind.is_quantised or kind.weights else "int8"]


def _said(runtime: str, unknown: Sequence[str]) -> str:
    """In the words of a runtime, so that what is lacking is found in both."""
    asked = (name.split() for name in unknown)
    return "; ".join(
        f"Didn't find op for builtin opcode '{op}' version '{version}': {runtime} knows no such"
        for op, _, version in asked
    )


def broken(path: Path, kind: Kind, found: Mapping[str, Mapping[str, Any]]) -> ZooError | None:
    """The error that a promise is not kept; None if all are."""
    for runtime, each in found.items():
        if each.get("refusal"):
            return ZooError(
                f"{runtime} {each['version']} refuses the file: {each['refusal']}",
                subject=path.name,
                remedy="write the operator otherwise (`tf: overrides`), keep it in float, or "
                f"leave {runtime} out of `runtimes` in config.yaml",
            )
    if all(each["ok"] for each in found.values()):
        return None
    told = " and ".join(f"{name} {each['version']}" for name, each in found.items())
    apart = max(each["noise"] or 0 for each in found.values())
    return ZooError(
        f"{told} are apart by {apart:.2g} of an output, at most {tolerance(kind):g} may be; "
        f"{first_apart(path, tolerance(kind))}",
        subject=path.name,
        remedy="its version may mean another thing to one of them: write the operator otherwise, "
        "or leave a runtime out of `runtimes` in config.yaml",
    )


# In one runtime -----------------------------------------------------------------------------------


def answered(path: Path, runtime: str, given: Inputs = ()) -> Answer:
    """What a runtime makes of a file; one that is not installed answers nothing."""
    version = versions(runtime).get(runtime, "")
    if not version:
        return Answer(runtime, "not installed")
    try:
        interpreter = INTERPRETERS[runtime]()(model_path=str(path), num_threads=1)
        interpreter.allocate_tensors()
        call = interpreter.get_signature_runner(SIGNATURE)
        gives = call.get_output_details()
        takes = call.get_input_details()
        stored = [{n: quantised(x, takes[n]) for n, x in each.items()} for each in given]
        made = [call(**inputs) for inputs in stored or _drawn(takes)]
    except (ValueError, RuntimeError) as error:
        return Answer(runtime, version, refusal=" ".join(str(error).split()))
    floats = [{name: dequantised(x, gives[name]) for name, x in each.items()} for each in made]
    return Answer(runtime, version, tuple(floats))


def _drawn(details: Mapping[str, Any]) -> Iterator[dict[str, Array]]:
    chance = np.random.default_rng(0)
    for _ in range(DRAWS):
        yield {name: _values(detail, chance) for name, detail in sorted(details.items())}


def _values(detail: Mapping[str, Any], chance: np.random.Generator) -> Array:
    """Floats from -1 to 1; quantised numbers of any size; 0 and 1 where numbers mean themselves."""
    wanted, shape = np.dtype(detail["dtype"]), tuple(detail["shape"])
    if wanted.kind == "f":
        return chance.uniform(-1, 1, shape).astype(wanted)
    if wanted.kind in "iu" and detail["quantization"][0]:
        bounds = np.iinfo(wanted)
        return chance.integers(bounds.min, bounds.max, shape, endpoint=True, dtype=wanted)
    return chance.integers(0, 2, shape).astype(wanted)


def _apart(
    first: Sequence[Outputs], second: Sequence[Outputs], measure: Callable[[Array, Array], float]
) -> float:
    """The largest that a measure is over the outputs; endless where their shapes differ."""
    found = []
    for name in first[0]:
        pairs = [(a[name], b[name]) for a, b in zip(first, second, strict=True)]
        if any(a.shape != b.shape for a, b in pairs):
            return float("inf")
        a, b = (_in_one_row([pair[side] for pair in pairs]) for side in (0, 1))
        found.append(measure(np.where((a == b) | (np.isnan(a) & np.isnan(b)), 0, a - b), b))
    return max(found, default=0.0)


def _in_one_row(arrays: Sequence[Array]) -> Array:
    return np.concatenate([np.asarray(each, np.float64).ravel() for each in arrays])


def _difference(apart: Array, values: Array) -> float:
    """max |a - b| / max |b|."""
    return _share(np.abs(apart).max(initial=0), np.abs(values[np.isfinite(values)]).max(initial=0))


def _noise(apart: Array, values: Array) -> float:
    """sqrt(sum (a - b)^2 / sum b^2)."""
    finite = values[np.isfinite(values)]
    return _share(np.sqrt(np.sum(apart**2)), np.sqrt(np.sum(finite**2)))


def _share(part: float, whole: float) -> float:
    if not np.isfinite(part):
        return float("inf")
    return float(part / whole) if whole else float(part)


# Where they part ----------------------------------------------------------------------------------


def first_apart(path: Path, allowed: float) -> str:
    """The first operator of a file that two runtimes make something else of, in words."""
    tensors = [_all_tensors(path, load()) for load in INTERPRETERS.values()]
    for name, version, outputs in flatbuffer.steps(path):
        both = [str(i) for i in outputs if i in tensors[0] and i in tensors[1]]
        one, other = ([{i: each[int(i)] for i in both}] for each in tensors)
        if both and _apart(one, other, _noise) > allowed:
            return f"{name} version {version} is the first operator that differs"
    return "no single operator differs where none is delegated to XNNPACK"


def _all_tensors(path: Path, load: Any) -> dict[int, Array]:
    """Every tensor that a runtime can show after it has run a file, as floats, by its number."""
    interpreter = load(num_threads=1, **tapping(load, path))
    interpreter.allocate_tensors()
    details = {detail["name"]: detail for detail in interpreter.get_input_details()}
    for name, values in next(_drawn(details)).items():
        interpreter.set_tensor(details[name]["index"], values)
    interpreter.invoke()
    found = {}
    for detail in interpreter.get_tensor_details():
        try:
            values = interpreter.get_tensor(detail["index"])
        except ValueError:  # constants of other graphs, and what was never filled
            continue
        found[int(detail["index"])] = dequantised(values, detail)
    return found


# What a runtime knows -----------------------------------------------------------------------------


def probed(runtime: str) -> dict[str, int]:
    """Operator -> highest version that an installed runtime finds, of those without a gap."""
    from ai_edge_litert import schema_py_generated as schema

    load = INTERPRETERS[runtime]()
    names = [name for name in vars(schema.BuiltinOperator) if name.isupper()]
    found = {name: _highest(load, name) for name in sorted(names)}
    return {name: highest for name, highest in found.items() if highest}


def _highest(load: Any, name: str) -> int:
    version = 0
    while _finds(load, name, version + 1):
        version += 1
        if version > 100:
            return 0  # it asks nobody: CUSTOM and the like
    return version


def _finds(load: Any, name: str, version: int) -> bool:
    try:
        load(model_content=flatbuffer.naming(name, version))
    except ValueError as error:
        return "Didn't find op" not in str(error)
    return True


def main() -> int:
    """Write the table."""
    table = {runtime: probed(runtime) for runtime in INTERPRETERS}
    TABLE.write_text(json.dumps(table, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    print(TABLE)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
