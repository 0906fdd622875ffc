"""Optimisers on a valley, a saddle, a local minimum, and the digits. Decks 000, 003, 004."""

import numpy as np
from common import new_axes, options, save

import fastdnn as fd

opt = fd.optimizers


def chosen(rate, adaptive):
    """Plain and with momentum at one rate; at another those whose steps are about as long as their rate."""
    return {
        "SGD": opt.SGD(rate),
        "momentum": opt.SGD(rate, momentum=0.9),
        "Nesterov": opt.SGD(rate, momentum=0.9, nesterov=True),
        "AdaGrad": opt.Adagrad(10 * adaptive),
        "AdaDelta": opt.Adadelta(),
        "RMSprop": opt.RMSprop(adaptive),
        "Adam": opt.Adam(adaptive),
        "NAdam": opt.Nadam(adaptive),
    }


def main():
    args = options(__doc__)
    for surface in ("valley", "saddle", "local_minimum"):
        print(fd.compare.optimizers(surface, chosen(0.1, 0.05), steps=50 if args.quick else 300), "\n")
    found = fd.compare.optimizers("digits", chosen(0.01, 0.001), steps=200 if args.quick else 1500)
    print(found)
    if args.plot:
        surface = fd.compare.Beale()
        left, right = new_axes(2, width=6)
        for name, setting in chosen(0.01, 0.03).items():
            way = fd.compare.descend(surface, setting, steps=300).points
            left.plot(way[:, 0], way[:, 1], label=name)
            right.plot(found.histories[name]["val_loss"], label=name)
        across, up = np.meshgrid(np.linspace(0.5, 3.5, 150), np.linspace(-2, 1.5, 100))
        heights = surface.f(np.stack([across, up], axis=-1))
        left.contour(across, up, heights, levels=np.geomspace(0.01, 100, 15), colors="lightgrey", zorder=0)
        left.plot(3, 0.5, "k*", markersize=12)
        left.set(title="Beale's function", xlim=(0.5, 3.5), ylim=(-2, 1.5))
        right.set(title="digits", xlabel="epoch", ylabel="dev loss", yscale="log")
        left.legend(fontsize="small", loc="lower right")
        save(left, __file__)


if __name__ == "__main__":
    main()
