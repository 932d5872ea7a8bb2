"""network.py for a state dict: modules of the right names and shapes; how data flows is left open.

What the shapes decide is written; what they leave open (strides, groups, what has no weights) is
marked `# DECIDE`, and `forward` raises NotImplementedError until somebody writes it.
"""

from __future__ import annotations

import json
import keyword
import re
from collections.abc import Callable, Mapping
from typing import Any

from converters.new.checkpoint_file import Shapes
from converters.new.text import UNWRITTEN

MOST_TENSORS = 5_000
NORMALISING = {"running_mean", "running_var"}
TRACKED = "num_batches_tracked"
WORD = re.compile(r"[A-Za-z_][A-Za-z0-9_]*|[0-9]+")

HEAD = '''\
"""{title}

A skeleton made from the names and shapes in state_dict.tsv: the weights fit, nothing is computed
yet. Go through the lines marked DECIDE, write `forward` after the paper, and remove the marks.
"""

from collections import OrderedDict

from torch import Tensor, nn{imports}


class {factory}(nn.Module):
    """The module tree follows the published state dict."""

    def __init__(self) -> None:
        super().__init__()
'''

TAIL = """
    def forward(self, x: Tensor) -> Tensor:
        # DECIDE: what goes in and out, with shapes
        raise NotImplementedError("{unwritten}")
"""

GROUP = '''

def group(*parts: tuple[str, nn.Module]) -> nn.Module:
    """Named modules below one name; better a class with a forward of its own."""
    module = nn.Module()
    for name, part in parts:
        module.add_module(name, part)
    return module
'''


class _Tree(dict[str, Any]):
    """Name -> a subtree, or the shape of a tensor."""


def table(shapes: Shapes) -> str:
    """Names and shapes, a line each: state_dict.tsv."""
    lines = [
        f"{name}\t{'x'.join(map(str, shape))}"
        for name, shape in shapes.items()
        if not name.endswith(TRACKED)
    ]
    return "\n".join(lines) + "\n"


def skeleton(shapes: Shapes, factory: str, title: str) -> str:
    """The text of network.py."""
    tree = _tree_of(shapes)
    body: list[str] = []
    needs_group = needs_torch = False
    for name, part in tree.items():
        if isinstance(part, tuple):
            needs_torch = True
            body += _parameter(name, part)
            continue
        lines = _module(part)
        needs_group = needs_group or any("group(" in line for line in lines)
        body += _assigned(name, lines)
    text = "".join(f"        {line}\n" for line in body)
    imports = "\nimport torch" if needs_torch else ""
    head = HEAD.format(title=title, factory=factory, imports="")
    head = head.replace("\nfrom torch import", f"{imports}\nfrom torch import", 1)
    if "OrderedDict" not in text:
        head = head.replace("from collections import OrderedDict\n\n", "")
    return head + text + TAIL.format(unwritten=UNWRITTEN) + (GROUP if needs_group else "")


def is_writable(shapes: Shapes) -> bool:
    """Whether the names can be names of Python modules."""
    steps = {step for name in shapes for step in name.split(".")}
    tops = {name.split(".")[0] for name in shapes}
    return (
        len(shapes) <= MOST_TENSORS
        and all(WORD.fullmatch(step) and not keyword.iskeyword(step) for step in steps)
        and not any(top.isdecimal() for top in tops)
    )


def _tree_of(shapes: Shapes) -> _Tree:
    tree = _Tree()
    for name, shape in shapes.items():
        *folders, leaf = name.split(".")
        node: Any = tree
        for step in folders:
            node = node.setdefault(step, _Tree())
            if not isinstance(node, _Tree):
                break
        else:
            node[leaf] = shape
    return tree


def _parameter(name: str, shape: tuple[int, ...]) -> list[str]:
    return [f"self.{name} = nn.Parameter(torch.zeros({_numbers(shape)}))  # DECIDE: or a buffer"]


def _assigned(name: str, lines: list[str]) -> list[str]:
    return [f"self.{name} = {lines[0]}", *lines[1:]]


