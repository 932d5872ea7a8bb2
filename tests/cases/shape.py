"""Ops that only cut and name axes anew, or move elements by a pattern."""

from tests.cases import case, i64, image

CASES = [
    case("Reshape", image(), i64(2, 12, 5), special_zero=False),
    case("Reshape", image(), i64(0, -1), special_zero=True),
    case("Reshape", image(2, 6, 5), i64(2, 2, 3, 5), special_zero=False),
    case("Reshape", image(4, 6), i64(3, 8), special_zero=False),
    case("Squeeze", image(2, 1, 3, 1), i64(1, 3)),
    case("Unsqueeze", image(2, 3), i64(1, 3)),
    case("Transpose", image(), i64(0, 2, 3, 1)),
    case("Transpose", image(2, 3, 4), i64(2, 0, 1)),
    case("ShuffleChannels", image(2, 6, 4, 5), axis=1, group=3),
    case("DepthToSpace", image(1, 12, 3, 4), mode="depth_first", block_size=2),
    case("DepthToSpace", image(1, 12, 3, 4), mode="blocks_first", block_size=2),
    case("SpaceToDepth", image(1, 3, 4, 6), mode="depth_first", block_size=2),
    case("SpaceToDepth", image(1, 3, 4, 6), mode="blocks_first", block_size=2),
]
