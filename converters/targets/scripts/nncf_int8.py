"""OpenVINO IR in int8, by NNCF: {"xml", "samples": folder of npz files, "out": xml}."""

import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np


def main(request: dict[str, Any]) -> dict[str, Any]:
    """Quantise; all samples are used, in their order."""
    import nncf
    import openvino
    from nncf.quantization import range_estimator

    files = sorted(Path(request["samples"]).glob("*.npz"), key=lambda path: int(path.stem))

    def read(path: Path) -> dict[str, Any]:
        with np.load(path) as kept:
            return {name: kept[name] for name in kept.files}

    model = openvino.Core().read_model(request["xml"])
    data = nncf.Dataset(files, read)
    # true minima and maxima: its own are means over the samples, which cuts the loudest ones off
    ranges = range_estimator.RangeEstimatorParametersSet.MINMAX
    advanced = nncf.AdvancedQuantizationParameters(activations_range_estimator_params=ranges)
    quantised = nncf.quantize(
        model,
        data,
        subset_size=len(files),
        preset=nncf.QuantizationPreset.MIXED,
        advanced_parameters=advanced,
    )
    openvino.save_model(quantised, request["out"], compress_to_fp16=False)
    return {"versions": {"nncf": version("nncf"), "openvino": version("openvino")}}


if __name__ == "__main__":
    print(json.dumps(main(json.loads(Path(sys.argv[1]).read_text()))))
