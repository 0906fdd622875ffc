"""fastdnn: whole epochs in one `fit`, with the number of threads that it chooses on the CPUs it has."""

from collections.abc import Callable
from typing import Any

import numpy as np

import fastdnn as fd
from fastdnn.benchmark.frameworks.contender import Setting, Weights
from fastdnn.benchmark.networks.network import LEARNING_RATE, Network


def ways(network: Network) -> list[str]:
    """One."""
    return [""]


def trainer(setting: Setting, x: np.ndarray, y: np.ndarray, way: str) -> "_Trainer":
    """Trains by `fit`."""
    return _Trainer(setting, x, y)


def predictor(setting: Setting, x: np.ndarray, way: str) -> "_Predictor":
    """Predicts by `predict`."""
    return _Predictor(setting, x)


def model(network: Network, weights: Weights, last: str | None = None) -> fd.Sequential:
    """The network with these weights, and an activation after its last layer.

    >>> from fastdnn.benchmark.frameworks.with_fastdnn import model
    >>> from fastdnn.benchmark.networks.catalog import DIGITS
    >>> model(DIGITS, DIGITS.initial_weights()).count_params()
    38410
    """
    layers: list[Any] = [fd.layers.Input((network.sizes[0],))]
    hidden = network.sizes[1:-1]
    for units in hidden:
        plain = not network.batch_norm
        layers.append(fd.layers.Dense(units, activation="relu" if plain else None))
        if network.batch_norm:  # with PyTorch's figures
            normalization = fd.layers.BatchNormalization(momentum=0.9, epsilon=1e-5)
            layers += [normalization, fd.layers.Activation("relu")]
        if network.dropout:
            layers.append(fd.layers.Dropout(network.dropout))
    layers.append(fd.layers.Dense(network.sizes[-1], activation=last))
    made = fd.Sequential(layers, seed=0)
    _set_weights(made, weights)
    return made


def _set_weights(made: fd.Sequential, weights: Weights) -> None:
    dense = [layer for layer in made.layers if isinstance(layer, fd.layers.Dense)]
    for layer, (kernel, bias) in zip(dense, weights, strict=True):
        layer.set_weights([kernel, bias])


class _Trainer:
    def __init__(self, setting: Setting, x: np.ndarray, y: np.ndarray) -> None:
        self._network, self._x, self._y = setting.network, x, y
        self.threads = setting.threads
        self._model = model(self._network, setting.weights)
        self._compile()

    def reset(self, weights: Weights) -> None:
        if self._network.batch_norm:  # its running figures begin again, too
            self._model = model(self._network, weights)
        _set_weights(self._model, weights)
        self._compile()

    def _compile(self) -> None:
        loss: Any = fd.losses.SparseCategoricalCrossentropy(from_logits=True)
        if self._network.loss == "squared_error":
            loss = fd.losses.MeanSquaredError()
        self._model.compile(optimizer=fd.optimizers.Adam(LEARNING_RATE), loss=loss)

    def losses(self, epochs: int, batches: int) -> list[float]:
        return self._fit(epochs, batches, shuffle=False).history["loss"]

    def train(self, epochs: int, stop: Callable[[], bool] | None = None) -> None:
        self._fit(epochs, callbacks=[_Stop(stop)] if stop else None)

    def outputs(self, x: np.ndarray) -> np.ndarray:
        outputs: np.ndarray = self._model.predict(x)
        return outputs

    def _fit(self, epochs: int, batches: int | None = None, **options: Any) -> fd.callbacks.History:
        batch = self._network.batch
        rows = None if batches is None else batches * batch
        history = self._model.fit(self._x[:rows], self._y[:rows], batch, epochs, verbose=0, **options)
        self.threads = history.params["threads"]
        return history


class _Stop(fd.callbacks.Callback):
    def __init__(self, stop: Callable[[], bool]) -> None:
        self._stop = stop

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        self.model.stop_training = self._stop()


class _Predictor:
    def __init__(self, setting: Setting, x: np.ndarray) -> None:
        self._model, self._x = model(setting.network, setting.weights, "softmax"), x

    def repeat(self, count: int) -> None:
        predict, x = self._model.predict, self._x
        for _ in range(count):
            predict(x)

    def outputs(self) -> np.ndarray:
        outputs: np.ndarray = self._model.predict(self._x)
        return outputs
