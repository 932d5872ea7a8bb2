"""A TensorRT engine of an ONNX file, or its answers.

To make: {"onnx", "out", "precision"}. To run: {"run": engine, "samples": folder of npz files}.
"""

import json
import sys
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np


def main(request: dict[str, Any]) -> dict[str, Any]:
    """Make or run."""
    noted = {"versions": {"tensorrt": version("tensorrt")}}
    return {**noted, **(ran(request) if request.get("run") else made(request))}


def made(request: dict[str, Any]) -> dict[str, Any]:
    """Parse, build, write; every error of the parser is told."""
    import tensorrt as trt

    logger = trt.Logger(trt.Logger.WARNING)
    builder = trt.Builder(logger)
    network = builder.create_network(0)
    parser = trt.OnnxParser(network, logger)
    if not parser.parse(Path(request["onnx"]).read_bytes()):
        problems = [str(parser.get_error(i)) for i in range(parser.num_errors)]
        raise SystemExit("; ".join(problems))
    config = builder.create_builder_config()
    config.clear_flag(trt.BuilderFlag.TF32)
    if request["precision"] == "fp16":
        config.set_flag(trt.BuilderFlag.FP16)
    engine = builder.build_serialized_network(network, config)
    if engine is None:
        raise SystemExit("TensorRT built no engine")
    Path(request["out"]).write_bytes(bytes(engine))
    return {"layers": network.num_layers}


def ran(request: dict[str, Any]) -> dict[str, Any]:
    """Run the engine for every file of inputs; outputs lie beside it as <n>.out.npz."""
    import tensorrt as trt
    from cuda.bindings import runtime as cuda

    runtime = trt.Runtime(trt.Logger(trt.Logger.WARNING))
    engine = runtime.deserialize_cuda_engine(Path(request["run"]).read_bytes())
    context = engine.create_execution_context()
    names = [engine.get_tensor_name(i) for i in range(engine.num_io_tensors)]
    inputs = [n for n in names if engine.get_tensor_mode(n) == trt.TensorIOMode.INPUT]
    hosts = {n: np.empty(tuple(engine.get_tensor_shape(n)), dtype(trt, engine, n)) for n in names}
    places = {name: checked(cuda.cudaMalloc(host.nbytes)) for name, host in hosts.items()}
    for name, place in places.items():
        context.set_tensor_address(name, int(place))
    stream = checked(cuda.cudaStreamCreate())
    to_device = cuda.cudaMemcpyKind.cudaMemcpyHostToDevice
    to_host = cuda.cudaMemcpyKind.cudaMemcpyDeviceToHost
    for path in sorted(Path(request["samples"]).glob("*.npz")):
        with np.load(path) as given:
            for name in inputs:
                host = np.ascontiguousarray(given[name])
                checked(cuda.cudaMemcpy(places[name], host.ctypes.data, host.nbytes, to_device))
        context.execute_async_v3(int(stream))
        checked(cuda.cudaStreamSynchronize(stream))
        for name in set(names) - set(inputs):
            host = hosts[name]
            checked(cuda.cudaMemcpy(host.ctypes.data, places[name], host.nbytes, to_host))
        np.savez(path.with_suffix(".out.npz"), **{n: hosts[n] for n in set(names) - set(inputs)})
    return {}


def dtype(trt: Any, engine: Any, name: str) -> Any:
    """The type of a tensor, as NumPy has it."""
    return trt.nptype(engine.get_tensor_dtype(name))


def checked(answer: Any) -> Any:
    """The result of a call of CUDA, without its status."""
    status, *rest = answer if isinstance(answer, tuple) else (answer,)
    if int(status):
        raise SystemExit(f"CUDA: {status}")
    return rest[0] if rest else None


if __name__ == "__main__":
    print(json.dumps(main(json.loads(Path(sys.argv[1]).read_text()))))
