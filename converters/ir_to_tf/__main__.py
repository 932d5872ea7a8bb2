"""Convert one OpenVINO IR, channels first, to TensorFlow, channels last, without a recipe.

Names of flags are openvino2tensorflow's. Inputs and outputs of four axes are NHWC unless they are
kept; names and order are those of the IR, and interface.json says how each is stored.
"""

from __future__ import annotations

import argparse
import os
import sys
import traceback
from collections.abc import Sequence

from converters import imports
from converters.errors import ZooError
from converters.ir_to_tf.flags import parser

REFUSED = 1
DIFFERS = 3
BUG = 70


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status."""
    args = parser(__doc__ or "").parse_args(argv)
    try:
        return run(args)
    except ZooError as error:
        print(f"error: {error}", file=sys.stderr)
        return REFUSED
    except BrokenPipeError:  # whoever reads has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    except Exception:  # noqa: BLE001 - the boundary: a bug of ours has a status of its own
        traceback.print_exc()
        print("error: an error of the converter: report it with the model", file=sys.stderr)
        return BUG


def run(args: argparse.Namespace) -> int:
    """Read, convert, write what was asked for, and show what was asked to be seen."""
    imports.tensorflow()  # what needs Keras imports it later
    from converters.ir_to_tf.looking import look
    from converters.ir_to_tf.request import requested
    from converters.ir_to_tf.writing import write_all

    request = requested(args)
    status = 0
    for made in write_all(request.converted, args):
        is_error = isinstance(made, ZooError)
        print(f"error: {made}" if is_error else made, file=sys.stderr if is_error else None)
        status = REFUSED if is_error else status
    for text, is_fault in look(request, args):
        print(text)
        status = status or (DIFFERS if is_fault else 0)
    return status


if __name__ == "__main__":
    raise SystemExit(main())
