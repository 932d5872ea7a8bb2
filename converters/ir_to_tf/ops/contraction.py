"""Products over any axes, named by letters: Transposes, Reshapes and BATCH_MATMUL."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce
from math import prod
from typing import Any, NamedTuple

import tensorflow as tf

from converters.ir_to_tf.layout.rules import as_written
from converters.ir_to_tf.registry import op
from converters.ir_to_tf.site import Site

Letters = list[str]
ELLIPSIS = "..."


class Named(NamedTuple):
    """A tensor whose axes have names, each only one."""

    tensor: Any
    letters: Letters

    def ordered(self, wanted: Sequence[str]) -> Any:
        """The tensor, its axes in another order."""
        order = [self.letters.index(letter) for letter in wanted]
        return self.tensor if order == sorted(order) else tf.transpose(self.tensor, order)

    def without(self, gone: set[str]) -> Named:
        """Summed over some of its axes."""
        axes = [axis for axis, letter in enumerate(self.letters) if letter in gone]
        if not axes:
            return self
        kept = [letter for letter in self.letters if letter not in gone]
        return Named(tf.reduce_sum(self.tensor, axes), kept)


def letters_of(term: str, rank: int) -> Letters:
    """The names of a tensor's axes: those that `...` stands for have numbers, from the right."""
    before, dots, behind = term.partition(ELLIPSIS)
    hidden = rank - len(before) - len(behind) if dots else 0
    return [*before, *(str(hidden - k) for k in range(hidden)), *behind]


def diagonal(tensor: Any, letters: Letters) -> Named:
    """An axis named twice becomes one: its diagonal is every (n + 1)-th of n n elements."""
    tensor = tf.convert_to_tensor(tensor)
    for letter in dict.fromkeys(letters):
        while letters.count(letter) > 1:
            first = letters.index(letter)
            second = letters.index(letter, first + 1)
            others = [axis for axis in range(len(letters)) if axis not in (first, second)]
            size = int(tensor.shape[first])
            turned = tf.transpose(tensor, [*others, first, second])
            row = tf.reshape(turned, [*(tensor.shape[axis] for axis in others), size * size])
            tensor = row[..., :: size + 1]
            letters = [*(letters[axis] for axis in others), letter]
    return Named(tensor, letters)


def product(one: Named, other: Named, needed: set[str]) -> Named:
    """The product of two tensors, summed over the names that both have and nobody needs."""
    one = one.without(set(one.letters) - set(other.letters) - needed)
    other = other.without(set(other.letters) - set(one.letters) - needed)
    both = [letter for letter in one.letters if letter in other.letters]
    sizes = [dict(zip(each.letters, each.tensor.shape, strict=True)) for each in (one, other)]
    summed = [letter for letter in both if letter not in needed]
    if any(sizes[0][letter] != sizes[1][letter] for letter in both) or not summed:
        return _elementwise(one, other).without(set(summed))
    batch = [letter for letter in both if letter in needed]
    left = [letter for letter in one.letters if letter not in both]
    right = [letter for letter in other.letters if letter not in both]
    lengths = {**sizes[1], **sizes[0]}
    b, m, k, n = (prod(lengths[x] for x in group) for group in (batch, left, summed, right))
    x = tf.reshape(one.ordered([*batch, *left, *summed]), [b, m, k])
    y = tf.reshape(other.ordered([*batch, *summed, *right]), [b, k, n])
    made = [*batch, *left, *right]
    return Named(tf.reshape(whole_product(x, y), [lengths[letter] for letter in made]), made)


def whole_product(x: Any, y: Any) -> Any:
    """BATCH_MATMUL; of whole numbers, which it does not know, a sum of products."""
    if x.dtype.is_floating:
        return tf.matmul(x, y)
    return tf.reduce_sum(x[..., :, :, None] * y[..., None, :, :], -2)


def _elementwise(one: Named, other: Named) -> Named:
    """The product over all names of both, axes of size 1 being repeated."""
    names = list(dict.fromkeys([*one.letters, *other.letters]))

    def wide(each: Named) -> Any:
        sizes = dict(zip(each.letters, each.tensor.shape, strict=True))
        mine = [name for name in names if name in sizes]
        return tf.reshape(each.ordered(mine), [sizes.get(name, 1) for name in names])

    return Named(wide(one) * wide(other), names)


def contracted(equation: str, tensors: Sequence[Any]) -> Any:
    """An einsum of any number of tensors of known shapes: products two by two, from the left."""
    terms, _, target = equation.replace(" ", "").partition("->")
    given = [
        diagonal(tensor, letters_of(term, len(tensor.shape)))
        for term, tensor in zip(terms.split(","), tensors, strict=True)
    ]
    hidden = max((len(each.letters) for each in given), default=0)
    names = {letter for each in given for letter in each.letters}
    numbers = [str(k) for k in range(hidden, 0, -1) if str(k) in names]
    before, dots, behind = target.partition(ELLIPSIS)
    wanted = [*before, *(numbers if dots else ()), *behind]

    def combined(done: Named, number: int) -> Named:
        later = {letter for each in given[number + 1 :] for letter in each.letters}
        return product(done, given[number], later | set(wanted))

    made = reduce(combined, range(1, len(given)), given[0])
    return made.without(set(made.letters) - set(wanted)).ordered(wanted)


@op("Einsum", layout=as_written)
def einsum(_: Site, *tensors: Any, equation: str) -> Any:
    """Products two by two."""
    return contracted(equation, tensors)
