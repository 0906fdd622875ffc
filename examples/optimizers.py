"""Optimisers on a valley, a saddle, a local minimum, and the digits. Decks 000, 003, 004."""

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
        left, right = new_axes(2, width=6.5)
        beale = fd.compare.optimizers("beale", chosen(0.01, 0.03), steps=300)
        beale.plot(left, legend=False).set(xlim=(0.5, 3.5), ylim=(-2, 1.5))
        found.plot(right)
        save(left, __file__)


if __name__ == "__main__":
    main()
