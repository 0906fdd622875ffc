"""What tests of check_gradients share: networks, and layers with a wrong gradient or a kink."""

import numpy as np
import pytest
from custom_parts import DenseTanh
from networks import regression

import fastdnn as fd

L = fd.layers
X, Y = regression(40, 6, 2)
BACKENDS = pytest.mark.parametrize("backend", ["native", "reference"])


def chain(*layers, loss="mse", dtype="float32", **options):
    model = fd.Sequential([fd.Input((6,)), *layers], seed=0, dtype=dtype)
    model.compile("adam", loss, **options)
    return model


def usual(activation="tanh", **options):
    """Batch normalisation, dropout, noise and penalties."""
    layers = [
        L.Dense(9, activation),
        L.BatchNormalization(),
        L.Dropout(0.5, name="drop"),
        L.GaussianNoise(0.1),
    ]
    return chain(*layers, L.Dense(7, activation), L.Dense(2), regularizer="l2", **options)


def tensor(found, name):
    return next(each for each in found.tensors if each.name == name)


def kinds(found):
    return [advice.kind for advice in found.advice]


class WrongBias(DenseTanh):
    """The gradient of the bias is half of what it should be."""

    def backward(self, dy, saved):
        dx, gradients = super().backward(dy, saved)
        return dx, gradients | {"bias": gradients["bias"] / 2}


class WrongElement(DenseTanh):
    """One element of the kernel's gradient is wrong."""

    def backward(self, dy, saved):
        dx, gradients = super().backward(dy, saved)
        gradients["kernel"][2, 1] += 1.0
        return dx, gradients


class OwnRelu(L.Layer):
    """A kink in code that nobody can look into."""

    def forward(self, x, training):
        return np.maximum(x, 0), x

    def backward(self, dy, saved):
        return dy * (saved > 0), {}
