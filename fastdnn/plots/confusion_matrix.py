"""A confusion matrix as a picture: counts in the cells, which are shaded by their share."""

from typing import TYPE_CHECKING

import numpy as np

from fastdnn.checks import choice
from fastdnn.data.table import shortened
from fastdnn.diagnose.confusion import ConfusionMatrix, normalized
from fastdnn.errors import expected
from fastdnn.plots.figure import new_axes

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WHERE = "plots.confusion_matrix"
_MAP = "Blues"  # its lightness falls all the way: in grey, too, dark is much
_DARK = 0.55  # of the map: from here on white text is easier to read
_INCHES, _MARGIN, _WIDEST = 0.55, 2.2, 14.0  # of a cell, beside them, of a figure
_WRITTEN = 40  # classes up to which a count fits its cell
_LABELLED = 60  # and a name its row
_LONG_NAME = 4  # characters, above which names across stand upright


def confusion_matrix(
    found: ConfusionMatrix, ax: "Axes | None" = None, *, normalize: str | None = "true"
) -> "Axes":
    """See `fastdnn.diagnose.ConfusionMatrix.plot`.

    >>> import fastdnn as fd
    >>> ax = fd.diagnose.confusion_matrix([0, 0, 1], [0, 1, 1], ["no", "yes"]).plot()
    >>> [text.get_text() for text in ax.texts]
    ['1', '1', '1']
    """
    if not isinstance(found, ConfusionMatrix):
        raise ValueError(expected(_WHERE, "what diagnose.confusion_matrix found", repr(found)))
    if normalize is not None:
        choice(_WHERE, "normalize", normalize, ("true", "pred", "all"))
    k = len(found.classes)
    size = min(_WIDEST, _MARGIN + _INCHES * max(k, 4))
    axes = new_axes(_WHERE, (size + 0.8, size)) if ax is None else ax
    shades = normalized(found.counts, normalize)
    top = float(shades.max()) if normalize is None else 1.0
    picture = axes.imshow(shades, cmap=_MAP, vmin=0.0, vmax=max(top, 1e-9))
    _write(axes, found.matrix, shades / max(top, 1e-9))
    names = [shortened(name) for name in found.classes] if k <= _LABELLED else []
    turned = 90 if any(len(name) > _LONG_NAME for name in names) else 0
    places = range(len(names))
    small = min(10.0, max(5.0, 200.0 / k))
    axes.set_xticks(places, names, rotation=turned, fontsize=small)
    axes.set_yticks(places, names, fontsize=small)
    axes.set_xticks(np.arange(k + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(k + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="0.85", linewidth=0.5)
    axes.tick_params(which="minor", length=0)
    axes.set_xlabel("class that was predicted")
    axes.set_ylabel("class of the example")
    axes.set_title(f"{found.wrong:,.6g} of {found.rows:,.6g} wrong ({100 * found.error:.2f} %)")
    shares = {"true": "the class's examples", "pred": "the predictions", "all": "all examples"}
    unit = "examples" if normalize is None else f"share of {shares[normalize]}"
    axes.figure.colorbar(picture, ax=axes, label=unit, shrink=0.8)
    return axes


def _write(axes: "Axes", matrix: np.ndarray, shades: np.ndarray) -> None:
    """The numbers, but zeros."""
    k = len(matrix)
    if k > _WRITTEN:
        return
    widest = max(len(_cell(value)) for value in matrix.ravel())
    size = min(10.0, 150.0 / k, 34.0 / max(widest, 1))
    for i, j in np.argwhere(matrix):
        ink = "white" if shades[i, j] >= _DARK else "black"
        axes.text(j, i, _cell(matrix[i, j]), ha="center", va="center", color=ink, fontsize=max(size, 4.0))


def _cell(value: float) -> str:
    return f"{value:.0f}" if float(value).is_integer() else f"{value:.2f}"
