"""scikit-learn's MLPClassifier and MLPRegressor, without penalty, tolerance and early stopping."""

import importlib
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from fastdnn.benchmark.frameworks.contender import Setting, UnsupportedError, Weights
from fastdnn.benchmark.networks.network import LEARNING_RATE, Network


def ways(network: Network) -> list[str]:
    """One, for plain networks.

    Raises:
        UnsupportedError: it has other layers.
    """
    if network.batch_norm or network.dropout:
        raise UnsupportedError("scikit-learn has neither batch normalisation nor dropout")
    return [""]


def trainer(setting: Setting, x: np.ndarray, y: np.ndarray, way: str) -> "_Trainer":
    """Trains by `fit` with a warm start."""
    return _Trainer(setting, x, y)


def predictor(setting: Setting, x: np.ndarray, way: str) -> "_Predictor":
    """Predicts by `predict_proba`."""
    return _Predictor(setting, x)


def _estimator(network: Network) -> Any:
    module: Any = importlib.import_module("sklearn.neural_network")
    kind = module.MLPRegressor if network.loss == "squared_error" else module.MLPClassifier
    return kind(
        hidden_layer_sizes=network.sizes[1:-1],
        alpha=0.0,
        batch_size=network.batch,
        learning_rate_init=LEARNING_RATE,
        tol=0.0,
        n_iter_no_change=1_000_000,
        random_state=0,
    )


def _started(network: Network, weights: Weights, x: np.ndarray, y: np.ndarray) -> Any:
    """An estimator with these weights: it makes its own in a first step, which are written over."""
    estimator = _estimator(network)
    classes = {} if network.loss == "squared_error" else {"classes": np.arange(network.sizes[-1])}
    estimator.partial_fit(x[: network.batch], y[: network.batch], **classes)
    del estimator._optimizer  # so that the next step begins with a fresh one
    estimator.coefs_ = [kernel.copy() for kernel, _ in weights]
    estimator.intercepts_ = [bias.copy() for _, bias in weights]
    return estimator.set_params(warm_start=True)


class _Trainer:
    def __init__(self, setting: Setting, x: np.ndarray, y: np.ndarray) -> None:
        self._network, self.threads = setting.network, setting.threads
        self._x, self._y = x, y[:, 0] if y.ndim == 2 and y.shape[1] == 1 else y
        self.reset(setting.weights)

    def reset(self, weights: Weights) -> None:
        self._estimator = _started(self._network, weights, self._x, self._y)

    def losses(self, epochs: int, batches: int) -> list[float]:
        self._fit(epochs, batches * self._network.batch, shuffle=False)
        half = 2 if self._network.loss == "squared_error" else 1  # its loss is half the squared error
        return [half * float(loss) for loss in self._estimator.loss_curve_[-epochs:]]

    def train(self, epochs: int, stop: Callable[[], bool] | None = None) -> None:
        if stop is None:
            self._fit(epochs, len(self._x), shuffle=True)
            return
        for _ in range(epochs):
            self._estimator.partial_fit(self._x, self._y)
            if stop():
                return

    def outputs(self, x: np.ndarray) -> np.ndarray:
        regression = self._network.loss == "squared_error"
        found: np.ndarray = (self._estimator.predict if regression else self._estimator.predict_proba)(x)
        return found

    def _fit(self, epochs: int, rows: int, *, shuffle: bool) -> None:
        self._estimator.set_params(max_iter=epochs, shuffle=shuffle)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # that it has not converged
            self._estimator.fit(self._x[:rows], self._y[:rows])


class _Predictor:
    def __init__(self, setting: Setting, x: np.ndarray) -> None:
        labels = np.arange(len(x)) % setting.network.sizes[-1]
        self._predict, self._x = _started(setting.network, setting.weights, x, labels).predict_proba, x

    def repeat(self, count: int) -> None:
        predict, x = self._predict, self._x
        for _ in range(count):
            predict(x)

    def outputs(self) -> np.ndarray:
        found: np.ndarray = self._predict(self._x)
        return found
