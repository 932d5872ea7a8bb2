"""Attention in one op."""

from tests.cases import case, image

Q, K, V = image(2, 3, 4, 8), image(2, 3, 5, 8), image(2, 3, 5, 6)
NAME = "ScaledDotProductAttention"

CASES = [
    case(NAME, Q, K, V, causal=False, tolerance=1e-4),
    case(NAME, Q, K, V, causal=True, tolerance=1e-4),
    case(NAME, Q, K, V, image(4, 5), causal=False, tolerance=1e-4),
    case(NAME, Q, K, V, image(2, 1, 4, 5), image(1, low=0.4, high=0.5), causal=False),
]
