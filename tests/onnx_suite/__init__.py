"""The ONNX backend test suite as the measure of the converter; see `__main__`."""
