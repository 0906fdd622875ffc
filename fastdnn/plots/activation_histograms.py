"""What ten layers make of the data before training, by how their weights are drawn."""

import warnings
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from fastdnn import initializers
from fastdnn.activations import Activation
from fastdnn.activations import check as check_name
from fastdnn.checks import whole
from fastdnn.errors import EqualUnitsWarning, expected
from fastdnn.features import as_features
from fastdnn.layers import Dense, Input
from fastdnn.plots.figure import COLOURS, dress, grid_for, label_edges
from fastdnn.sequential import Sequential

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WHERE = "activation_histograms"
_BINS = 41  # odd: one of them is about 0
_ROWS = 256  # of the digits: 256 · 500 numbers a layer are a smooth histogram
_MOST = 1024  # rows: of ten layers of 500 units 20 MB
_WIDTH = 0.45  # of the fullest bin, to either side: those of neighbours do not touch
_DECK = {
    "0.01 N": initializers.RandomNormal(stddev=0.01),
    "1.0 N": initializers.RandomNormal(stddev=1.0),
    "Xavier": initializers.get("xavier"),
    "He": initializers.get("he"),
}


def activation_histograms(
    x: Any = None,
    ax: Any = None,
    *,
    activations: "Sequence[Activation]" = ("tanh", "relu"),
    initial: "Mapping[str, Any] | None" = None,
    layers: int = 10,
    units: int = 500,
    seed: int = 0,
) -> np.ndarray:
    """Draw the histograms of the activations of each layer of a deep network, before training.

    Each panel is a network of `layers` dense layers; each layer's histogram stands upright at its number, its
    width the share of the activations in a bin. The title has the standard deviation in the first and in the
    last layer: where it dwindles, gradients vanish; where it explodes, so do they; activations at -1 and 1 of
    tanh are saturated.

    Args:
        x: (examples, features), of which 1024 at most are taken, evenly spaced; default 256 of the digits,
            standardised.
        ax: as many Axes as panels, or None for a figure; see Returns.
        activations: names or functions of `fastdnn.activations`, a row of panels each.
        initial: {title: name or object of `fastdnn.initializers`}, a column each; default the deck's 0.01 N
            and 1.0 N, Xavier and He.
        layers: how many, default 10.
        units: of each, default 500.
        seed: of the weights.

    Returns:
        (activations, initialisations) array of Axes.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: an argument does not fit.

    Source: deck 004, "Random Initialization of Weights", "How to find the appropriate range?".

    >>> import fastdnn as fd
    >>> panels = fd.plots.activation_histograms(layers=3, units=64)
    >>> panels.shape, panels[1, 3].get_title().splitlines()[0]
    ((2, 4), 'relu, He')
    """
    names = _names(activations)
    chosen = _initial(initial)
    deep, wide = whole(_WHERE, "layers", layers, 1), whole(_WHERE, "units", units, 1)
    data = _digits() if x is None else _spaced(as_features(_WHERE, x, None, "float32"), _MOST)
    found = {
        (name, title): _outputs(data, name, drawn, deep, wide, whole(_WHERE, "seed", seed))
        for name in names
        for title, drawn in chosen.items()
    }
    rows, columns = len(names), len(chosen)
    panels = grid_for(_WHERE, ax, rows, columns, (2.3 * max(columns, 2) + 0.4, 2.5 * rows + 0.2))
    for panel, ((name, title), values) in zip(panels.ravel(), found.items(), strict=True):
        _draw(panel, values)
        ends = " → ".join(_two_digits(v.std()) for v in (values[0], values[-1]))
        dress(panel, "layer", "activation", f"{name}, {title}\nstd {ends}")
        panel.title.set_fontsize(10)
    label_edges(panels, panels.size)
    return panels


def _names(given: Any) -> list[str]:
    one = isinstance(given, str) or callable(given)
    names = [given] if one else list(given) if isinstance(given, Sequence) else []
    if not names:
        raise ValueError(expected(_WHERE, "activations as a list of names", repr(given)))
    return list(dict.fromkeys(check_name(_WHERE, name) for name in names))


def _initial(given: Any) -> dict[str, Any]:
    chosen = _DECK if given is None else given
    if not isinstance(chosen, Mapping) or not chosen:
        raise ValueError(expected(_WHERE, "initial as {title: initialiser}", repr(given)))
    return {str(title): initializers.get(each, _WHERE) for title, each in chosen.items()}


def _digits() -> np.ndarray:
    from fastdnn.data import StandardScaler, load_digits

    scaled: np.ndarray = StandardScaler().fit_transform(load_digits()[0])
    return _spaced(scaled, _ROWS)


def _spaced(x: np.ndarray, most: int) -> np.ndarray:
    """So many rows at most, from the first to the last."""
    return x if len(x) <= most else x[np.linspace(0, len(x) - 1, most).astype(int)]


def _outputs(
    x: np.ndarray, activation: str, initial: Any, layers: int, units: int, seed: int
) -> list[np.ndarray]:
    """What each layer gives, all of it in one row."""
    names = [f"layer_{number + 1}" for number in range(layers)]
    hidden = [Dense(units, activation, kernel_initializer=initial, name=name) for name in names]
    with warnings.catch_warnings():  # equal units may be what is to be shown
        warnings.simplefilter("ignore", EqualUnitsWarning)
        found = Sequential([Input((x.shape[1],)), *hidden], seed=seed).layer_outputs(x, names)
    return [found[name].ravel().astype(np.float64) for name in names]


def _draw(panel: "Axes", layers: list[np.ndarray]) -> None:
    from matplotlib.collections import PolyCollection

    edges = _edges(layers)
    heights = np.repeat(edges, 2)[1:-1]
    shapes = []
    for number, values in enumerate(layers, start=1):
        counts, _ = np.histogram(np.clip(values, edges[0], edges[-1]), edges)
        scale = np.histogram(values[values != 0], edges)[0].max() or counts.max()
        widths = _WIDTH * np.minimum(1, counts / scale)  # the zeros of a relu would make all else thin
        sides = np.repeat(widths, 2)
        right, left = np.c_[number + sides, heights], np.c_[number - sides, heights]
        shapes.append(np.concatenate([right, left[::-1]]))
    # Without edges and snapping, nothing is drawn where the width is 0.
    area: dict[str, Any] = {"facecolors": COLOURS[0], "linewidths": 0, "snap": False}
    panel.add_collection(PolyCollection(shapes, **area), autolim=False)
    panel.set(xlim=(0.3, len(layers) + 0.7), ylim=(1.05 * edges[0] - 0.05 * edges[-1], 1.05 * edges[-1]))
    panel.set_xticks(np.unique(np.linspace(1, len(layers), 4).round()))
    panel.yaxis.set_major_formatter(lambda value, _: _two_digits(value))


def _edges(layers: list[np.ndarray]) -> np.ndarray:
    """Of the bins: about 0 to either side, or from a bin of zeros up; rare values are counted at the ends."""
    high = max(np.quantile(np.abs(values), 0.999) for values in layers) or 1.0
    negative = min(values.min() for values in layers) < 0
    return np.linspace(-high if negative else -high / _BINS, high, _BINS + 1)


def _two_digits(value: float) -> str:
    return f"{value:.2g}".replace("e-0", "e-").replace("e+0", "e").replace("e+", "e")
