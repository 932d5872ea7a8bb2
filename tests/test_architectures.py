"""One network per family, through the whole chain: equal numbers, and transposes as planned.

Transposes are counted in the .tflite file. `golden/architectures.tsv` holds, per network, how many
it has, how few any choice of kernels needs, and how many ops: they may only fall. A test that
finds fewer prints the line to put there.
"""

from __future__ import annotations

from functools import cache
from pathlib import Path

import pytest
import torch

from tests.architectures import ARCHITECTURES, CONVOLUTIONAL, Architecture, chain

GOLDEN = Path(__file__).parent / "golden" / "architectures.tsv"
TOLERANCE = 1e-5
"""Of an output's largest value: the order of float32 sums differs."""

pytestmark = [pytest.mark.filterwarnings(f"ignore::{kind}") for kind in chain.WARNINGS]


@pytest.fixture(scope="module", autouse=True)
def one_thread():
    """Networks this small only wait for each other on several."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


@cache
def golden() -> dict[str, tuple[int, int, int]]:
    """Transposes, their bound, and ops, by name."""
    rows = [line.split("\t") for line in GOLDEN.read_text(encoding="utf-8").splitlines()[1:]]
    return {name: (int(count), int(bound), int(ops)) for name, count, bound, ops in rows}


@pytest.mark.parametrize("family", ARCHITECTURES, ids=lambda family: family.name)
def test_family(family: Architecture) -> None:
    made = chain.run(family.network(), family.example(), family.rows)
    plan = made.converted.plan
    assert made.error < TOLERANCE
    assert made.transposes == plan.count
    assert plan.bound.count <= plan.count
    if family in CONVOLUTIONAL:
        assert plan.count == 0
    assert not [name for name in made.operators if name.startswith("Flex")]
    found = plan.count, plan.bound.count, made.operators.total()
    known = golden()[family.name]
    assert all(new <= old for new, old in zip(found, known, strict=True)), dict(made.operators)
    if found != known:
        print("golden:", family.name, *found, sep="\t")


def test_every_family_has_a_golden_line() -> None:
    assert list(golden()) == [family.name for family in ARCHITECTURES]
