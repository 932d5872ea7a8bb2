"""The environments: what each is for, and how it is made."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal, NamedTuple

from converters.errors import ZooError

LOCKS = Path(__file__).resolve().parent.parent.parent / "envs"
"""`<name>.in`, written by hand, and its lock `<name>.txt`; of npm, a folder with both files."""

MAIN = "main.txt"
"""The lock of the environment that everything else runs in."""


class Environment(NamedTuple):
    """One environment.

    A layer has its own packages and sees those of the main environment behind them; one that is
    alone sees nothing else. `without_requirements` takes the listed packages and nothing that they
    ask for: what is needed stands in the list or in the main environment.
    """

    purpose: str
    kind: Literal["layer", "alone", "npm"] = "layer"
    python: str = "3.11"
    without_requirements: bool = False

    @property
    def is_python(self) -> bool:
        """Whether there is an interpreter in it."""
        return self.kind != "npm"


ENVIRONMENTS: Mapping[str, Environment] = {
    "tfjs": Environment("writes TensorFlow.js graph models", without_requirements=True),
    "node": Environment("runs TensorFlow.js in Node and drives a browser", "npm"),
    "coreml": Environment("writes Core ML packages"),
    "tf2onnx": Environment("writes ONNX of TensorFlow graphs", without_requirements=True),
    "nncf": Environment("quantises OpenVINO IR"),
    "micro": Environment("TensorFlow Lite for Microcontrollers, to measure arenas"),
    "sklearn": Environment("reads scikit-learn models and writes them as ONNX"),
    "paddle": Environment("reads PaddlePaddle models and writes them as ONNX", "alone"),
    "tensorrt": Environment("builds TensorRT engines of ONNX, on a GPU", "alone"),
    "tftrt": Environment("TensorFlow 2.17, the last with TF-TRT, on a GPU", "alone"),
}


def environment_named(name: str) -> Environment:
    """An environment of the table."""
    if name not in ENVIRONMENTS:
        raise ZooError(
            "there is no such environment",
            subject=name,
            remedy=f"choose among {', '.join(ENVIRONMENTS)}",
        )
    return ENVIRONMENTS[name]


def lock_of(name: str, locks: Path = LOCKS) -> Path:
    """The file that pins every package of an environment."""
    is_npm = environment_named(name).kind == "npm"
    return locks / name / "package-lock.json" if is_npm else locks / f"{name}.txt"
