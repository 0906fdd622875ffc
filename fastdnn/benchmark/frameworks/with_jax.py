"""JAX: a compiled `lax.scan` over the epoch, with gather and Adam in it and its state donated."""

import importlib
import math
from collections.abc import Callable
from typing import Any

import numpy as np

from fastdnn.benchmark.frameworks.contender import Setting, Weights
from fastdnn.benchmark.networks.network import LEARNING_RATE, Network

_BETA_1, _BETA_2, _EPSILON = 0.9, 0.999, 1e-8
_VARIANCE_EPSILON, _MOMENTUM = 1e-5, 0.9  # of batch normalisation, as PyTorch's


def ways(network: Network) -> list[str]:
    """One."""
    return [""]


def trainer(setting: Setting, x: np.ndarray, y: np.ndarray, way: str) -> "_Trainer":
    """Trains an epoch a call."""
    return _Trainer(importlib.import_module("jax"), setting, x, y)


def predictor(setting: Setting, x: np.ndarray, way: str) -> "_Predictor":
    """Predicts from a device's array to another, and waits for it."""
    return _Predictor(importlib.import_module("jax"), setting, x)


def _layers(jax: Any, network: Network, weights: Weights) -> list[dict[str, Any]]:
    """Weights as JAX has them, with scale and shift where there is batch normalisation."""
    layers = [{"kernel": jax.numpy.array(w), "bias": jax.numpy.array(b)} for w, b in weights]
    if network.batch_norm:
        for layer in layers[:-1]:
            layer |= {
                "gamma": jax.numpy.ones_like(layer["bias"]),
                "beta": jax.numpy.zeros_like(layer["bias"]),
            }
    return layers


def _running(jax: Any, network: Network) -> list[tuple[Any, Any]]:
    """Running means and variances of the hidden layers."""
    hidden = network.sizes[1:-1] if network.batch_norm else ()
    return [(jax.numpy.zeros(m), jax.numpy.ones(m)) for m in hidden]


def _forward(
    jax: Any, network: Network, layers: Any, running: Any, x: Any, key: Any = None
) -> tuple[Any, list[Any]]:
    """Outputs and the new running figures; with a key as in training."""
    moved = []
    for index, layer in enumerate(layers[:-1]):
        x = x @ layer["kernel"] + layer["bias"]
        if network.batch_norm:
            mean, variance = (x.mean(0), x.var(0)) if key is not None else running[index]
            x = (x - mean) * jax.lax.rsqrt(variance + _VARIANCE_EPSILON) * layer["gamma"] + layer["beta"]
            old_mean, old_variance = running[index]
            unbiased = variance * (network.batch / (network.batch - 1))
            moved.append(
                (
                    _MOMENTUM * old_mean + (1 - _MOMENTUM) * mean,
                    _MOMENTUM * old_variance + (1 - _MOMENTUM) * unbiased,
                )
            )
        x = jax.nn.relu(x)
        if network.dropout and key is not None:
            kept = 1 - network.dropout
            mask = jax.random.bernoulli(jax.random.fold_in(key, index), kept, x.shape)
            x = jax.numpy.where(mask, x / kept, 0)
    return x @ layers[-1]["kernel"] + layers[-1]["bias"], moved


def _loss(jax: Any, outputs: Any, y: Any) -> Any:
    if y.ndim == 2:
        return ((outputs - y) ** 2).mean()
    return -jax.numpy.take_along_axis(jax.nn.log_softmax(outputs), y[:, None], axis=1).mean()


