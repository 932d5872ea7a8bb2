"""Writes a caffemodel of one convolution, with mo's own Caffe classes: python caffe_file.py FOLDER.

Run with PROTOCOL_BUFFERS_PYTHON_IMPLEMENTATION=python.
"""

import sys
from pathlib import Path

import numpy as np
from openvino.tools.mo.front.caffe.proto import caffe_pb2

folder = Path(sys.argv[1])
filters = np.load(folder / "filters.npy").transpose(3, 2, 0, 1)  # HWIO to OIHW
network = caffe_pb2.NetParameter(name="tiny")
layer = network.layer.add(name="c", type="Convolution")
layer.convolution_param.num_output = 2
layer.convolution_param.bias_term = False
blob = layer.blobs.add()
blob.shape.dim.extend(filters.shape)
blob.data.extend(float(value) for value in filters.ravel())
(folder / "weights" / "net.caffemodel").write_bytes(network.SerializeToString())
