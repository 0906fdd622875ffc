"""A confusion matrix as a picture: counts in the cells, which are shaded by their share."""

from typing import TYPE_CHECKING

import numpy as np

from fastdnn.checks import choice
from fastdnn.data.table import shortened
from fastdnn.diagnose.confusion import ConfusionMatrix, normalized
from fastdnn.errors import expected
from fastdnn.plots.figure import axes_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WHERE = "plots.confusion_matrix"
_MAP = "Blues"  # its lightness falls all the way: in grey, too, dark is much
_DARK = 0.55  # of the map: from here on white text is easier to read
_INCHES, _MARGIN, _WIDEST = 0.55, 2.2, 14.0  # of a cell, beside them, of a figure
_SMALLEST, _LARGEST = 4.5, 10.0  # points of a text that can be read: below it there is none
_LEFT = 0.8  # of the axes as they are made, what names and the colour bar leave
_WIDE, _HIGH = 0.65, 1.25  # of a digit and of a line, by the size of their letters
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
    inches = min(_WIDEST, _MARGIN + _INCHES * max(k, 4))
    axes = axes_for(_WHERE, ax, (inches + 1.8, inches))
    shades = normalized(found.counts, normalize)
    top = float(shades.max()) if normalize is None else 1.0
    picture = axes.imshow(shades, cmap=_MAP, vmin=0.0, vmax=max(top, 1e-9))
    cell = _LEFT * 72 / axes.figure.dpi * min(axes.bbox.width, axes.bbox.height) / k
    _write(axes, found.matrix, shades / max(top, 1e-9), cell)
    size = min(_LARGEST, cell / _HIGH)
    names = [shortened(name) for name in found.classes] if size >= _SMALLEST else []
    turned = 90 if any(len(name) > _LONG_NAME for name in names) else 0
    axes.set_xticks(range(len(names)), names, rotation=turned, fontsize=size)
    axes.set_yticks(range(len(names)), names, fontsize=size)
    axes.set_xticks(np.arange(k + 1) - 0.5, minor=True)
    axes.set_yticks(np.arange(k + 1) - 0.5, minor=True)
    axes.grid(which="minor", color="0.85", linewidth=0.5)
    axes.tick_params(which="minor", length=0)
    axes.set_xlabel("class that was predicted")
    axes.set_ylabel("class of the example")
    axes.set_title(f"{found.wrong:,.6g} of {found.rows:,.6g} wrong ({100 * found.error:.2f} %)")
    shares = {"true": "the class's examples", "pred": "the predictions", "all": "all examples"}
    unit = "examples" if normalize is None else f"share of {shares[normalize]}"
    beside = axes.inset_axes((1.03, 0.1, 0.04, 0.8))  # of the matrix, which is square where its place is not
    axes.figure.colorbar(picture, cax=beside, label=unit)
    return axes


def _write(axes: "Axes", matrix: np.ndarray, shades: np.ndarray, cell: float) -> None:
    """The numbers, but zeros, as large as a cell of so many points allows."""
    texts = {(i, j): _cell(matrix[i, j]) for i, j in np.argwhere(matrix).tolist()}
    widest = max((len(text) for text in texts.values()), default=1)
    size = min(_LARGEST, cell / (_WIDE * (widest + 1)))
    if size < _SMALLEST:
        return
    for (i, j), text in texts.items():
        ink = "white" if shades[i, j] >= _DARK else "black"
        axes.text(j, i, text, ha="center", va="center", color=ink, fontsize=size)


def _cell(value: float) -> str:
    return f"{value:.0f}" if float(value).is_integer() else f"{value:.2f}"
