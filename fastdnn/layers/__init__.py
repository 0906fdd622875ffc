"""The layers of a network.

| layer | computes |
|---|---|
| `Input` | where examples come in |
| `Embedding` | rows of a trained table, by integers |
| `Dense` | y = activation(x W + b) |
| `Maxout` | the largest of k linear layers, element by element |
| `Activation` | y = activation(x) |
| `ReLU`, `LeakyReLU`, `ELU`, `PReLU` | activations with options or weights of their own |
| `BatchNormalization` | each feature to mean β and deviation γ over the batch |
| `LayerNormalization` | each example to mean β and deviation γ over its features |
| `Dropout` | in training, elements set to 0 at random |
| `GaussianNoise` | in training, normal deviates added |
| `Add`, `Average`, `Concatenate` | several inputs added, averaged, or side by side |
| `Normalization` | y = (x - μ) / σ, with figures of the training set |
| `Whitening` | uncorrelated features of variance 1, with figures of the training set |
"""

from fastdnn.layers.activation import Activation
from fastdnn.layers.batch_normalization import BatchNormalization
from fastdnn.layers.dense import Dense
from fastdnn.layers.dropout import Dropout
from fastdnn.layers.embedding import Embedding
from fastdnn.layers.gaussian_noise import GaussianNoise
from fastdnn.layers.input import Input
from fastdnn.layers.layer import Layer
from fastdnn.layers.layer_normalization import LayerNormalization
from fastdnn.layers.maxout import Maxout
from fastdnn.layers.merging import Add, Average, Concatenate
from fastdnn.layers.normalization import Normalization
from fastdnn.layers.slopes import ELU, LeakyReLU, PReLU, ReLU
from fastdnn.layers.whitening import Whitening

__all__ = [
    "ELU",
    "Activation",
    "Add",
    "Average",
    "BatchNormalization",
    "Concatenate",
    "Dense",
    "Dropout",
    "Embedding",
    "GaussianNoise",
    "Input",
    "Layer",
    "LayerNormalization",
    "LeakyReLU",
    "Maxout",
    "Normalization",
    "PReLU",
    "ReLU",
    "Whitening",
]
