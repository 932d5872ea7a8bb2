"""Everything the zoo runs: one module or package per stage, each also a command."""

import sys

# OpenVINO reports every import of itself, unless the package that does so cannot be found
sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
