"""Products over named axes."""

from tests.cases import case, image

CASES = [
    case("Einsum", image(2, 3, 4), image(2, 4, 5), equation="bij,bjk->bik", opset="opset7"),
    case("Einsum", image(3, 4), image(4, 5), equation="aA,Ab->ab", opset="opset7"),
    case("Einsum", image(3, 4), equation="ij->ji", opset="opset7"),
    case("Einsum", image(2, 3, 4), image(3, 4), equation="nij,ij->n", opset="opset7"),
]
