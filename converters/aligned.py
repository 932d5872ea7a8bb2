"""The bytes of a changed TFLite model, the data of each tensor where kernels want it to begin."""

from __future__ import annotations

from typing import Any

ALIGNMENT = 16
"""Of the bytes of a tensor in the file, as the schema asks."""


def packed(model: Any) -> bytes:
    """A `ModelT` as a flatbuffer."""
    import flatbuffers  # type: ignore[import-untyped]
    from ai_edge_litert import schema_py_generated as schema

    class Aligned(schema.BufferT):  # type: ignore[misc]
        """A buffer whose data is aligned, which generated code does not do."""

        def Pack(self, builder: Any) -> Any:  # noqa: N802 - the name that generated code calls
            if self.data is None or not len(self.data):
                return super().Pack(builder)
            data = bytes(self.data)
            builder.StartVector(1, len(data), ALIGNMENT)
            builder.head -= len(data)
            builder.Bytes[builder.head : builder.head + len(data)] = data
            placed = builder.EndVector()
            schema.BufferStart(builder)
            schema.BufferAddData(builder, placed)
            return schema.BufferEnd(builder)

    for buffer in model.buffers:
        buffer.__class__ = Aligned
    builder = flatbuffers.Builder(1024)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())
