"""The layers of a network.

| layer | computes |
|---|---|
| `Input` | where examples come in |
| `Dense` | y = activation(x W + b) |
| `Activation` | y = activation(x) |
| `Normalization` | y = (x - μ) / σ, with figures of the training set |
"""

from fastdnn.layers.activation import Activation
from fastdnn.layers.dense import Dense
from fastdnn.layers.input import Input
from fastdnn.layers.layer import Layer
from fastdnn.layers.normalization import Normalization

__all__ = ["Activation", "Dense", "Input", "Layer", "Normalization"]
