"""Networks with branches, of every layer there is."""

import numpy as np

import fastdnn as fd

L, R = fd.layers, fd.regularizers
ACTIVATIONS = [name for name in fd.activations.NAMES if name not in ("softmax", "log_softmax")]


def _layer(rng, width):
    """A layer that takes any width and gives `width` or as many as it gets."""
    aside = rng.spawn(1)[0]
    penalty, limit = _regularizer(aside), [None, fd.constraints.MaxNorm(1.0)][int(aside.integers(2))]
    # A bias before a batch normalisation has a gradient of rounding errors, whose sign would count for L1.
    smooth = [None, R.L2(1e-2, "batch")][int(aside.integers(2))]

    def flag():
        return bool(rng.integers(2))

    def dense():
        settings = {"kernel_regularizer": penalty, "kernel_constraint": limit, "bias_regularizer": smooth}
        return L.Dense(width, str(rng.choice(ACTIVATIONS)), flag(), **settings)

    kinds = [
        dense,
        lambda: L.BatchNormalization(center=flag(), scale=flag(), gamma_regularizer=penalty),
        lambda: L.LayerNormalization(center=flag(), scale=flag(), beta_regularizer=penalty),
        lambda: L.Dropout(float(rng.choice([0.1, 0.5]))),
        lambda: L.GaussianNoise(float(rng.choice([0.1, 1.0]))),
        lambda: L.Activation("relu"),
        lambda: L.PReLU("ones", alpha_regularizer=penalty),
        lambda: L.LeakyReLU(0.3),
        lambda: L.ELU(0.7),
        lambda: L.Whitening("zca"),
    ]
    return kinds[int(rng.integers(len(kinds)))]()


def _regularizer(rng):
    """None as often as one."""
    some = [
        R.L1(1e-3),
        R.L1(1e-3, proximal=True),
        R.L2(1e-2, "batch"),
        R.L1L2(1e-3, 1e-2),
        R.ElasticNet(1e-3),
    ]
    return [*some, R.Lq(1e-3, 1.5), *[None] * 6][int(rng.integers(12))]


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
    o = fd.optimizers
    return [
        lambda: o.Adam(3e-3),
        lambda: o.SGD(0.01, momentum=0.9),
        lambda: o.AdamW(3e-3, 0.1, global_clipnorm=1.0),
        lambda: o.RMSprop(1e-3, momentum=0.5, epsilon=1e-3, centered=True),
        lambda: o.SGD(0.02, momentum=0.9, nesterov=True, momentum_form="ewma", clipnorm=0.5),
        lambda: o.Nadam(2e-3),
        lambda: o.Adagrad(0.01, clipvalue=0.1),
        lambda: o.Adadelta(),
        lambda: o.Adam(3e-3, amsgrad=True, weight_decay=0.01, weight_decay_mode="coupled"),
    ][seed % 9]()


def random_network(seed, *, features=11, outputs=4, dtype="float32", backend="native"):
    """A compiled model of a random graph; the same for the same seed."""
    rng = np.random.default_rng(seed)
    width = int(rng.choice([5, 16, 33]))
    x = fd.Input((features,))
    tensors = _grown(rng, [L.Dense(width)(x)], width)
    last = L.Add()(tensors[-2:])  # both a layer and what follows it may be read
    model = fd.Model(x, L.Dense(outputs)(last), seed=seed, dtype=dtype)
    loss = fd.losses.SparseCategoricalCrossentropy(from_logits=True)
    default = R.L2(1e-3, scale="dataset") if seed % 4 else None
    model.compile(_optimizer(seed), loss, metrics=["accuracy"], regularizer=default, backend=backend)
    return model


def _regression_loss(rng):
    """A loss of real targets, of any prediction."""
    losses, reduction = fd.losses, str(rng.choice(["mean", "mean", "sum"]))
    kinds = [
        lambda: losses.MeanSquaredError(reduction=reduction, half=bool(rng.integers(2)), outputs="sum"),
        lambda: losses.MeanSquaredError(reduction=reduction),
        lambda: losses.MeanAbsoluteError(reduction=reduction),
        lambda: losses.Huber(0.5, reduction=reduction),
        lambda: losses.LogCosh(reduction=reduction),
    ]
    return kinds[int(rng.integers(len(kinds)))]()


def _heads_of_classes(rng, x):
    """Outputs with losses of distributions and of yes and no, from logits and from probabilities."""
    losses = fd.losses
    smoothing = {"label_smoothing": 0.1, "label_smoothing_mode": str(rng.choice(["k", "k-1"]))}
    chances = [
        (None, losses.BinaryCrossentropy(from_logits=True, label_smoothing=0.2)),
        ("sigmoid", losses.BinaryCrossentropy()),
        ("logistic_normalize", losses.BinaryCrossentropy()),
        (None, losses.Hinge()),
        (None, losses.SquaredHinge(reduction="sum")),
    ]
    classes = [
        ("softmax", losses.KLDivergence()),
        ("logistic_normalize", losses.KLDivergence()),
        ("logistic_normalize", losses.CategoricalCrossentropy(**smoothing)),
        (None, losses.CategoricalCrossentropy(from_logits=True, **smoothing)),
        ("sigmoid", losses.CategoricalCrossentropy(reduction="sum")),
    ]
    chosen = {name: list_[int(rng.integers(5))] for name, list_ in [("chance", chances), ("share", classes)]}
    outputs = {name: L.Dense(3, activation)(x) for name, (activation, _) in chosen.items()}
    return outputs, {name: loss for name, (_, loss) in chosen.items()}


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
    more, losses = _heads_of_classes(rng, last)
    outputs |= more
    model = fd.Model(inputs, outputs, seed=seed, dtype=dtype)
    losses |= {name: _regression_loss(rng) for name in ("shared", "again", "inner")}
    losses["last"] = "sparse_categorical_crossentropy"
    if rng.integers(2):
        del losses["shared"]
    weights = {name: float(2 * rng.random()) for name in losses if rng.integers(2)}
    sums = [name for name, loss in losses.items() if getattr(loss, "reduction", "mean") == "sum"]
    weights |= {name: 0.01 + 0.01 * float(rng.random()) for name in sums}  # about a mean
    model.compile(
        optimizer or _optimizer(seed),
        losses,
        loss_weights=weights,
        metrics={"last": ["accuracy"], "chance": ["accuracy", "rmse"], "again": ["mae"]},
        weighted_metrics={"last": ["accuracy"], "share": ["accuracy"]},
        regularizer=_regularizer(rng),
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
    y["chance"] = rng.integers(2, size=(rows, 3))
    y["share"] = rng.random((rows, 3))
    y["share"] /= y["share"].sum(axis=1, keepdims=True)
    return x, y, {"last": rng.random(rows), "inner": rng.random(rows)}


def _list(shapes):
    return shapes if isinstance(shapes, list) else [shapes]
