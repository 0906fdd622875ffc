"""How large initial weights should be: the activations of ten layers before training. Decks 000-002, 004."""

import numpy as np
from common import digits, options, save

import fastdnn as fd

INITIALIZERS = {
    "0.01 N": fd.initializers.RandomNormal(stddev=0.01),
    "1.0 N": fd.initializers.RandomNormal(stddev=1.0),
    "Xavier": fd.initializers.get("xavier"),
    "He": fd.initializers.get("he"),
}
NAMES = [f"layer_{i}" for i in range(1, 11)]


def activations(x, units, activation, initializer):
    """What each of ten layers gives."""
    hidden = [fd.layers.Dense(units, activation, kernel_initializer=initializer, name=name) for name in NAMES]
    model = fd.Sequential([fd.layers.Input((64,)), *hidden], seed=0)
    return [outputs for name, outputs in model.layer_outputs(x).items() if name in NAMES]


def main():
    args = options(__doc__)
    train, _ = digits()
    x = fd.data.StandardScaler().fit_transform(train[0])
    units = 128 if args.quick else 500
    for activation in ("tanh", "relu"):
        print(f"root mean square of the activations, {activation}")
        print(f"{'':<10}" + "".join(f"{i:>9}" for i in range(1, 11)))
        for name, initializer in INITIALIZERS.items():
            found = activations(x, units, activation, initializer)
            sizes = [np.sqrt((a.astype(np.float64) ** 2).mean()) for a in found]
            print(f"{name:<10}" + "".join(f"{size:>9.2g}" for size in sizes))
    if args.plot:
        panels = fd.plots.activation_histograms(x, initial=INITIALIZERS, units=units)
        save(panels[0, 0], __file__)


if __name__ == "__main__":
    main()
