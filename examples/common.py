"""What the scripts share: their two options, the digits, and pictures without a window."""

import argparse
from pathlib import Path

import fastdnn as fd

LOSS = fd.losses.SparseCategoricalCrossentropy(from_logits=True)


def options(text):
    """--quick and --plot."""
    parser = argparse.ArgumentParser(description=text)
    parser.add_argument("--quick", action="store_true", help="a smaller run, for a first look and for tests")
    parser.add_argument(
        "--plot", action="store_true", help="save a picture beside the script (needs matplotlib)"
    )
    return parser.parse_args()


def digits(dev=0.3, test=0.0):
    """Train and dev set of the digits in the package, pixels from 0 to 1."""
    x, y = fd.data.load_digits()
    train, dev, _ = fd.data.train_dev_test_split(x / 16, y, dev=dev, test=test, stratify=y)
    return train, dev


def new_axes(columns=1, width=5.0):
    """Axes side by side, for a picture without a window."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    _, axes = plt.subplots(1, columns, figsize=(width * columns, 4.2), layout="constrained")
    return axes


def save(axes, script):
    """Write the picture of these axes beside the script."""
    path = Path(script).with_suffix(".png")
    axes.figure.savefig(path, dpi=120)
    print(f"saved {path}")
