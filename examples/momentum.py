"""A long narrow valley: the paths of plain descent, momentum in its forms, and others. Decks 000-004."""

from common import new_axes, options, save

import fastdnn as fd

opt = fd.optimizers
CHOSEN = {
    "SGD": opt.SGD(1.8),
    "momentum": opt.SGD(0.5, momentum=0.9),
    "average (1 - β)": opt.SGD(
        5.0, momentum=0.9, momentum_form="ewma"
    ),  # the same steps, at 10 times the rate
    "Nesterov": opt.SGD(0.5, momentum=0.9, nesterov=True),
    "RMSprop": opt.RMSprop(0.1),
    "Adam": opt.Adam(0.3),
}


def main():
    args = options(__doc__)
    valley = fd.compare.Valley(100)
    found = fd.compare.optimizers(valley, CHOSEN, steps=60 if args.quick else 150)
    print(found)
    print(f"\n{'the first steps of':<20}{'SGD':>20}{'momentum':>20}")
    for step in range(6):
        points = [found.trajectories[name].points[step] for name in ("SGD", "momentum")]
        print(f"{step:<20}" + "".join(f"{f'({x:.2f}, {y:.2f})':>20}" for x, y in points))
    if args.plot:
        shown = ["SGD", "momentum", "Nesterov", "RMSprop", "Adam"]
        axes = found.plot(new_axes(width=11), names=shown, steps=60)
        axes.set_title("f = (x²/100 + y²)/2")
        save(axes, __file__)


if __name__ == "__main__":
    main()
