"""Graph surgery: the named operations of a recipe's `surgery`, applied to an ONNX graph in order.

operation.py   what an operation is given and what it makes; the table of all
finding.py     nodes, tensors and constants by their names
proofs.py      how the numbers of a change are tested in ONNX Runtime
sketch.py      nodes and constants that are added
cutting.py  renaming.py  sizing.py  editing.py  joining.py      changes of what is there
entering.py  answers.py  yolo.py  ssd.py  suppressing.py          additions before and behind it
script.py      the last resort: a Python file of the model's folder, run in the sandbox
"""
