"""PyTorch, eager or compiled: tensors made before, fused Adam, the gather in the step; no loss is read."""

import importlib
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from fastdnn.benchmark.frameworks.contender import Setting, Weights
from fastdnn.benchmark.networks.network import LEARNING_RATE, Network


def ways(network: Network) -> list[str]:
    """Both are tried."""
    return ["eager", "compiled"]


def trainer(setting: Setting, x: np.ndarray, y: np.ndarray, way: str) -> "_Trainer":
    """Trains by the usual loop."""
    return _Trainer(_torch(setting), setting, x, y, way)


def predictor(setting: Setting, x: np.ndarray, way: str) -> "_Predictor":
    """Predicts in inference mode, from a tensor to a tensor."""
    return _Predictor(_torch(setting), setting, x, way)


def _torch(setting: Setting) -> Any:
    torch: Any = importlib.import_module("torch")
    torch.set_num_threads(setting.threads)
    torch.manual_seed(0)
    return torch


def _compiled(torch: Any, function: Any, way: str) -> Any:
    if way == "eager":
        return function
    # Else functions of one text count as the same one, which after a few is not compiled any more.
    importlib.import_module("torch._dynamo").reset()
    return torch.compile(function, dynamic=False)


def _network(torch: Any, network: Network) -> Any:
    nn, layers = torch.nn, []
    for k, m in zip(network.sizes[:-2], network.sizes[1:-1], strict=True):
        layers.append(nn.Linear(k, m))
        layers += [nn.BatchNorm1d(m)] if network.batch_norm else []
        layers.append(nn.ReLU())
        layers += [nn.Dropout(network.dropout)] if network.dropout else []
    return nn.Sequential(*layers, nn.Linear(*network.sizes[-2:]))


def _set_weights(torch: Any, net: Any, weights: Weights) -> None:
    linear = [layer for layer in net if isinstance(layer, torch.nn.Linear)]
    with torch.no_grad():
        for layer in net:
            if isinstance(layer, torch.nn.BatchNorm1d):
                layer.reset_parameters()
        for layer, (kernel, bias) in zip(linear, weights, strict=True):
            layer.weight.copy_(torch.from_numpy(kernel.T.copy()))
            layer.bias.copy_(torch.from_numpy(bias))


class _Trainer:
    def __init__(self, torch: Any, setting: Setting, x: np.ndarray, y: np.ndarray, way: str) -> None:
        self._torch, self._batch, self.threads = torch, setting.network.batch, setting.threads
        self._x, self._y = torch.from_numpy(x), torch.from_numpy(y)
        self._net = _network(torch, setting.network)
        net, functional = self._net, torch.nn.functional
        loss = functional.mse_loss if y.dtype == np.float32 else functional.cross_entropy

        def batch_loss(x: Any, y: Any, rows: Any) -> Any:
            return loss(net(x.index_select(0, rows)), y.index_select(0, rows))

        self._batch_loss = _compiled(torch, batch_loss, way)
        self.reset(setting.weights)

    def reset(self, weights: Weights) -> None:
        _set_weights(self._torch, self._net, weights)
        self._net.train()
        self._optimizer = self._torch.optim.Adam(self._net.parameters(), lr=LEARNING_RATE, fused=True)

    def losses(self, epochs: int, batches: int) -> list[float]:
        order = self._torch.arange(batches * self._batch)
        return [float(np.mean([loss.item() for loss in self._epoch(order)])) for _ in range(epochs)]

    def train(self, epochs: int, stop: Callable[[], bool] | None = None) -> None:
        for _ in range(epochs):
            for _ in self._epoch(self._torch.randperm(len(self._x))):
                pass
            if stop and stop():
                return

    def outputs(self, x: np.ndarray) -> np.ndarray:
        self._net.eval()
        with self._torch.inference_mode():
            found: np.ndarray = self._net(self._torch.from_numpy(x)).numpy()
        self._net.train()
        return found

    def _epoch(self, order: Any) -> Iterator[Any]:
        for rows in order.split(self._batch):
            self._optimizer.zero_grad(set_to_none=True)
            loss = self._batch_loss(self._x, self._y, rows)
            loss.backward()
            self._optimizer.step()
            yield loss


class _Predictor:
    def __init__(self, torch: Any, setting: Setting, x: np.ndarray, way: str) -> None:
        self._torch, self._x = torch, torch.from_numpy(x)
        net = _network(torch, setting.network)
        _set_weights(torch, net, setting.weights)
        net.append(torch.nn.Softmax(dim=1)).eval()
        self._net = _compiled(torch, net, way)

    def repeat(self, count: int) -> None:
        net, x = self._net, self._x
        with self._torch.inference_mode():
            for _ in range(count):
                net(x)

    def outputs(self) -> np.ndarray:
        with self._torch.inference_mode():
            found: np.ndarray = self._net(self._x).numpy()
        return found
