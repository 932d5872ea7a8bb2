"""edgetpu_mapping: which operators of a quantised TFLite file the Edge TPU compiler would map.

For everyone who has no compiler. `predicted` asks of each operator, in turn: does the compiler's
TFLite know its version, does it work on 8-bit numbers, is it in the documented table, does it meet
the table's conditions, does its size fit. Then the graph is cut as TFLite cuts it for a delegate,
and of the parts that qualify only the first is mapped.
"""

from converters.edgetpu_mapping.predict import Prediction, Verdict, predicted

__all__ = ["Prediction", "Verdict", "predicted"]
