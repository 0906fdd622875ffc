"""Trainings that go badly: what the report says first, and what its code makes of them. Decks 000-004."""

import numpy as np
from common import LOSS, digits, new_axes, options, save

import fastdnn as fd

SMALL = fd.initializers.RandomNormal(stddev=0.01)
SICK = {
    "healthy": {},
    "rate too high": {"rate": 0.1},
    "rate too low": {"rate": 1e-6},
    "inputs to 255": {"times": 255},
    "deep sigmoids": {"activation": "sigmoid", "initial": SMALL, "hidden": (64,) * 6},
    "100 examples": {"rows": 100},
}


def trained(
    train, dev, epochs, hidden=(64, 64), activation="relu", rate=1e-3, times=1, initial="auto", rows=None
):
    """A network after its training, and the sets that it was given."""
    given = [(x[:most] * times, y[:most]) for (x, y), most in ((train, rows), (dev, None))]
    layers = [fd.layers.Dense(units, activation, kernel_initializer=initial) for units in hidden]
    scale = [fd.data.StandardScaler().fit(train[0]).as_layer()] if times == 1 else []
    model = fd.Sequential([fd.layers.Input((64,)), *scale, *layers, fd.layers.Dense(10)], seed=0)
    model.compile(fd.optimizers.Adam(rate), LOSS, metrics=["accuracy"])
    model.fit(*given[0], epochs=epochs, validation_data=given[1])
    return model, *given


def main():
    args = options(__doc__)
    train, dev = digits(dev=0.3)
    epochs, histories = 10 if args.quick else 25, {}
    print(f"{'':<16}{'dev error':>12}{'after it':>12}  what the report says first")
    for name, setting in SICK.items():
        model, known, new = trained(train, dev, epochs, **setting)
        histories[name] = model.history
        before, advice = 100 * (1 - model.evaluate(*new)[1]), fd.diagnose.report(model, known, new).advice[0]
        names = {"fd": fd, "np": np, "model": model, "x": known[0], "y": known[1]}
        exec(advice.code, names)  # as it is written, which is what it is for
        after = 100 * (1 - names.get("better", model).evaluate(*new)[1])
        print(f"{name:<16}{before:>10.1f} %{after:>10.1f} %  {advice.text}")
    if args.plot:
        axes = new_axes(width=7)
        for (name, history), style in zip(histories.items(), ("-", "--", ":", "-.", "-o", "-s"), strict=True):
            errors = [100 * (1 - share) for share in history.history["val_accuracy"]]
            axes.plot(range(1, epochs + 1), errors, style, label=name, markersize=4)
        axes.set(xlabel="epoch", ylabel="dev error, %", ylim=(0, 100))
        axes.legend()
        save(axes, __file__)


if __name__ == "__main__":
    main()
