"""Every loss of the package: an output that fits it, targets, and its formula in plain NumPy."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np

import fastdnn as fd

K = 3  # outputs


def _reals(rng, rows):
    return rng.normal(size=(rows, K))


def _yes_or_no(rng, rows):
    return rng.integers(2, size=(rows, K))


def _chances(rng, rows):
    return rng.choice([0.0, 0.25, 1.0], size=(rows, K))


def _signs(rng, rows):
    return 2 * rng.integers(2, size=(rows, K)) - 1


def _labels(rng, rows):
    return rng.integers(K, size=rows)


def _one_hot(rng, rows):
    return np.eye(K)[_labels(rng, rows)]


def _shares(rng, rows):
    y = rng.random((rows, K)) + 0.05
    return y / y.sum(axis=1, keepdims=True)


def _sigmoid(z):
    return 1 / (1 + np.exp(-z))


def _softmax(z):
    return np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)


def _hot(labels):
    return np.eye(K)[labels]


def _entropy(t, p):
    return -(t * np.log(p)).sum(axis=1)


def _binary(t, p):
    return -(t * np.log(p) + (1 - t) * np.log(1 - p)).mean(axis=1)


def _huber(d, delta):
    return np.where(abs(d) <= delta, d**2 / 2, delta * (abs(d) - delta / 2))


@dataclass
class Case:
    """A loss: its class and arguments, the last activation, targets, and l (examples,) of y and ŷ."""

    kind: str
    formula: Any
    targets: Any = _reals
    activation: str | None = None
    arguments: dict = field(default_factory=dict)

    def make(self, **more):
        return getattr(fd.losses, self.kind)(**self.arguments, **more)

    @property
    def operation(self):
        """What the engine is to call it where the last activation is the case's."""
        seen_through = "sigmoid" if self.kind == "BinaryCrossentropy" else "softmax"
        of_logits = self.activation == seen_through or self.arguments.get("from_logits", False)
        return self.make().operation(of_logits)[0]

    def data(self, rows, seed=0):
        """x (rows, 5) and y."""
        rng = np.random.default_rng(seed)
        return rng.normal(size=(rows, 5)), self.targets(rng, rows)

    def model(self, *, backend="native", dtype="float64", optimizer=None, metrics=None, loss=None, **more):
        layers = [fd.layers.Input((5,)), fd.layers.Dense(4, activation="tanh", name="inner")]
        layers.append(fd.layers.Dense(K, activation=self.activation, name="last"))
        model = fd.Sequential(layers, seed=3, dtype=dtype)
        chosen = self.make() if loss is None else loss
        model.compile(optimizer or fd.optimizers.SGD(0.1), chosen, metrics=metrics, backend=backend, **more)
        return model


LOGITS = {"from_logits": True}
CASES = {
    "squared": Case("MeanSquaredError", lambda y, p: ((p - y) ** 2).mean(axis=1)),
    "half the squared sum": Case(
        "MeanSquaredError",
        lambda y, p: ((p - y) ** 2).sum(axis=1) / 2,
        arguments={"half": True, "outputs": "sum"},
    ),
    "absolute": Case("MeanAbsoluteError", lambda y, p: abs(p - y).mean(axis=1)),
    "absolute sum": Case(
        "MeanAbsoluteError", lambda y, p: abs(p - y).sum(axis=1), arguments={"outputs": "sum"}
    ),
    "huber": Case("Huber", lambda y, p: _huber(p - y, 1.0).mean(axis=1)),
    "huber 0.3": Case("Huber", lambda y, p: _huber(p - y, 0.3).mean(axis=1), arguments={"delta": 0.3}),
    "log cosh": Case("LogCosh", lambda y, p: np.log(np.cosh(p - y)).mean(axis=1)),
    "binary": Case("BinaryCrossentropy", _binary, _yes_or_no, "sigmoid"),
    "binary logits": Case(
        "BinaryCrossentropy", lambda t, z: _binary(t, _sigmoid(z)), _chances, arguments=LOGITS
    ),
    "binary of another make": Case("BinaryCrossentropy", _binary, _yes_or_no, "logistic_normalize"),
    "binary smoothed": Case(
        "BinaryCrossentropy",
        lambda t, p: _binary(0.8 * t + 0.1, p),
        _yes_or_no,
        "sigmoid",
        {"label_smoothing": 0.2},
    ),
    "sparse": Case("SparseCategoricalCrossentropy", lambda y, p: _entropy(_hot(y), p), _labels, "softmax"),
    "sparse logits": Case(
        "SparseCategoricalCrossentropy",
        lambda y, z: _entropy(_hot(y), _softmax(z)),
        _labels,
        arguments=LOGITS,
    ),
    "sparse of another make": Case(
        "SparseCategoricalCrossentropy", lambda y, p: _entropy(_hot(y), p), _labels, "logistic_normalize"
    ),
    "sparse smoothed": Case(
        "SparseCategoricalCrossentropy",
        lambda y, z: _entropy(0.9 * _hot(y) + 0.1 / K, _softmax(z)),
        _labels,
        arguments=LOGITS | {"label_smoothing": 0.1},
    ),
    "categorical": Case("CategoricalCrossentropy", _entropy, _one_hot, "softmax"),
    "categorical logits": Case(
        "CategoricalCrossentropy", lambda t, z: _entropy(t, _softmax(z)), _shares, arguments=LOGITS
    ),
    "categorical of another make": Case("CategoricalCrossentropy", _entropy, _shares, "logistic_normalize"),
    "categorical of no sum": Case(
        "CategoricalCrossentropy",
        lambda t, p: _entropy(t, p / p.sum(axis=1, keepdims=True)),
        _one_hot,
        "sigmoid",
    ),
    "categorical smoothed": Case(
        "CategoricalCrossentropy",
        lambda t, p: _entropy(0.7 * t + 0.15 * (1 - t), p),
        _one_hot,
        "logistic_normalize",
        {"label_smoothing": 0.3, "label_smoothing_mode": "k-1"},
    ),
    "kl": Case("KLDivergence", lambda t, p: (t * np.log(t / p)).sum(axis=1), _shares, "softmax"),
    "kl of another make": Case(
        "KLDivergence", lambda t, p: (t * np.log(t / p)).sum(axis=1), _shares, "logistic_normalize"
    ),
    "hinge": Case("Hinge", lambda t, p: np.maximum(1 - t * p, 0).mean(axis=1), _signs),
    "hinge of 0 and 1": Case(
        "Hinge", lambda t, p: np.maximum(1 - (2 * t - 1) * p, 0).mean(axis=1), _yes_or_no
    ),
    "squared hinge": Case("SquaredHinge", lambda t, p: (np.maximum(1 - t * p, 0) ** 2).mean(axis=1), _signs),
}
