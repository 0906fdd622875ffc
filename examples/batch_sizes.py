"""Batch, mini-batch and stochastic gradient descent over the same number of epochs. Decks 000-004."""

from common import new_axes, options, save

import fastdnn as fd

SIZES = {"batch": None, "256": 256, "64": 64, "16": 16, "stochastic": 1}


def main():
    args = options(__doc__)
    epochs = 5 if args.quick else 20
    found = fd.compare.batch_sizes("digits", SIZES, epochs, optimizer=fd.optimizers.SGD(0.05))
    print(found)  # dev error: of 359 digits that were not trained on
    if args.plot:
        by_epoch, by_step = new_axes(2)
        found.plot(by_epoch, legend=False)
        found.plot(by_step, by="step")
        save(by_epoch, __file__)


if __name__ == "__main__":
    main()
