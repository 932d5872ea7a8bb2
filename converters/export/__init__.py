"""export: the source model as one ONNX file with static shapes and the zoo's output names."""
