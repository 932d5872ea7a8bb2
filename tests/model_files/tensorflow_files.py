"""Writes one small network in every form that TensorFlow has: python tensorflow_files.py FOLDER."""

import json
import sys
from pathlib import Path

import h5py
import keras
import numpy as np
import tensorflow as tf

folder = Path(sys.argv[1])
filters = np.load(folder / "filters.npy")


def scores(image: tf.Tensor) -> tf.Tensor:
    return tf.sigmoid(tf.nn.conv2d(image, filters, 1, "SAME"), name="scores")


(folder / "frozen").mkdir()
with tf.Graph().as_default() as graph:
    scores(tf.compat.v1.placeholder(tf.float32, name="image"))
(folder / "frozen" / "net.pb").write_bytes(graph.as_graph_def().SerializeToString())


class Net(tf.Module):
    def __init__(self) -> None:
        super().__init__()
        self.filters = tf.Variable(filters)

    @tf.function(input_signature=[tf.TensorSpec([None, 8, 8, 3], tf.float32, name="image")])
    def once(self, image):
        return {"probabilities": tf.sigmoid(tf.nn.conv2d(image, self.filters, 1, "SAME"))}

    @tf.function(input_signature=[tf.TensorSpec([None, None, None, 3], tf.float32, name="image")])
    def doubled(self, image):
        return {"twice": 2 * tf.sigmoid(tf.nn.conv2d(image, self.filters, 1, "SAME"))}


net = Net()
signatures = {"serving_default": net.once, "doubled": net.doubled}
tf.saved_model.save(net, str(folder / "saved" / "net"), signatures=signatures)
tf.saved_model.save(net, str(folder / "only"), signatures={"doubled": net.doubled})

image = keras.Input((8, 8, 3), name="image")
inner = keras.layers.Conv2D(2, 3, padding="same", use_bias=False, name="inner")(image)
model = keras.Model(image, keras.layers.Activation("sigmoid", name="ends")(inner))
model.get_layer("inner").set_weights([filters])
(folder / "keras").mkdir()
model.save(folder / "keras" / "net.keras")
model.save(folder / "keras" / "net.h5")

# as Keras 2 wrote it: a Sequential with a depthwise convolution that says it has one group
old = keras.Sequential(
    [keras.Input((8, 8, 3), name="image"), keras.layers.DepthwiseConv2D(3, name="ends")]
)
(folder / "keras2").mkdir()
old.save(folder / "keras2" / "net.h5")
with h5py.File(folder / "keras2" / "net.h5", "r+") as file:
    config = json.loads(file.attrs["model_config"])
    config["config"]["layers"][1]["config"]["groups"] = 1
    file.attrs["model_config"] = json.dumps(config)

(folder / "lite").mkdir()
converter = tf.lite.TFLiteConverter.from_concrete_functions(
    [net.once.get_concrete_function(tf.TensorSpec([1, 8, 8, 3], tf.float32, name="image"))], net
)
(folder / "lite" / "net.tflite").write_bytes(converter.convert())
interpreter = tf.lite.Interpreter(str(folder / "lite" / "net.tflite"))
names = {
    "input": interpreter.get_input_details()[0]["name"],
    "output": interpreter.get_output_details()[0]["name"],
}
(folder / "lite.json").write_text(json.dumps(names))
