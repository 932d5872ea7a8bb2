"""Further targets: what is one step from the SavedModel, the IR, the ONNX or a TFLite file.

table.py lists them; each maker writes a folder. What runs in an environment of its own stands in
scripts/, and imports nothing of ours.
"""
