"""Batch normalisation on and off, at several learning rates, in a deep network of sigmoids. Decks 000-004."""

from common import LOSS, digits, new_axes, options, save

import fastdnn as fd

L = fd.layers


def network(depth, normalise, rate):
    """Layers of sigmoids, normalised before the activation: then a bias is of no use."""
    layers = [L.Input((64,))]
    for _ in range(depth):
        layers += [L.Dense(32, use_bias=not normalise)]
        layers += [L.BatchNormalization()] if normalise else []
        layers += [L.Activation("sigmoid")]
    model = fd.Sequential([*layers, L.Dense(10)], seed=0)
    model.compile(fd.optimizers.SGD(rate, momentum=0.9), LOSS, metrics=["accuracy"])
    return model


def main():
    args = options(__doc__)
    epochs, depth = (5, 4) if args.quick else (20, 4)
    train, dev = digits()
    curves = {}
    print(f"{depth} layers of sigmoids, {epochs} epochs")
    print(f"{'learning rate':<16}{'without':>12}{'with batch norm':>20}     dev error")
    for rate in (0.01, 0.1, 0.5):
        errors = []
        for normalise in (False, True):
            model = network(depth, normalise, rate)
            history = model.fit(*train, epochs=epochs, validation_data=dev).history
            errors.append(1 - history["val_accuracy"][-1])
            curves[f"{'with' if normalise else 'without'}, rate {rate}"] = history["val_loss"]
        print(f"{rate:<16}{errors[0]:>12.1%}{errors[1]:>20.1%}")
    if args.plot:
        axes = new_axes(width=7)
        for name, values in curves.items():
            style = "-" if name.startswith("with,") else "--"
            axes.plot(range(1, epochs + 1), values, style, label=name)
        axes.set(xlabel="epoch", ylabel="dev loss", yscale="log")
        axes.legend()
        save(axes, __file__)


if __name__ == "__main__":
    main()
