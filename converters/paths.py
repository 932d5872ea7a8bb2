"""Paths: which job makes a file below results/ or sources/."""

from __future__ import annotations

import re

from converters import jobs
from converters.errors import ZooError
from converters.jobs import Job
from converters.stage import ALL_VARIANTS
from converters.targets.table import TARGETS as ALL_TARGETS

FORMATS = "|".join(jobs.FORMATS)
TARGETS = "|".join(ALL_TARGETS)

FOLDER = r"results/(?P<model>[^/]+)/(?P<variant>[^/]+)"

PLACES: tuple[tuple[str, str], ...] = (
    (r"sources/(?P<model>[^/]+)/(?P<what>[^/]+)(/.*)?", "download"),
    (r"results/(?P<model>[^/]+)/sources/(?P<what>[^/]+)\.json", "download"),
    (rf"{FOLDER}/(source\.onnx|facts/export\.json)", "export"),
    (rf"{FOLDER}/(simplified\.onnx|facts/simplify\.json)", "simplify"),
    (rf"{FOLDER}/(ir(/.*)?|facts/mo\.json)", "mo"),
    (rf"{FOLDER}/(saved_model(/.*)?|interface\.json|facts/tf\.json)", "tf"),
    (rf"{FOLDER}/(full_int8_edgetpu\.tflite|facts/edgetpu\.json)", "edgetpu"),
    (rf"{FOLDER}/(reference\.npz|facts/reference\.json)", "reference"),
    (rf"{FOLDER}/(?P<what>{FORMATS})(/.*)?", "formats"),
    (rf"{FOLDER}/facts/(?P<what>{FORMATS})\.json", "formats"),
    (rf"{FOLDER}/targets/report\.json", "target_report"),
    (rf"{FOLDER}/(?P<what>{TARGETS})(/.*)?", "target"),
    (rf"{FOLDER}/facts/(?P<what>{TARGETS})\.json", "target"),
    (rf"{FOLDER}/(?P<what>\w+)\.tflite", "quantize"),
    (rf"{FOLDER}/verify/(?P<what>\w+)\.(json|npz)", "verify"),
    (rf"{FOLDER}/facts/lint\.json", "lint"),
    (rf"{FOLDER}/layers/(?P<what>\w+)\.(json|png)", "layers"),
    (rf"{FOLDER}/pictures(/.*)?", "pictures"),
    (rf"{FOLDER}/report\.json", "report"),
    (rf"{FOLDER}/facts/(?P<what>\w+)\.json", "quantize"),
    (rf"{FOLDER}(/package(/.*)?)?", "package"),
)
"""Patterns of paths, and the stage that makes them; the first that fits counts."""


def job_at(path: str) -> Job:
    """The job that makes a file; ZooError if no rule does."""
    for pattern, stage in PLACES:
        found = re.fullmatch(pattern, path.strip("/"))
        if found:
            named = found.groupdict()
            variant = named.get("variant") or ALL_VARIANTS
            return Job(stage, named["model"], variant, named.get("what") or "")
    raise ZooError(
        "no stage makes it",
        subject=path,
        remedy="name a file below results/, such as results/<model>/<variant>/float32.tflite, "
        "or a model",
    )
