"""Products over named axes."""

from tests.cases import case, image


def product(equation, *shapes):
    given = (image(*shape) for shape in shapes)
    return case("Einsum", *given, equation=equation, opset="opset7", tolerance=1e-4)


CASES = [
    product("ij,jk,kl->il", (2, 3), (3, 4), (4, 5)),
    product("abc,abd->acd", (2, 3, 4), (2, 3, 5)),
    product("abcd,bdf,ea->fce", (2, 3, 4, 5), (3, 5, 2), (3, 2)),
    product("a,b->ab", (3,), (4,)),
    product("abc->", (2, 3, 4)),
    product("bij,bij->bj", (2, 3, 4), (2, 3, 4)),
    case("Einsum", image(2, 3, 4), image(2, 4, 5), equation="bij,bjk->bik", opset="opset7"),
    case("Einsum", image(3, 4), image(4, 5), equation="aA,Ab->ab", opset="opset7"),
    case("Einsum", image(3, 4), equation="ij->ji", opset="opset7"),
    case("Einsum", image(2, 3, 4), image(3, 4), equation="nij,ij->n", opset="opset7"),
]
