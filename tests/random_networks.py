"""Networks with branches, of every layer there is."""

import numpy as np

import fastdnn as fd

L = fd.layers
ACTIVATIONS = [name for name in fd.activations.NAMES if name not in ("softmax", "log_softmax")]


def _layer(rng, width):
    """A layer that takes any width and gives `width` or as many as it gets."""
    kinds = [
        lambda: L.Dense(width, activation=str(rng.choice(ACTIVATIONS)), use_bias=bool(rng.integers(2))),
        lambda: L.BatchNormalization(center=bool(rng.integers(2)), scale=bool(rng.integers(2))),
        lambda: L.LayerNormalization(center=bool(rng.integers(2)), scale=bool(rng.integers(2))),
        lambda: L.Dropout(float(rng.choice([0.1, 0.5]))),
        lambda: L.Activation("relu"),
        lambda: L.PReLU("ones"),
        lambda: L.LeakyReLU(0.3),
        lambda: L.ELU(0.7),
    ]
    return kinds[int(rng.integers(len(kinds)))]()


def random_network(seed, *, features=11, outputs=4, dtype="float32", backend="native"):
    """A compiled model of a random graph; the same for the same seed."""
    rng = np.random.default_rng(seed)
    width = int(rng.choice([5, 16, 33]))
    x = fd.Input((features,))
    tensors = [L.Dense(width)(x)]
    for _ in range(int(rng.integers(2, 8))):
        pick = [tensors[int(rng.integers(len(tensors)))] for _ in range(2)]
        kind = rng.integers(6)
        if kind == 0:
            joined = L.Concatenate()(pick)
            tensors.append(L.Dense(width)(joined))
        elif kind == 1:
            tensors.append(L.Add()(pick))
        elif kind == 2:
            tensors.append(L.Maxout(width)(L.Dense(2 * width)(tensors[-1])))
        else:
            tensors.append(_layer(rng, width)(pick[0]))
    last = L.Add()(tensors[-2:])  # both a layer and what follows it may be read
    model = fd.Model(x, L.Dense(outputs)(last), seed=seed, dtype=dtype)
    optimizer = [fd.optimizers.Adam(3e-3), fd.optimizers.SGD(0.01, momentum=0.9)][seed % 2]
    loss = fd.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss, metrics=["accuracy"], backend=backend)
    return model
