"""onnxsim until nothing changes: a process of its own, since native code may not survive a graph.

Called by the simplify stage: `python -m converters.onnxsim_rounds IN OUT MOST`; prints the rounds.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from converters import imports
from converters.export import graph


def fixed_point(model: bytes, most: int) -> tuple[bytes, int]:
    """The model that onnxsim leaves as it is, and the round that said so (or the last allowed)."""
    for done in range(1, most + 1):
        following = one_round(model)
        # some graphs swap names for ever: as many nodes as before means nothing was gained
        if _nodes(following) == _nodes(model):
            return (model if done > 1 else following), done
        model = following
    return model, most


def _nodes(model: bytes) -> int:
    import onnx

    return sum(graph.operators(onnx.load_from_string(model)).values())


def one_round(model: bytes) -> bytes:
    """What onnxsim makes of a model, in normal form."""
    import onnx

    # it looks whether torch is there, for what nobody asks of it here
    with imports.without(["torch"]):
        import onnxsim

    # comparing and proving are the stage's own business
    simpler, _ = onnxsim.simplify(onnx.load_from_string(model), check_n=0, certify=False)
    return graph.serialised(simpler)


def main(argv: Sequence[str]) -> int:
    """Read, simplify, write."""
    source, target, most = argv
    simpler, rounds = fixed_point(Path(source).read_bytes(), int(most))
    Path(target).write_bytes(simpler)
    print(rounds)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
