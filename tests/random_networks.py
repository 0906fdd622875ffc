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
        lambda: L.GaussianNoise(float(rng.choice([0.1, 1.0]))),
        lambda: L.Activation("relu"),
        lambda: L.PReLU("ones"),
        lambda: L.LeakyReLU(0.3),
        lambda: L.ELU(0.7),
        lambda: L.Whitening("zca"),
    ]
    return kinds[int(rng.integers(len(kinds)))]()


def _grown(rng, tensors, width):
    """More tensors, of any layers, on any of those before."""
    for _ in range(int(rng.integers(2, 8))):
        pick = [tensors[int(rng.integers(len(tensors)))] for _ in range(2)]
        kind = rng.integers(8)
        if kind == 0:
            joined = L.Concatenate()(pick)
            tensors.append(L.Dense(width)(joined))
        elif kind == 1:
            tensors.append(L.Add()(pick))
        elif kind == 2:
            tensors.append(L.Maxout(width, pieces=int(rng.integers(1, 4)))(tensors[-1]))
        elif kind == 3:
            tensors.append(L.Average(None if rng.integers(2) else [1.0, 3.0])(pick))
        elif kind == 4:
            order = str(rng.choice(["pre", "post"]))
            tensors.append(fd.blocks.residual_dense(width, order=order, dropout=0.1)(pick[0]))
        else:
            tensors.append(_layer(rng, width)(pick[0]))
    return tensors


def _optimizer(seed):
    return [fd.optimizers.Adam(3e-3), fd.optimizers.SGD(0.01, momentum=0.9)][seed % 2]


def random_network(seed, *, features=11, outputs=4, dtype="float32", backend="native"):
    """A compiled model of a random graph; the same for the same seed."""
    rng = np.random.default_rng(seed)
    width = int(rng.choice([5, 16, 33]))
    x = fd.Input((features,))
    tensors = _grown(rng, [L.Dense(width)(x)], width)
    last = L.Add()(tensors[-2:])  # both a layer and what follows it may be read
    model = fd.Model(x, L.Dense(outputs)(last), seed=seed, dtype=dtype)
    loss = fd.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(_optimizer(seed), loss, metrics=["accuracy"], backend=backend)
    return model


def random_heads(seed, *, dtype="float32", backend="native", optimizer=None):
    """A compiled model of a random graph with several inputs and outputs, by name, and a loss and a weight of
    its own for each output but one that may have none. Inner layers are outputs, too, and one layer twice.
    """
    rng = np.random.default_rng(seed)
    width = int(rng.choice([5, 16, 33]))
    inputs = {f"in{i}": fd.Input((int(rng.integers(1, 12)),)) for i in range(int(rng.integers(1, 4)))}
    tensors = _grown(rng, [L.Dense(width)(x) for x in inputs.values()], width)
    last = L.Add()([*tensors[: len(inputs)], *tensors[-2:]])  # all inputs are needed
    shared = L.Dense(4, activation=str(rng.choice(["linear", "softmax"])))
    outputs = {"last": L.Dense(3, "softmax")(last), "shared": shared(last), "again": shared(tensors[-1])}
    outputs["inner"] = tensors[int(rng.integers(len(inputs), len(tensors)))]
    model = fd.Model(inputs, outputs, seed=seed, dtype=dtype)
    losses = {"last": "sparse_categorical_crossentropy", "shared": "mse", "again": "mse", "inner": "mse"}
    if rng.integers(2):
        del losses["shared"]
    weights = {name: float(2 * rng.random()) for name in losses if rng.integers(2)}
    model.compile(
        optimizer or _optimizer(seed),
        losses,
        loss_weights=weights,
        metrics={"last": ["accuracy"]},
        backend=backend,
    )
    return model


def data_for(model, rows, seed=0):
    """Random inputs and targets of a model of `random_heads`, and sample weights for some of its outputs."""
    rng = np.random.default_rng(seed)
    x = {
        name: rng.normal(size=(rows, shape[1]))
        for name, shape in zip(model.input_names, _list(model.input_shape), strict=True)
    }
    y = {
        name: rng.normal(size=(rows, shape[1]))
        for name, shape in zip(model.output_names, model.output_shape, strict=True)
    }
    y["last"] = rng.integers(3, size=rows)
    return x, y, {"last": rng.random(rows), "inner": rng.random(rows)}


def _list(shapes):
    return shapes if isinstance(shapes, list) else [shapes]
