"""A network with two inputs and two outputs, and its data."""

import numpy as np

import fastdnn as fd

L = fd.layers
ROWS = 60
RNG = np.random.default_rng(0)
A, B = RNG.normal(size=(ROWS, 5)), RNG.normal(size=(ROWS, 3))
PRICE, KIND = RNG.normal(size=ROWS), RNG.integers(4, size=ROWS)
WEIGHTS = RNG.random(ROWS)


def tensors():
    """Two inputs, two outputs, of layers that are called "a", "b", "price" and "kind"."""
    a, b = fd.Input((5,), name="a"), fd.Input((3,), name="b")
    h = L.Dense(7, activation="tanh", name="both")(L.Concatenate(name="join")([a, b]))
    return [a, b], [L.Dense(1, name="price")(h), L.Dense(4, activation="softmax", name="kind")(h)]


def network(*, dtype="float64", inputs=list, outputs=list):
    """The model of `tensors`, with its inputs and outputs in another form."""
    given, results = tensors()
    return fd.Model(inputs(given), outputs(results), seed=3, dtype=dtype)


LOSSES = {"price": "mse", "kind": "sparse_categorical_crossentropy"}


def compiled(model=None, loss=LOSSES, **more):
    model = network() if model is None else model
    arguments = {"optimizer": "adam", "metrics": {"kind": ["accuracy"]}, **more}
    model.compile(loss=loss, **arguments)
    return model


def by_hand(model, a=A, b=B):
    kernel, bias, *heads = model.get_weights()
    h = np.tanh(np.concatenate([a, b], axis=1) @ kernel + bias)
    price, logits = h @ heads[0] + heads[1], h @ heads[2] + heads[3]
    shares = np.exp(logits - logits.max(axis=1, keepdims=True))
    return price, shares / shares.sum(axis=1, keepdims=True)


def losses_by_hand(model, weights=(1.0, 1.0)):
    price, kind = by_hand(model)
    mse = (weights[0] * (price[:, 0] - PRICE) ** 2).mean()
    return mse, (weights[1] * -np.log(kind[np.arange(ROWS), KIND])).mean()


def zipped(names):
    return lambda values: dict(zip(names, values, strict=True))
