"""TensorFlow's converter at work, and what it could not do in words: the operators it names."""

from __future__ import annotations

import re
from typing import Any

from converters.errors import ZooError


def made_by(converter: Any) -> bytes:
    """The flatbuffer of a `tf.lite.TFLiteConverter`; ZooError where it gives up."""
    try:
        return bytes(converter.convert())
    except ZooError:
        raise
    except Exception as error:
        raise explained(error) from error


def explained(error: Exception) -> ZooError:
    """What the converter could not do, with the operators that it names."""
    text = str(error)
    listed = re.findall(r"(?:Select|Custom) ops: ([^\n]+)", text)
    refused = re.findall(r"not yet supported for op:? '?(\w+)", text)
    names = sorted({name.strip() for line in listed for name in line.split(",")} | set(refused))
    if listed:
        return _said(
            f"these operators are not among TFLite's builtin ones: {', '.join(names)}",
            "have the converter write them in simpler operators: Flex is not used, "
            "for most runtimes lack it",
        )
    if refused:
        return _said(
            f"these operators have no int8 form: {', '.join(names)}",
            "use kind int8, which leaves them in float",
        )
    return _said(
        " ".join(text.split())[:1000] or type(error).__name__,
        "read the log above; the SavedModel may hold what TFLite cannot express",
    )


def _said(cause: str, remedy: str) -> ZooError:
    return ZooError(cause, subject="TFLiteConverter", remedy=remedy)
