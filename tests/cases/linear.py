"""Products."""

from tests.cases import case, const, image


def turned(a=False, b=False):
    return {"transpose_a": a, "transpose_b": b}


CASES = [
    case("MatMul", image(4, 6), const(6, 5), **turned()),
    case("MatMul", image(4, 6), const(5, 6), **turned(b=True)),
    case("MatMul", image(6, 4), const(6, 5), **turned(a=True)),
    case("MatMul", image(2, 3, 4, 6), const(6, 5), **turned()),
    case("MatMul", image(2, 4, 6), const(1, 6, 5), **turned()),
    case("MatMul", const(5, 4), image(4, 6), **turned()),
    case("MatMul", const(4, 5), image(2, 4, 6), **turned(a=True)),
    case("MatMul", const(5, 4), image(2, 6, 4), **turned(b=True)),
    case("MatMul", image(2, 3, 4, 6), image(2, 3, 6, 5), **turned()),
    case("MatMul", image(2, 3, 6, 4), image(2, 3, 5, 6), **turned(True, True)),
    case("MatMul", image(2, 3, 4, 6), image(6, 5), **turned()),
    case("MatMul", image(3, 4, 6), image(2, 1, 6, 5), **turned()),
    case("MatMul", image(2, 4, 6), const(2, 6, 5), **turned()),
    case("MatMul", image(6), image(6, 5), **turned()),
    case("MatMul", image(4, 6), image(6), **turned()),
    case("MatMul", image(2, 1, 6), image(2, 6, 5), **turned()),
]
