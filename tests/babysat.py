"""A model whose numbers are changed while it trains, and when somebody asks for that."""

import numpy as np

import fastdnn as fd

RNG = np.random.default_rng(0)
X = RNG.normal(size=(96, 5)).astype(np.float32)
Y = RNG.integers(0, 3, 96)
SCHEDULE = fd.schedules.ExponentialDecay(0.1, 10, 0.9)


def model_of(optimizer=None, rate=0.3, l2=0.01, **compiled):
    layers = [
        fd.layers.Input((5,)),
        fd.layers.GaussianNoise(0.1, name="noisy"),
        fd.layers.Dense(8, "relu", name="hidden", kernel_regularizer=fd.regularizers.L2(l2)),
        fd.layers.Dropout(rate, name="drop"),
        fd.layers.Dense(8, "relu", name="second"),
        fd.layers.Dropout(rate, name="drop_2"),
        fd.layers.Dense(3, name="out"),
    ]
    model = fd.Sequential(layers, seed=1)
    loss = fd.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer or fd.optimizers.Adam(1e-2), loss, **compiled)
    return model


def fit(model, *callbacks, epochs=4, x=X, y=Y, **options):
    return model.fit(x, y, epochs=epochs, batch_size=32, callbacks=list(callbacks), threads=1, **options)


def at(epoch, act):
    """A callback that acts while this epoch runs: what it asks for holds from the next one on."""
    return fd.callbacks.LambdaCallback(on_epoch_begin=lambda e, logs: act() if e == epoch else None)


def steps(act_at, act):
    def begin(batch, logs):
        act_at[0] -= 1
        if act_at[0] == 0:
            act()

    return fd.callbacks.LambdaCallback(on_train_batch_begin=begin)


def set_all_dropout(model):
    for layer in model.layers:
        if isinstance(layer, fd.layers.Dropout):
            layer.rate = 0.6


def in_two_fits(change, split=2, epochs=4, **options):
    """What a change must be: that of a fit which ends, and another which goes on."""
    model = model_of(**options)
    fit(model, epochs=split)
    change(model)
    fit(model, epochs=epochs - split)
    return model


def a_history(changes, epochs=10, steps=4):
    history = fd.callbacks.History()
    history.params = {"steps": steps}
    history.epoch = list(range(epochs))
    history.history = {
        "loss": [1 / (1 + e) for e in range(epochs)],
        "val_loss": [1.2 / (1 + e) for e in range(epochs)],
    }
    history.changes = changes
    return history
