"""Whether a written TFLite file is what was asked for: it loads, runs, keeps names and types.

Run in a process of its own: tflite-runtime cannot share one with TensorFlow.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from converters.aside import run_aside
from converters.datasets.interface import Interface, Stored
from converters.datasets.preprocess import Array
from converters.errors import ZooError
from converters.quantize import runtimes
from converters.quantize.kinds import Kind, kind_named
from converters.quantize.runtimes import Inputs
from converters.verify.runners import SIGNATURE, check_names, interpreter_of, invoked

REFUSALS = (
    re.compile(r"Didn't find op for builtin opcode '(\w+)'"),
    re.compile(r"Node number \d+ \((\w+)\) failed to (?:invoke|prepare)"),
)
"""How TFLite's runtimes name the operator that they cannot run."""


def checked(
    path: Path, interface: Path, kind: str, promised: Sequence[str], samples: Inputs = ()
) -> dict[str, Any]:
    """Check a file in a fresh interpreter: the package that loaded it, a note if it has one, and
    what each promised runtime made of it, of samples if there are any.
    """
    given = path.with_name(f"{path.name}.npz")
    np.savez(given, **{f"{i}/{name}": x for i, s in enumerate(samples) for name, x in s.items()})
    argv = [str(path), str(interface), kind, str(given), *promised]
    done = run_aside("runtimes", "converters.quantize.check", argv)
    sys.stderr.write(done.err)
    try:
        answer: dict[str, Any] = json.loads(done.out.splitlines()[-1])
    except (IndexError, ValueError) as error:
        raise ZooError(
            f"the runtime breaks down when it loads the file (exit status {done.code})",
            subject=path.name,
            remedy="read the log above",
        ) from error
    if "cause" in answer:
        raise ZooError(answer["cause"], subject=answer["subject"], remedy=answer["remedy"])
    return answer


def check(
    path: Path, interface: Interface, kind: Kind, promised: Sequence[str], samples: Inputs = ()
) -> dict[str, Any]:
    """The same in this process."""
    found = runtimes.compared(path, kind, promised, samples)
    error = runtimes.broken(path, kind, found)
    if error:
        raise error
    interpreter, package, note = interpreter_of(path)
    signature = interpreter.get_signature_list().get(SIGNATURE, {"inputs": [], "outputs": []})
    check_names(path.name, signature, interface)
    call = interpreter.get_signature_runner(SIGNATURE)
    inputs = call.get_input_details()
    for specs, details in (
        (interface.inputs, inputs),
        (interface.outputs, call.get_output_details()),
    ):
        for spec in specs:
            _check_tensor(f"{path.name}: {spec.name}", spec, details[spec.name], kind)
    zeros = {name: np.zeros(d["shape"], d["dtype"]) for name, d in inputs.items()}
    invoked(call, zeros, path.name)
    return {"package": package, "note": note, "runtimes": found}


def refused_operator(words: str) -> str | None:
    """The operator that a runtime lacks in the type or version that the file has it in."""
    found = [match for pattern in REFUSALS for match in pattern.findall(words)]
    return str(found[0]) if found else None


def _check_tensor(subject: str, spec: Stored, detail: Any, kind: Kind) -> None:
    """The stored shape; floats in the kind's type, whole numbers in their own."""
    shape = tuple(int(size) for size in detail["shape"])
    if shape != spec.shape:
        raise ZooError(
            f"has shape {list(shape)}, interface.json says {list(spec.shape)}",
            subject=subject,
            remedy="the converter mixed up tensors or sizes: build the SavedModel again",
        )
    found = np.dtype(detail["dtype"]).name
    wanted = kind.io if kind.io and spec.dtype.startswith("float") else spec.dtype
    if found != wanted:
        raise ZooError(
            f"is {found}, this kind wants {wanted}",
            subject=subject,
            remedy="the operator that makes it has no int8 form: use kind int8",
        )


def _samples(file: Path) -> list[dict[str, Array]]:
    """What `checked` wrote: the inputs of each sample by their names."""
    found: dict[str, dict[str, Array]] = {}
    with np.load(file, allow_pickle=False) as kept:
        for key in kept.files:
            number, _, name = key.partition("/")
            found.setdefault(number, {})[name] = kept[key]
    return list(found.values())


def main(argv: Sequence[str]) -> int:
    """Print the answer, or the error, as one line of JSON."""
    path, interface, kind, given, *promised = argv
    told = Interface.read(Path(interface))
    try:
        answer: dict[str, Any] = check(
            Path(path), told, kind_named(kind), promised, _samples(Path(given))
        )
    except ZooError as error:
        answer = {"cause": error.cause, "subject": error.subject, "remedy": error.remedy}
    print(json.dumps(answer))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
