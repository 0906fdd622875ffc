"""The digits 0 to 4 are learned, then 5 to 9: by a new last layer, or all of it. Deck 004."""

import numpy as np
from common import LOSS, digits, new_axes, options, save

import fastdnn as fd

L = fd.layers


def network(seed=0):
    return fd.Sequential([L.Input((64,)), L.Dense(64, "relu"), L.Dense(5)], seed=seed)


def fitted(model, x, y, steps):
    """The model, trained on these rows for about so many steps."""
    model.compile(fd.optimizers.Adam(1e-2), LOSS, metrics=["accuracy"])
    model.fit(x, y, batch_size=16, epochs=max(1, steps // fd.schedules.steps_per_epoch(len(x), 16)))
    return model


def main():
    args = options(__doc__)
    counts, steps = ((2, 50), 200) if args.quick else ((1, 2, 5, 10, 20, 50, 100), 400)
    (x, y), dev = digits()
    low, high = y < 5, dev[1] >= 5
    x_dev, y_dev = dev[0][high], dev[1][high] - 5
    base = fitted(network(), x[low], y[low], steps)
    errors = []
    of_head = sum(weights.size for weights in base.layers[-1].get_weights())
    print(f"trained: the {of_head} weights of the head, or all {base.count_params()}")
    print(
        f"{'examples of each':<18}{'from scratch':>14}{'new head':>14}{'all, on':>14}   dev error on 5 to 9"
    )
    for count in counts:
        few = np.concatenate([np.flatnonzero(y == digit)[:count] for digit in range(5, 10)])
        x_few, y_few = x[few], y[few] - 5
        scratch = fitted(network(seed=1), x_few, y_few, steps)
        head = fitted(base.with_head([L.Dense(5)], freeze=True), x_few, y_few, steps)
        tuned = fitted(base.with_head([L.Dense(5)]), x_few, y_few, steps)
        errors.append([1 - model.evaluate(x_dev, y_dev)[1] for model in (scratch, head, tuned)])
        print(f"{count:<18}{errors[-1][0]:>14.1%}{errors[-1][1]:>14.1%}{errors[-1][2]:>14.1%}")
    if args.plot:
        axes = new_axes(width=6)
        for name, values in zip(("from scratch", "new head", "all, on"), np.transpose(errors), strict=True):
            axes.plot(counts, 100 * values, "o-", label=name)
        axes.set(xlabel="examples of each digit", ylabel="dev error, %", xscale="log", ylim=(0, None))
        axes.legend()
        save(axes, __file__)


if __name__ == "__main__":
    main()
