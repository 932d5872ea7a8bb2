"""Decoders."""

import numpy as np

from tests.cases import case, image

MASK = np.float32([[1, 1], [1, 1], [1, 1], [1, 0], [1, 0], [0, 0]])


def by_length(merge, *blank):
    return case(
        "CTCGreedyDecoderSeqLen",
        image(2, 9, 3),
        np.int32([9, 5]),
        merge_repeated=merge,
        classes_index_type="i32",
        sequence_length_type="i64",
        opset="opset6",
        ports=2,
    )


LABELS = np.int32([[1, 2, 2, 3, 0, 0], [3, 1, 3, 0, 0, 0]])


def loss(collapse=False, merge=True, unique=False, blank=0):
    words = {"preprocess_collapse_repeated": collapse, "ctc_merge_repeated": merge}
    given = [np.int32([6, 5]), LABELS, np.int32([4, 3])]
    given += [] if blank is None else [np.int32(blank)]
    return case(
        "CTCLoss",
        image(2, 6, 5),
        *given,
        unique=unique,
        opset="opset4",
        tolerance=1e-3,
        **words,
    )


CASES = [
    loss(),
    loss(blank=None),
    loss(collapse=True),
    loss(unique=True),
    loss(merge=False),
    loss(collapse=True, merge=False),
    case("CTCGreedyDecoder", image(6, 2, 3), MASK, ctc_merge_repeated=True, opset="opset1"),
    case("CTCGreedyDecoder", image(6, 2, 3), MASK, ctc_merge_repeated=False, opset="opset1"),
    by_length(True),
    by_length(False),
    by_length(True, np.int32(0)),
]