def _epoch(jax: Any, network: Network) -> Any:
    """epoch(state, x, y, order): the new state and the losses of the batches."""
    tree, numpy = jax.tree_util.tree_map, jax.numpy

    def adam(t: Any, theta: Any, gradient: Any, m: Any, v: Any) -> tuple[Any, Any, Any]:
        m = tree(lambda m, g: _BETA_1 * m + (1 - _BETA_1) * g, m, gradient)
        v = tree(lambda v, g: _BETA_2 * v + (1 - _BETA_2) * g * g, v, gradient)
        first, second = (-numpy.expm1(t * math.log(beta)) for beta in (_BETA_1, _BETA_2))  # 1 - beta^t
        rate, root = LEARNING_RATE / first, 1 / numpy.sqrt(second)
        theta = tree(lambda w, m, v: w - rate * m / (numpy.sqrt(v) * root + _EPSILON), theta, m, v)
        return theta, m, v

    def epoch(state: Any, x: Any, y: Any, order: Any) -> Any:
        def step(state: Any, rows: Any) -> Any:
            theta, running, m, v, t, key = state
            key, drawn = jax.random.split(key) if network.dropout else (key, key)
            batch, target = (a.at[rows].get(mode="promise_in_bounds") for a in (x, y))

            def loss_of(theta: Any) -> Any:
                outputs, moved = _forward(jax, network, theta, running, batch, drawn)
                return _loss(jax, outputs, target), moved

            (loss, moved), gradient = jax.value_and_grad(loss_of, has_aux=True)(theta)
            theta, m, v = adam(t + 1, theta, gradient, m, v)
            return (theta, moved, m, v, t + 1, key), loss

        return jax.lax.scan(step, state, order)

    return jax.jit(epoch, donate_argnums=0)


class _Trainer:
    def __init__(self, jax: Any, setting: Setting, x: np.ndarray, y: np.ndarray) -> None:
        self._jax, self._network, self.threads = jax, setting.network, setting.threads
        self._x = jax.numpy.array(x)
        self._y = jax.numpy.array(y if y.dtype == np.float32 else y.astype(np.int32))
        self._rng = np.random.default_rng(0)
        self._epoch = _epoch(jax, setting.network)
        self.reset(setting.weights)

    def reset(self, weights: Weights) -> None:
        zeros = self._jax.numpy.zeros_like
        theta = _layers(self._jax, self._network, weights)
        m, v = (self._jax.tree_util.tree_map(zeros, theta) for _ in range(2))
        running = _running(self._jax, self._network)
        t, key = self._jax.numpy.zeros((), "int32"), self._jax.random.key(0)
        self._state = (theta, running, m, v, t, key)

    def losses(self, epochs: int, batches: int) -> list[float]:
        order = np.arange(batches * self._network.batch, dtype=np.int32)
        return [float(self._one(order).mean()) for _ in range(epochs)]

    def train(self, epochs: int, stop: Callable[[], bool] | None = None) -> None:
        for _ in range(epochs):
            losses = self._one(self._rng.permutation(len(self._x)).astype(np.int32))
            if stop:
                self._jax.block_until_ready((self._state, losses))
                if stop():
                    return
        self._jax.block_until_ready(self._state)

    def outputs(self, x: np.ndarray) -> np.ndarray:
        theta, running, *_ = self._state
        return np.asarray(_forward(self._jax, self._network, theta, running, x)[0])

    def _one(self, order: np.ndarray) -> Any:
        """An epoch in this order; a last, smaller batch is left out, since scans are of one shape."""
        whole = len(order) // self._network.batch * self._network.batch
        batches = order[:whole].reshape(-1, self._network.batch)
        self._state, losses = self._epoch(self._state, self._x, self._y, batches)
        return losses


class _Predictor:
    def __init__(self, jax: Any, setting: Setting, x: np.ndarray) -> None:
        network = setting.network
        layers, running = _layers(jax, network, setting.weights), _running(jax, network)
        self._run = jax.jit(lambda x: jax.nn.softmax(_forward(jax, network, layers, running, x)[0]))
        self._x = jax.numpy.array(x)

    def repeat(self, count: int) -> None:
        run, x = self._run, self._x
        for _ in range(count):
            run(x).block_until_ready()

    def outputs(self) -> np.ndarray:
        return np.asarray(self._run(self._x))
