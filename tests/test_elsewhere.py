"""Sources of frameworks that live in environments of their own: scikit-learn, PaddlePaddle."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest
from test_targets import wants
from variants import variant

from converters import keys
from converters.environments.making import ready
from converters.errors import ZooError
from converters.export import elsewhere
from converters.jobs import Job, upstream
from converters.recipes.recipe import Input, Output
from converters.recipes.slices import ELSEWHERE
from converters.targets.scripts import paddle_onnx, sklearn_onnx

PERCEPTRON = """
import sys
from sklearn.datasets import load_digits
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import FunctionTransformer, StandardScaler
from skops import io
x, y = load_digits(return_X_y=True)
net = MLPClassifier((8,), max_iter=5, random_state=0)
io.dump(make_pipeline(StandardScaler(), net).fit(x, y), sys.argv[1] + "/net.skops")
io.dump(FunctionTransformer(__import__("os").getcwd), sys.argv[1] + "/bad.skops")
"""

NETWORK = """
import sys
import paddle
paddle.seed(0)
class Net(paddle.nn.Layer):
    def __init__(self):
        super().__init__()
        self.body = paddle.nn.Conv2D(3, 4, 3, padding=1)
    def forward(self, x):
        return paddle.nn.functional.sigmoid(self.body(x))
net = Net()
net.eval()
spec = [paddle.static.InputSpec([1, 3, 8, 8], "float32", "x")]
paddle.jit.save(net, sys.argv[1] + "/net", input_spec=spec)
"""


def made(environment: str, program: str, folder: Path) -> None:
    command = [ready(environment).python, "-W", "ignore", "-c", program, folder]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def run(model: bytes, given: dict[str, np.ndarray], name: str) -> np.ndarray:
    import onnxruntime

    session = onnxruntime.InferenceSession(model)
    return session.run([name], given)[0]


def test_such_sources_pass_through_onnx():
    assert set(elsewhere.SCRIPTS) == set(ELSEWHERE)
    chosen = variant({"framework": "sklearn", "model": "net"}, [Input("x", (1, 4))], export={})
    mo = upstream(Job("mo", "a", "b"), chosen)
    assert [job.stage for job in mo] == ["simplify"]
    parts = keys.key_parts(chosen, Path("models/digits"), "export")
    assert "environment sklearn" in parts["packages"]


def test_a_pickle_is_refused_before_anything_is_loaded(tmp_path):
    (tmp_path / "net.pkl").write_bytes(b"cos\nsystem\n(S'false'\ntR.")
    with pytest.raises(SystemExit, match="pickles and joblib files are not read"):
        sklearn_onnx.file_in(tmp_path / "net.pkl")


def test_a_graph_has_its_weights_beside_it(tmp_path):
    (tmp_path / "net.json").write_text("{}")
    with pytest.raises(SystemExit, match="has 0 graphs"):
        paddle_onnx.files_in(tmp_path)
    (tmp_path / "net.pdiparams").write_bytes(b"")
    assert paddle_onnx.files_in(tmp_path)[0].name == "net.json"


@pytest.mark.slow
def test_a_perceptron_of_scikit_learn(tmp_path):
    wants("sklearn")
    made("sklearn", PERCEPTRON, tmp_path)
    load = {"framework": "sklearn", "model": "net.skops"}
    chosen = variant(load, [Input("x", (1, 64))], [Output("probabilities")])
    model = elsewhere.exported(chosen, tmp_path)
    given = {"x": np.random.default_rng(0).integers(0, 17, (1, 64)).astype(np.float32)}
    own = elsewhere.opened(chosen, tmp_path)(given)["probabilities"]
    found = run(model.SerializeToString(), given, "probabilities")
    assert own.shape == (1, 10) and np.abs(found - own).max() < 1e-5
    bad = variant({"framework": "sklearn", "model": "bad.skops"}, [Input("x", (1, 64))])
    with pytest.raises(ZooError, match="types that are not trusted"):
        elsewhere.exported(bad, tmp_path)


@pytest.mark.slow
def test_a_network_of_paddle(tmp_path):
    wants("paddle")
    made("paddle", NETWORK, tmp_path)
    load = {"framework": "paddle", "model": "net.json"}
    chosen = variant(load, [Input("x", (1, 3, 8, 8), "NCHW")])
    model = elsewhere.exported(chosen, tmp_path)
    given = {"x": np.random.default_rng(0).random((1, 3, 8, 8), np.float32)}
    (own,) = elsewhere.opened(chosen, tmp_path)(given).values()
    found = run(model.SerializeToString(), given, model.graph.output[0].name)
    assert own.shape == (1, 4, 8, 8) and np.abs(found - own).max() < 1e-5
