"""Where samples come from: the data sets that a recipe names, preprocessed as its inputs say.

Calibration, verification and evaluation all draw through `samples`; there is no second way.
"""

from converters.datasets.samples import Sample, samples

__all__ = ["Sample", "samples"]
