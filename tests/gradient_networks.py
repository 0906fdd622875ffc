"""Networks for the strict check of gradients: every layer, activation, loss and penalty, side by side."""

import itertools
from dataclasses import dataclass

import numpy as np
from custom_parts import DenseTanh, Pinball, Product, SquaredLoss
from loss_cases import CASES

import fastdnn as fd

L, R = fd.layers, fd.regularizers
ROWS, WIDTH = 5, 4
H, TOLERANCE = 1e-3, 1e-9

ACTIVATIONS = sorted(fd.activations.NAMES)
# Activations that give numbers of one sign, and layers of which half would be dead behind them.
ONE_SIGN = {"relu", "sigmoid", "logistic_normalize", "softmax", "log_softmax", "softplus"}
TWO_SIDED = {"relu", "leaky relu", "elu", "prelu"}


def _joined(x, join):
    """Two branches of a tensor, joined."""
    return join([L.Dense(WIDTH, "tanh")(x), L.Dense(WIDTH)(x)])


def _penalised(x):
    """Each weight that may have a penalty has one of its own."""
    h = L.Dense(WIDTH, kernel_regularizer=R.L2(0.1), bias_regularizer=R.L1(0.02))(x)
    h = L.BatchNormalization(gamma_regularizer="l2", beta_regularizer=R.L1L2(0.01, 0.02), epsilon=0.1)(h)
    return L.PReLU(alpha_regularizer=R.Lq(0.05, 3))(h)


# What makes another tensor of one with WIDTH features.
LAYERS = {
    "dense": lambda x: L.Dense(WIDTH)(x),
    "dense without bias": lambda x: L.Dense(3, use_bias=False)(x),
    "maxout": lambda x: L.Maxout(3, 3)(x),
    "batch normalisation": lambda x: L.BatchNormalization(epsilon=0.1)(x),
    "batch normalisation, bare": lambda x: L.BatchNormalization(center=False, scale=False, epsilon=0.1)(x),
    "frozen batch normalisation": lambda x: L.BatchNormalization(trainable=False)(x),
    "layer normalisation": lambda x: L.LayerNormalization(epsilon=0.1)(x),
    "layer normalisation, bare": lambda x: L.LayerNormalization(center=False, scale=False, epsilon=0.1)(x),
    "relu": lambda x: L.ReLU()(x),
    "leaky relu": lambda x: L.LeakyReLU(0.3)(x),
    "elu": lambda x: L.ELU(0.7)(x),
    "prelu": lambda x: L.PReLU()(x),
    "dropout and noise": lambda x: L.GaussianNoise(0.5)(L.Dropout(0.5)(x)),
    "normalisation": lambda x: L.Normalization()(x),
    "whitening": lambda x: L.Whitening("zca")(x),
    "frozen dense": lambda x: L.Dense(WIDTH, "tanh", trainable=False)(x),
    "penalties of its own": _penalised,
    "add": lambda x: _joined(x, L.Add()),
    "average": lambda x: _joined(x, L.Average([1.0, 3.0])),
    "concatenate": lambda x: _joined(x, L.Concatenate()),
    "residual": lambda x: fd.blocks.residual_dense(WIDTH, order="pre")(x),
    "own": lambda x: DenseTanh(3)(x),
    "own of two": lambda x: _joined(x, Product()),
}
REGULARIZERS = {
    "none": None,
    "l1": R.L1(0.01),
    "l1 proximal": R.L1(0.01, proximal=True),
    "l2": R.L2(0.1),
    "l2 by batch": R.L2(0.1, "batch"),
    "l2 by dataset": R.L2(0.1, "dataset"),
    "elastic net": R.ElasticNet(0.05),
    "lq": R.Lq(0.05, 1.5),
}


@dataclass
class OwnCase:
    """A loss of one's own, by what `loss_cases.Case` has."""

    loss: object
    activation: str | None = None

    def make(self, **more):
        return self.loss

    def targets(self, rng, rows):
        return rng.normal(size=(rows, 3))


LOSSES = {**CASES, "own loss": OwnCase(SquaredLoss()), "own loss with a kink": OwnCase(Pinball(0.3))}
OPTIONS = ("plain", "weighted", "sum", "loss weight")


def network(layer, activation, loss, regularizer, option="plain", *, backend="native", seed=0):
    """A compiled model and its data: dense and activation, the layer, the last layer that the loss needs."""
    case = LOSSES[loss]
    rng = np.random.default_rng(seed)
    x = fd.Input((5,))
    h = L.Dense(WIDTH, activation)(x)
    if layer in TWO_SIDED and activation in ONE_SIGN:
        h = L.LayerNormalization(center=False, scale=False, epsilon=0.1)(h)
    h = LAYERS[layer](h)
    model = fd.Model(x, L.Dense(3, case.activation)(h), seed=seed, dtype="float64")
    own = isinstance(case, OwnCase)
    kind = case.make(reduction="sum") if option == "sum" and not own else case.make()
    weights = [0.5] if option == "loss weight" else None
    model.compile("sgd", kind, loss_weights=weights, regularizer=REGULARIZERS[regularizer], backend=backend)
    model.set_weights([_off_zero(rng, weight) for weight in model.get_weights()])
    data = rng.normal(size=(ROWS, 5)), case.targets(rng, ROWS)
    return model, (*data, rng.uniform(0.5, 2, ROWS)) if option == "weighted" else data


def _off_zero(rng, weight):
    """No weight nearer to the kink of |w| than a stencil reaches; figures of normalisations are positive."""
    sign = 1 if weight.ndim == 1 else rng.choice([-1.0, 1.0], weight.shape)
    return sign * rng.uniform(0.2, 0.8, weight.shape)


def strict(model, data, h=H, **options):
    """The check by which a gradient is right: five points, h = 1e-3, in float64; dropout and noise are on."""
    return model.check_gradients(*data, stencil="five_point", epsilon=h, rows=None, silence=False, **options)


def trained_names(model):
    """Of all weights whose gradients are to be checked."""
    return {w.name for layer in model.layers for w in layer.weights if w.trainable and layer.trainable}


def unmoved(combination):
    """The weights by which no loss moves: biases that a batch normalisation takes away."""
    layer, activation = combination[:2]
    normalised = {"batch normalisation", "batch normalisation, bare", "penalties of its own"}
    return {"dense/bias"} if layer in normalised and activation == "linear" else set()


KINDS = (list(LAYERS), ACTIVATIONS, list(LOSSES), list(REGULARIZERS), OPTIONS)


def pairs(combination):
    """Each two of its parts, with their places."""
    return set(itertools.combinations(enumerate(combination), 2))


def combinations():
    """Lists of (layer, activation, loss, regularizer, option), a list for each layer; any two parts meet.

    Losses go round; of the rest that is taken which meets most that it has not met.
    """
    met = set()
    for i, layer in enumerate(LAYERS):
        own = []
        for j, r in itertools.product(range(len(ACTIVATIONS)), range(2)):
            loss = KINDS[2][(i + j + r * len(ACTIVATIONS)) % len(LOSSES)]
            choices = [
                (layer, ACTIVATIONS[j], loss, *rest) for rest in itertools.product(REGULARIZERS, OPTIONS)
            ]
            own.append(max(choices, key=lambda choice: len(pairs(choice) - met)))
            met |= pairs(own[-1])
        yield own
