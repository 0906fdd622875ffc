"""Data raw, centred, normalised, decorrelated and whitened."""

from typing import TYPE_CHECKING, Any

import numpy as np

from fastdnn.data import StandardScaler, Whitening
from fastdnn.features import as_features
from fastdnn.plots.figure import COLOURS, dress, grid_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WHERE = "whitening"
_MOST = 1000  # points in a panel: more are a blot
_MARGIN = 0.15  # of the width of the points


def whitening(x: Any = None, ax: Any = None, *, epsilon: float = 0.0) -> np.ndarray:
    """Draw two features raw, centred, normalised, decorrelated and whitened by PCA and by ZCA.

    Each panel's title has the variances of both features and their covariance; the arrows are the
    principal axes, one standard deviation long. Steps by `data.StandardScaler` and `data.Whitening`.

    Args:
        x: (examples, 2); default 500 points with unlike variances that go together. The first 1000 are drawn.
        ax: six Axes, or None for a figure.
        epsilon: ε of `data.Whitening`.

    Returns:
        (2, 3) array of Axes.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: an argument does not fit.

    Source: deck 004, "Data Normalization & Whitening", "Standard Normalization", "PCA Whitening"; deck 000,
    "NORMALIZING INPUTS".

    >>> import fastdnn as fd
    >>> panels = fd.plots.whitening()
    >>> [panel.get_title().splitlines()[0] for panel in panels.ravel()]
    ['raw', 'centred', 'normalised', 'decorrelated', 'whitened (PCA)', 'whitened (ZCA)']
    """
    raw = _example() if x is None else as_features(_WHERE, x, 2, "float64")
    pca = Whitening("pca", epsilon=epsilon).fit(raw)
    sets = {
        "raw": raw,
        "centred": StandardScaler(with_std=False).fit_transform(raw),
        "normalised": StandardScaler().fit_transform(raw),
        "decorrelated": (raw - pca.mean_) @ pca.components_.T,
        "whitened (PCA)": pca.transform(raw),
        "whitened (ZCA)": Whitening("zca", epsilon=epsilon).fit_transform(raw),
    }
    panels = grid_for(_WHERE, ax, 2, 3, (9, 7))
    for panel, (title, z) in zip(panels.ravel(), sets.items(), strict=True):
        _draw(panel, z, title)
    return panels


def _example() -> np.ndarray:
    random = np.random.default_rng(0)
    return random.normal(size=(500, 2)) @ [[3.0, 1.2], [0.0, 0.5]] + [4.0, 3.0]


def _draw(panel: "Axes", z: np.ndarray, title: str) -> None:
    covariance, mean = np.cov(z, rowvar=False, bias=True), z.mean(axis=0)
    values, vectors = np.linalg.eigh(covariance)
    panel.plot(*z[:_MOST].T, ".", color=COLOURS[0], markersize=3, alpha=0.6)
    panel.axhline(0, color="0.4", linewidth=0.8)
    panel.axvline(0, color="0.4", linewidth=0.8)
    for value, vector in zip(values, vectors.T, strict=True):
        end = mean + np.sqrt(max(value, 0.0)) * vector * np.sign(vector[np.abs(vector).argmax()])
        arrow = {"arrowstyle": "-|>", "color": COLOURS[1], "linewidth": 2.2, "shrinkA": 0, "shrinkB": 0}
        panel.annotate("", end, mean, arrowprops=arrow)
    (a, c), (_, b) = covariance + 0.0
    c = 0.0 if abs(c) < 1e-9 * np.sqrt(a * b) else c
    turned = title in ("decorrelated", "whitened (PCA)")
    names = ("component 1", "component 2") if turned else ("x₁", "x₂")
    dress(panel, *names, f"{title}\nvar {a:.3g} and {b:.3g}, cov {c:.3g}")
    panel.title.set_fontsize(10)
    low, high = min(z.min(), 0.0), max(z.max(), 0.0)
    margin = _MARGIN * ((high - low) or 1.0)
    panel.set(aspect="equal", xlim=(low - margin, high + margin), ylim=(low - margin, high + margin))
