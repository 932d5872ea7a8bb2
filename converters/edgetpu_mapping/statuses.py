"""The compiler's own words for what becomes of an operator, and what is added to them."""

from __future__ import annotations

from typing import NamedTuple

MAPPED = "Mapped to Edge TPU"
DATA_TYPE = "Operation is working on an unsupported data type"
NOT_SUPPORTED = "Operation not supported"
RANK = "Tensor has unsupported rank (up to 3 innermost dimensions mapped)"
LIMITED = "Operation is otherwise supported, but not mapped due to some unspecified limitation"
SECOND_SUBGRAPH = "More than one subgraph is not supported"

NOT_QUANTISED = "Model not quantized"
NOT_PARSED = "Model could not be parsed"
DYNAMIC = (
    "Attempting to use a delegate that only supports static-sized tensors with a graph that has "
    "dynamic-sized tensors"
)


class Status(NamedTuple):
    """Why an operator is where it is: the compiler's words, and the detail it does not give."""

    words: str
    detail: str = ""

    def __str__(self) -> str:
        return f"{self.words}: {self.detail}" if self.detail else self.words


def limited(detail: str) -> Status:
    """The compiler's catch-all, with the reason it keeps to itself."""
    return Status(LIMITED, detail)
