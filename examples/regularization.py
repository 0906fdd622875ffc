"""Learning noise by heart, and what helps: dropout, L2, L1 and early stopping. Decks 000-004."""

import numpy as np
from common import LOSS, digits, new_axes, options, save

import fastdnn as fd

SETTINGS = {
    "nothing": {},
    "dropout 0.5": {"rate": 0.5},
    "L2 0.005": {"regularizer": fd.regularizers.L2(0.005)},
    "L1 0.001": {"regularizer": fd.regularizers.L1(0.001)},
    "early stopping": {"patience": 5},
}


def trained(train, dev, epochs, seed, rate=0.0, regularizer=None, patience=None):
    """A network with far more weights than so few examples need."""
    hidden = fd.layers.Dense(256, activation="relu")
    layers = [fd.layers.Input((64,)), hidden, fd.layers.Dropout(rate), fd.layers.Dense(10)]
    model = fd.Sequential(layers, seed=seed)
    model.compile(fd.optimizers.Adam(3e-3), LOSS, metrics=["accuracy"], regularizer=regularizer)
    callbacks = [fd.callbacks.EarlyStopping(patience=patience)] if patience else []
    model.fit(*train, epochs=epochs, validation_data=dev, callbacks=callbacks)
    return model


def main():
    args = options(__doc__)
    epochs, seeds = (30, 1) if args.quick else (100, 3)
    train, dev = digits(dev=0.3, test=0.4)
    train[1][::5] = np.random.default_rng(0).integers(0, 10, len(train[1][::5]))  # every fifth label is noise
    curves = {}
    print(f"{'':<16}{'train loss':>12}{'dev loss':>12}{'dev error':>12}{'|W|':>8}{'epochs':>8}")
    for name, setting in SETTINGS.items():
        rows = []
        for seed in range(seeds):
            model = trained(train, dev, epochs, seed, **setting)
            outputs = model.predict(dev[0])
            size = np.sqrt(sum((weights**2).sum() for weights in model.get_weights()))
            error = 100 * np.mean(outputs.argmax(axis=1) != dev[1])
            losses = LOSS(train[1], model.predict(train[0])), LOSS(dev[1], outputs)  # without penalties
            rows.append([*losses, error, size, len(model.history.epoch)])
        curves[name] = [100 * (1 - share) for share in model.history.history["val_accuracy"]]
        train_loss, dev_loss, error, size, count = np.mean(rows, axis=0)
        print(f"{name:<16}{train_loss:>12.4f}{dev_loss:>12.4f}{error:>10.1f} %{size:>8.1f}{count:>8.0f}")
    if args.plot:
        axes = new_axes(width=7)
        for name, values in curves.items():
            axes.plot(range(1, len(values) + 1), values, label=name)
        axes.set(xlabel="epoch", ylabel="dev error, %", ylim=(0, 25))
        axes.legend()
        save(axes, __file__)


if __name__ == "__main__":
    main()
