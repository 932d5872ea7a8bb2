"""The suspect: where an artefact that must be exact is not, which op differs first.

Found by `converters.blame` in a process of its own, for TensorFlow cannot share one with
tflite-runtime. It is not imported here: a change of the converter is none of this stage.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from converters.jobs import FORMATS
from converters.verify.limits import Check

EXACT = ("saved_model", "float32", *FORMATS)
"""Artefacts that differ from the IR by rounding only."""

LONGEST = 900
"""Seconds: a model that takes longer is left to its user."""


def advice(args: argparse.Namespace, checks: Sequence[Check]) -> str:
    """What a failed verification adds to its remedy; nothing where no op can be blamed."""
    xml = args.path.parent / "ir" / "model.xml"
    is_wrong = any(check.output and not check.is_held for check in checks)
    if args.artifact not in EXACT or not is_wrong or not xml.exists():
        return ""
    return f"; {_told(args, xml)}"


def _told(args: argparse.Namespace, xml: Path) -> str:
    command = [sys.executable, "-m", "converters.blame", args.model, args.variant]
    command += ["--models", str(args.models), "--sources", str(args.sources), "--xml", str(xml)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    try:
        done = subprocess.run(
            command, env=environment, stdout=subprocess.PIPE, text=True, timeout=LONGEST, check=True
        )
        return done.stdout.splitlines()[-1]
    except (subprocess.SubprocessError, IndexError):
        return f"which op differs could not be found: run python {' '.join(command[1:])}"
