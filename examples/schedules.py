"""Learning-rate schedules: their rates, and what they come to on the digits. Decks 000-003."""

from common import new_axes, options, save

import fastdnn as fd

RATE = 0.3  # too high to stay at: the loss goes up and down
S = fd.schedules
BY_EPOCH = {"per": "epoch", "first": 1}


def main():
    args = options(__doc__)
    epochs = 10 if args.quick else 40
    steps = epochs * S.steps_per_epoch(1438, 32)
    chosen = {
        "constant": S.Constant(RATE),
        "time-based, d = 0.5": S.InverseTimeDecay(RATE, 1, 0.5, **BY_EPOCH),
        "exponential, 0.9^t": S.ExponentialDecay(RATE, 1, 0.9, **BY_EPOCH),
        "exp(-0.15 t)": S.NaturalExponentialDecay(RATE, 0.15, **BY_EPOCH),
        "inverse root": S.InverseRootDecay(RATE, per="epoch"),
        "halved every 4": S.StepDecay(RATE, 0.5, every=4, per="epoch"),
        "003's, no floor": S.StepDecay(RATE, 0.5, every=4, staircase=False, per="epoch"),
        "by hand": S.PiecewiseConstantDecay([3, 6], [RATE, 0.05, 0.005], **BY_EPOCH),
    }
    print(f"{'rate in epoch':<22}" + "".join(f"{epoch:>9}" for epoch in (1, 2, 3, 5, 8, 10)))
    for name, schedule in chosen.items():
        rates = schedule.values(0, epochs)
        print(f"{name:<22}" + "".join(f"{rates[epoch - 1]:>9.4f}" for epoch in (1, 2, 3, 5, 8, 10)))
    chosen["one cycle"] = S.OneCycle(RATE, total_steps=steps)
    chosen["cosine"] = S.CosineDecay(RATE, decay_steps=steps)
    found = fd.compare.schedules(
        "digits", chosen, steps, optimizer=lambda rate: fd.optimizers.SGD(rate, momentum=0.9)
    )
    print()
    print(found)
    if args.plot:
        left, right = new_axes(2, width=6.5)
        fd.plots.schedules(chosen, steps, left, steps_per_epoch=steps // epochs, log=True)
        left.get_legend().remove()  # the names are beside the other picture
        left.set(title="rates", ylim=(1e-3, None))
        found.plot(right)
        save(left, __file__)


if __name__ == "__main__":
    main()
