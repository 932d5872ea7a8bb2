"""How a stage runs: its command line, its atomic outputs, its errors on record.

Every stage is a command `python -m converters.<stage> MODEL VARIANT --option ...`. What it makes
appears whole or not at all; why it failed is printed and kept beside its log for the summary.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import shutil
import sys
import tempfile
import traceback
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from converters.errors import ZooError

LOGS = Path("logs")
LOGS_VARIABLE = "ZOO_LOGS"
"""The variable that names another folder of logs, for a stage that may write nowhere else."""

ALL_VARIANTS = "sources"
"""Stands in the place of a variant for what all variants of a model share."""


def error_record(model: str, variant: str, stage: str) -> Path:
    """Where the last failure of a stage is kept until the stage succeeds."""
    logs = Path(os.environ.get(LOGS_VARIABLE) or LOGS)
    return logs / model / variant / f"{stage}.error.json"


@contextlib.contextmanager
def made_whole(target: Path) -> Iterator[Path]:
    """A temporary path (file or directory, not yet made) that becomes `target` on success.

    It lies beside the target, so the rename is atomic; on any error it is removed and an older
    target stays as it was.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix=f".{target.name}.", dir=target.parent))
    try:
        yield folder / target.name
        if target.is_dir() and not target.is_symlink():
            shutil.rmtree(target)
        (folder / target.name).replace(target)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def write_json(target: Path, data: Any) -> None:
    """Write JSON with a stable key order, atomically."""
    with made_whole(target) as part:
        part.write_text(json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False) + "\n")


def main(
    stage: str,
    doc: str,
    add_arguments: Callable[[argparse.ArgumentParser], None],
    run: Callable[[argparse.Namespace], None],
    argv: Sequence[str] | None = None,
) -> int:
    """Run a stage's command for one model and variant; return its exit code.

    0: made. 1: a `ZooError`, printed in words. 70: a bug of ours, with its traceback.
    """
    parser = argparse.ArgumentParser(
        prog=f"python -m converters.{stage}",
        description=doc,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("model", help="id of the recipe: the name of its folder in models/")
    parser.add_argument("variant", help="name of the variant, such as 320x320")
    parser.add_argument("--models", type=Path, default=Path("models"), help="folder of recipes")
    parser.add_argument(
        "--record", default=stage, help="name under which a failure is kept (default: the stage)"
    )
    add_arguments(parser)
    args = parser.parse_args(argv)
    record = error_record(args.model, args.variant, args.record)
    record.unlink(missing_ok=True)
    try:
        run(args)
    except ZooError as error:
        return _failed(record, error.located(f"{args.model}/{args.variant}", stage), 1)
    except Exception as error:  # noqa: BLE001 - the boundary: whatever it is, the summary must know
        traceback.print_exc()
        bug = ZooError(
            f"{type(error).__name__}: {error}",
            subject="internal error",
            remedy="read the log; if the recipe is right, report this as a bug with the log",
        )
        return _failed(record, bug.located(f"{args.model}/{args.variant}", stage), 70)
    return 0


def _failed(record: Path, error: ZooError, code: int) -> int:
    print(f"error: {error}", file=sys.stderr)
    with contextlib.suppress(OSError):
        write_json(record, error.record())
    return code


def quiet_tensorflow() -> None:
    """Ask TensorFlow, before its import, for no banners and no GPU search."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")
