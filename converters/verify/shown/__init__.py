"""What a model's answer means on the picture that it was asked about: boxes, points, words, masks.

A recipe's `show` names one of KINDS; the source's answer and each artefact's go through the same.
"""

from converters.verify.shown.found import Found
from converters.verify.shown.kinds import KINDS, found_by

__all__ = ["KINDS", "Found", "found_by"]
"""`KINDS`: name -> how an answer is read; `found_by`: what one answer of a variant holds."""