def _module(tree: Mapping[str, Any]) -> list[str]:
    """The expression for a subtree, in lines; comments stand at their ends."""
    if all(isinstance(part, tuple) for part in tree.values()):
        return [_leaf(tree)]
    inner = {name: part for name, part in tree.items() if isinstance(part, _Tree)}
    if len(inner) == len(tree) and all(name.isdecimal() for name in tree):
        return _sequence(inner)
    lines = ["group("]
    for name, part in inner.items():
        lines += _entry(name, _module(part))
    loose = [name for name, part in tree.items() if isinstance(part, tuple)]
    if loose:
        lines.append(f"    # DECIDE: has also tensors of its own: {', '.join(loose)}")
    return [*lines, ")"]


def _sequence(inner: Mapping[str, Any]) -> list[str]:
    """Numbered modules; what has no weights is missing among them."""
    lines = ["nn.Sequential(", "    OrderedDict(", "        ["]
    last = -1
    for name, part in sorted(inner.items(), key=lambda item: int(item[0])):
        if int(name) > last + 1:
            missing = ", ".join(map(str, range(last + 1, int(name))[:20]))
            lines.append(f"            # DECIDE: {missing} without weights: activation, pooling?")
        lines += [f"        {line}" for line in _entry(name, _module(part))]
        last = int(name)
    return [*lines, "        ]", "    )", ")"]


def _entry(name: str, lines: list[str]) -> list[str]:
    """`("name", <expression>),` in lines, further in."""
    first, _, mark = lines[0].partition("  # ")
    if len(lines) == 1:
        return [f'    ("{name}", {first}),{f"  # {mark}" if mark else ""}']
    middle = [f"    {line}" for line in lines[1:-1]]
    return [f'    ("{name}", {lines[0]}', *middle, f"    {lines[-1]}),"]


def _numbers(shape: tuple[int, ...]) -> str:
    return ", ".join(map(str, shape))


# Modules with weights -------------------------------------------------------------------------


def _leaf(tensors: Mapping[str, tuple[int, ...]]) -> str:
    """The module that has these tensors."""
    weight = tensors.get("weight", ())
    if tensors.keys() >= NORMALISING:
        return _normalisation(tensors)
    named = tensors.keys() - {"weight", "bias"}
    if named or not weight:
        return f"nn.Module()  # DECIDE: holds {json.dumps(sorted(tensors))[:80]}"
    return MAKERS.get(len(weight), _unknown)(weight, "bias" in tensors)


def _normalisation(tensors: Mapping[str, tuple[int, ...]]) -> str:
    width = tensors["running_mean"][0] if tensors["running_mean"] else 1
    plain = "" if "weight" in tensors else ", affine=False"
    return f"nn.BatchNorm2d({width}{plain})  # DECIDE: or BatchNorm1d; eps"


def _one_axis(weight: tuple[int, ...], has_bias: bool) -> str:
    if has_bias:
        return f"nn.LayerNorm({weight[0]})  # DECIDE: or GroupNorm"
    return f"nn.PReLU({weight[0]})  # DECIDE: or a scale"


def _linear(weight: tuple[int, ...], has_bias: bool) -> str:
    out, into = weight
    return f"nn.Linear({into}, {out}{_bias(has_bias)})"


def _convolution(axes: int) -> Callable[[tuple[int, ...], bool], str]:
    def convolution(weight: tuple[int, ...], has_bias: bool) -> str:
        out, into, *kernel = weight
        size = str(kernel[0]) if len(set(kernel)) == 1 else f"({_numbers(tuple(kernel))})"
        padding = [length // 2 for length in kernel]
        same = str(padding[0]) if len(set(padding)) == 1 else f"({_numbers(tuple(padding))})"
        pad = f", padding={same}" if any(padding) else ""
        groups, doubt = "", "stride, padding"
        if into == 1 and out > 1:
            into, groups, doubt = out, f", groups={out}", "groups, stride, padding"
        made = f"nn.Conv{axes}d({into}, {out}, {size}{pad}{groups}{_bias(has_bias)})"
        return f"{made}  # DECIDE: {doubt}"

    return convolution


def _unknown(weight: tuple[int, ...], _has_bias: bool) -> str:
    return f"nn.Module()  # DECIDE: holds a weight of shape {list(weight)}"


def _bias(has_bias: bool) -> str:
    return "" if has_bias else ", bias=False"


MAKERS: Mapping[int, Callable[[tuple[int, ...], bool], str]] = {
    1: _one_axis,
    2: _linear,
    3: _convolution(1),
    4: _convolution(2),
    5: _convolution(3),
}
"""Number of axes of a weight -> what makes its module."""
