"""Raw, centred, normalised and whitened data, and how round the loss becomes. Decks 000-002, 004."""

import numpy as np
from common import options, save

import fastdnn as fd


def steps_to_learn(z, t, most=5000):
    """Steps of descent at the best rate until a linear model misses 1 % of its target; the condition."""
    x = np.c_[z, np.ones(len(z))]  # the bias
    curvature = np.linalg.eigvalsh(2 * x.T @ x / len(x))  # of the mean squared error
    model = fd.Sequential(
        [fd.layers.Input((2,)), fd.layers.Dense(1, kernel_initializer="zeros")], seed=0, dtype="float64"
    )
    model.compile(fd.optimizers.SGD(2 / (curvature[0] + curvature[-1])), "mse")
    for step in range(most):
        if model.train_on_batch(z, t) < 0.01 * (t**2).mean():
            return step, curvature[-1] / curvature[0]
    return most, curvature[-1] / curvature[0]


def main():
    args = options(__doc__)
    rng = np.random.default_rng(0)
    raw = rng.normal(size=(200 if args.quick else 1000, 2)) @ [[3.0, 1.2], [0.0, 0.5]] + [4.0, 3.0]
    target = (raw - raw.mean(axis=0)) @ [1.0, -2.0]
    target /= target.std()
    sets = {
        "raw": raw,
        "centred": fd.data.StandardScaler(with_std=False).fit_transform(raw),
        "normalised": fd.data.StandardScaler().fit_transform(raw),
        "whitened (PCA)": fd.data.Whitening("pca").fit_transform(raw),
        "whitened (ZCA)": fd.data.Whitening("zca").fit_transform(raw),
    }
    print(f"{'':<16}{'mean':>16}{'variances':>16}{'covariance':>12}{'condition':>12}{'steps':>8}")
    for name, z in sets.items():
        (a, c), (_, b) = np.cov(z, rowvar=False, bias=True) + 0.0
        means = "{:.2f}, {:.2f}".format(*np.abs(z.mean(axis=0)))
        steps, condition = steps_to_learn(z, target)
        print(f"{name:<16}{means:>16}{f'{a:.2f}, {b:.2f}':>16}{abs(c):>12.2f}{condition:>12.1f}{steps:>8}")
    if args.plot:
        save(fd.plots.whitening(raw)[0, 0], __file__)


if __name__ == "__main__":
    main()
