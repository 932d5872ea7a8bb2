"""Artefacts run outside: in an interpreter that has TensorFlow and Keras, and nothing of ours."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from converters.datasets.interface import Interface
from converters.datasets.preprocess import Array
from converters.errors import ZooError
from converters.verify import stock
from converters.verify.runners import Runner, Transposes
from converters.versions import versions


class Outside:
    """A network in a process of its own, until nobody holds it any more."""

    def __init__(self, kind: str, folder: Path) -> None:
        command = [sys.executable, "-I", str(Path(stock.__file__)), kind, str(folder)]
        self.name = folder.name
        self.space = TemporaryDirectory()
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self.facts = json.loads(self._answer())

    def __call__(self, inputs: list[Array]) -> list[Array]:
        """The outputs, in their order."""
        given = Path(self.space.name) / "inputs.npz"
        np.savez(given, **{str(i): values for i, values in enumerate(inputs)})
        assert self.process.stdin
        self.process.stdin.write(f"{given}\n")
        self.process.stdin.flush()
        with np.load(self._answer()) as made:
            return [made[str(i)] for i in range(len(made))]

    def close(self) -> None:
        """End the process."""
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe:
                pipe.close()
        self.process.wait()
        self.space.cleanup()

    def _answer(self) -> str:
        assert self.process.stdout
        line = self.process.stdout.readline().strip()
        if not line:
            code = self.process.wait()
            self.close()
            raise ZooError(
                f"stock TensorFlow or Keras cannot load or run it (exit status {code})",
                subject=self.name,
                remedy="read the log above: it has the loader's own words",
            )
        return line


def opened_outside(kind: str, folder: Path, interface: Interface) -> Runner:
    """An artefact of one of the kinds that `stock` loads."""
    outside = Outside(kind, folder)
    facts: Mapping[str, Any] = outside.facts
    try:
        for side, specs in (("inputs", interface.inputs), ("outputs", interface.outputs)):
            _check_names(folder.name, facts[side], [spec.name for spec in specs])
    except ZooError:
        outside.close()
        raise

    def run(given: Mapping[str, Array]) -> dict[str, Array]:
        made = outside(list(interface.stored_inputs(given).values()))
        return interface.source_outputs(dict(zip(interface.output_names, made, strict=True)))

    return Runner(
        run,
        versions("tensorflow", "keras"),
        facts["operators"],
        Transposes(len(facts["moved"]), sum(facts["moved"])),
        sum(file.stat().st_size for file in folder.rglob("*") if file.is_file()),
    )


def _check_names(subject: str, found: Sequence[str], wanted: Sequence[str]) -> None:
    """The names of the source in its order, but for characters that a format cannot have."""
    pairs = list(zip(map(_plain, found), map(_plain, wanted), strict=False))
    if len(found) != len(wanted) or any(public not in own for own, public in pairs):
        raise ZooError(
            f"has {', '.join(found)}; wanted are {', '.join(wanted)}",
            subject=subject,
            remedy="names or their order were lost on the way: build it again",
        )


def _plain(name: str) -> str:
    return re.sub(r"\W", "_", name)
