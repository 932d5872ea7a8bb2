"""Decoders."""

import numpy as np

from tests.cases import case, image

MASK = np.float32([[1, 1], [1, 1], [1, 1], [1, 0], [1, 0], [0, 0]])


def by_length(merge, *blank):
    return case(
        "CTCGreedyDecoderSeqLen",
        image(2, 9, 3),
        np.int32([9, 5]),
        *blank,
        merge_repeated=merge,
        classes_index_type="i32",
        sequence_length_type="i64",
        opset="opset6",
        ports=2,
    )


CASES = [
    case("CTCGreedyDecoder", image(6, 2, 3), MASK, ctc_merge_repeated=True, opset="opset1"),
    case("CTCGreedyDecoder", image(6, 2, 3), MASK, ctc_merge_repeated=False, opset="opset1"),
    by_length(True),
    by_length(False),
    by_length(True, np.int32(0)),
]
