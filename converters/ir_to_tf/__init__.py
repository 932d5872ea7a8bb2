"""OpenVINO IR, channels first, to TensorFlow, channels last: with no needless Transpose."""
