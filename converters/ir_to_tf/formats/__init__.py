"""The formats that a converted model can be written in, all made of its one emission.

write(converted, "keras", Path("model.keras"))
"""

from converters.ir_to_tf.formats.table import FORMATS, Format, path_of, write

__all__ = ["FORMATS", "Format", "path_of", "write"]
