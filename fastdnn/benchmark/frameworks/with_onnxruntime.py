"""onnxruntime, on a graph of Gemm, Relu and Softmax that `onnx` makes; it only predicts."""

import importlib
from typing import Any

import numpy as np

from fastdnn.benchmark.frameworks.contender import Setting, UnsupportedError
from fastdnn.benchmark.networks.network import Network

_OPSET, _IR = 18, 8  # what onnxruntimes of several years read; onnx's newest may be ahead of them


def ways(network: Network) -> list[str]:
    """One, for plain networks.

    Raises:
        UnsupportedError: it has other layers.
    """
    if network.batch_norm:
        raise UnsupportedError("this benchmark's graph has no batch normalisation")
    return [""]


def trainer(setting: Setting, x: np.ndarray, y: np.ndarray, way: str) -> Any:
    """None.

    Raises:
        UnsupportedError: always.
    """
    raise UnsupportedError("onnxruntime does not train")


def predictor(setting: Setting, x: np.ndarray, way: str) -> "_Predictor":
    """Predicts by a session."""
    return _Predictor(setting, x)


def _graph(setting: Setting) -> bytes:
    """The network as a file."""
    onnx: Any = importlib.import_module("onnx")
    helper, floats = onnx.helper, onnx.TensorProto.FLOAT
    nodes, constants, value = [], [], "x"
    for index, (kernel, bias) in enumerate(setting.weights):
        names = [f"kernel_{index}", f"bias_{index}"]
        arrays = zip((kernel, bias), names, strict=True)
        constants += [onnx.numpy_helper.from_array(array, name) for array, name in arrays]
        nodes.append(helper.make_node("Gemm", [value, *names], [f"z_{index}"]))
        last = index == len(setting.weights) - 1
        value = "y" if last else f"a_{index}"
        nodes.append(helper.make_node("Softmax" if last else "Relu", [f"z_{index}"], [value]))
    ends = [
        helper.make_tensor_value_info(name, floats, ["rows", width])
        for name, width in (("x", setting.network.sizes[0]), ("y", setting.network.sizes[-1]))
    ]
    graph = helper.make_graph(nodes, "network", ends[:1], ends[1:], constants)
    opset = helper.make_opsetid("", _OPSET)
    model: bytes = helper.make_model(graph, opset_imports=[opset], ir_version=_IR).SerializeToString()
    return model


class _Predictor:
    def __init__(self, setting: Setting, x: np.ndarray) -> None:
        runtime: Any = importlib.import_module("onnxruntime")
        options = runtime.SessionOptions()
        options.intra_op_num_threads = setting.threads
        options.inter_op_num_threads = 1
        self._session = runtime.InferenceSession(_graph(setting), options, providers=["CPUExecutionProvider"])
        self._inputs = {"x": x}

    def repeat(self, count: int) -> None:
        run, inputs = self._session.run, self._inputs
        for _ in range(count):
            run(None, inputs)

    def outputs(self) -> np.ndarray:
        [found] = self._session.run(None, self._inputs)
        return np.asarray(found)
