"""A TFLite file as a C header: an aligned array, its length, and the arena that it needs.

The arena is measured by TensorFlow Lite for Microcontrollers' own interpreter.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from converters.errors import ZooError
from converters.flatbuffer import operators
from converters.targets.apart import run_script
from converters.targets.order import Order
from converters.targets.scripts import micro_arena
from converters.targets.table import C_ARRAY_OF

ALIGNMENT = 16
"""Of the array, in bytes: kernels read tensors where they lie."""

IN_A_LINE = 12
"""As xxd writes them."""

HEADER = """\
/* {subject}, {kind}.tflite: {length} bytes.
   Arena: {arena}. */
#ifndef {guard}
#define {guard}

#ifdef __cplusplus
#define {macro}_ALIGNED alignas({alignment})
#else
#define {macro}_ALIGNED _Alignas({alignment})
#endif

#define {macro}_ALIGNMENT {alignment}
{define}
static const {macro}_ALIGNED unsigned char {name}[] = {{
"""
FOOTER = """\
}};
static const unsigned int {name}_len = {length};

#endif /* {guard} */
"""
BYTE = re.compile(r"\b0x([0-9a-f]{2})\b")  # the name may hold 320x320
LENGTH = re.compile(r"_len = (\d+);")


def header(order: Order) -> dict[str, Any]:
    """Write the header, and measure the arena."""
    kind = str(order.options.get("c_array_of", C_ARRAY_OF))
    content = order.origin.read_bytes()
    found = run_script("micro", micro_arena, {"tflite": order.origin.resolve()})
    subject = f"{order.model_folder.name}/{order.variant.name}"
    order.file.write_text(text_of(content, subject, kind, found.get("arena")), encoding="ascii")
    order.write_interface(order.interface)
    return {
        **found,
        "of": kind,
        "length": len(content),
        "alignment": ALIGNMENT,
        "operators": dict(sorted(operators(order.origin).items())),
    }


def text_of(content: bytes, subject: str, kind: str, arena: int | None) -> str:
    """The header of a file's bytes; `arena` in bytes, None where it cannot be said."""
    name = re.sub(r"\W", "_", f"model_{subject}_{kind}".replace("/", "_"))
    words = {
        "subject": subject,
        "kind": kind,
        "name": name,
        "macro": name.upper(),
        "guard": f"{name.upper()}_H",
        "length": len(content),
        "alignment": ALIGNMENT,
        "arena": f"{arena} bytes, measured by tflite-micro" if arena else "not known",
        "define": f"#define {name.upper()}_ARENA_SIZE {arena}\n" if arena else "",
    }
    body = "".join(f"  {line}\n" for line in _lines(content))
    return HEADER.format(**words) + body + FOOTER.format(**words)


def _lines(content: bytes) -> Iterator[str]:
    for start in range(0, len(content), IN_A_LINE):
        line = ", ".join(f"0x{byte:02x}" for byte in content[start : start + IN_A_LINE])
        yield line + ("," if start + IN_A_LINE < len(content) else "")


def content_of(path: Path) -> bytes:
    """The bytes that a header holds; an error if it says another length."""
    text = path.read_text(encoding="ascii")
    content = bytes.fromhex("".join(BYTE.findall(text)))
    stated = LENGTH.search(text)
    if stated is None or int(stated[1]) != len(content):
        raise ZooError(
            f"holds {len(content)} bytes, and says otherwise",
            subject=str(path),
            remedy="build it again",
        )
    return content
