"""Is a gradient right? Finite differences by ε, and slips in a layer of one's own. Decks 002, 003."""

import numpy as np
from common import LOSS, digits, new_axes, options, save

import fastdnn as fd
from fastdnn.diagnose import central_difference, five_point_difference, forward_difference

STENCILS = (forward_difference, central_difference, five_point_difference)
SLIPS = ("none", "no product rule", "mean, not sum", "0.1 % too much")


class Swish(fd.layers.Layer):
    """y = x σ(βx), a trained β for each unit: dy/dx = σ + βx σ(1 - σ), dy/dβ = x² σ(1 - σ); or a slip."""

    def build(self, input_shape):
        self.add_weight("beta", (input_shape[-1],), "ones")

    def forward(self, x, training):
        s = fd.activations.sigmoid(self.weight("beta") * x)
        return x * s, (x, s)  # what is kept for the way back

    def backward(self, dy, saved):
        x, s = saved
        product = 0 if self.slip == "no product rule" else self.weight("beta") * x * s * (1 - s)
        factor = 1.001 if self.slip == "0.1 % too much" else 1.0
        over_rows = np.mean if self.slip == "mean, not sum" else np.sum
        return factor * dy * (s + product), {"beta": over_rows(dy * x * x * s * (1 - s), axis=0)}


def main():
    args = options(__doc__)
    epsilons = np.logspace(-1, -9, 17)
    print(f"error of the slope of exp at 1\n{'ε':<9}" + "".join(f"{of.__name__:>24}" for of in STENCILS))
    errors = np.array([[abs(of(np.exp, 1.0, e) - np.e) for of in STENCILS] for e in epsilons])
    for e, row in zip(epsilons, errors, strict=True):
        print(f"{e:<9.1e}" + "".join(f"{error:>24.1e}" for error in row))
    train, dev = digits()
    print(f"\n{'slip':<18}{'ratio':>9}{'verdict':>9}{'dev error':>11}  gradients that differ")
    for slip in SLIPS:
        Swish.slip = slip
        layers = [fd.layers.Dense(16, name="in"), Swish(name="swish"), fd.layers.Dense(10, name="out")]
        model = fd.Sequential([fd.layers.Input((64,)), *layers], seed=0)
        model.compile(fd.optimizers.Adam(0.01), LOSS, metrics=["accuracy"])
        found = model.check_gradients(*train)
        model.fit(*train, epochs=5 if args.quick else 20)
        told = f"{found.ratio:>9.0e}{found.verdict:>9}{100 * (1 - model.evaluate(*dev)[1]):>9.1f} %"
        print(f"{slip:<18}{told}  {', '.join(found.differing)}")
    if args.plot:
        axes = new_axes(width=6)
        for of, values, style in zip(STENCILS, errors.T, ("-o", "--s", ":^"), strict=True):
            axes.loglog(epsilons, values, style, label=of.__name__)
        axes.set(xlabel="ε", ylabel="error of the slope of exp at 1")
        axes.legend()
        save(axes, __file__)


if __name__ == "__main__":
    main()
