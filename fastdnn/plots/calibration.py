"""The reliability diagram: how often a network is right, by how sure it is."""

from typing import TYPE_CHECKING, Any

import numpy as np

from fastdnn.diagnose.calibration import Calibration
from fastdnn.errors import expected
from fastdnn.plots.figure import COLOURS, axes_for, legend_beside

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WHERE = "plots.calibration"
_STRIP = 0.3  # below 0, where the counts of the bins stand: no curve can come there
_BARS = 0.2  # of it, the height of the fullest bin
_WRITTEN = 12  # bins up to which a count has room


def calibration(found: Calibration, ax: "Axes | None" = None) -> "Axes":
    """See `fastdnn.diagnose.Calibration.plot`.

    >>> import fastdnn as fd
    >>> ax = fd.diagnose.calibration([0, 0, 0, 1], [[0.9, 0.1]] * 4).plot()
    >>> ax.get_xlabel()
    'confidence (probability of the winning class)'
    """
    if not isinstance(found, Calibration):
        raise ValueError(expected(_WHERE, "what diagnose.calibration found", repr(found)))
    axes = axes_for(_WHERE, ax, (7, 4.5))
    filled = found.counts > 0
    sure, right = found.confidence[filled], found.accuracy[filled]
    axes.plot([0, 1], [0, 1], color="0.5", linestyle=":", label="as sure as right")
    axes.vlines(sure, sure, right, color=COLOURS[1], linewidth=5, alpha=0.35, label="gap")
    what = "accuracy" if found.of == "top" else f"share of {found.of!r}"
    axes.plot(sure, right, color=COLOURS[0], marker="o", linewidth=2, label=f"{what} of a bin")
    _counts(axes, found, filled)
    axes.set(xlim=(-0.02, 1.02), ylim=(-_STRIP, 1.04))
    axes.set_yticks(np.linspace(0, 1, 6))
    of = "the winning class" if found.of == "top" else f"class {found.of!r}"
    axes.set_xlabel(f"confidence (probability of {of})")
    axes.set_ylabel("right (share of examples)" if found.of == "top" else what + " (of examples)")
    axes.set_title(
        f"calibration error {100 * found.expected_error:.1f} %, temperature {found.temperature:.2f}"
    )
    axes.grid(alpha=0.3)
    legend_beside(axes, ax)
    return axes


def _counts(axes: "Axes", found: Calibration, filled: np.ndarray) -> None:
    """A strip below the diagram: how many examples each bin has."""
    edges, widths = found.edges[:-1], np.diff(found.edges)
    heights = _BARS * found.counts / found.counts.max()
    axes.axhline(0, color="0.3", linewidth=0.8)
    look: dict[str, Any] = {"align": "edge", "color": "0.8", "edgecolor": "0.5", "linewidth": 0.5}
    axes.bar(edges, heights, widths, bottom=-_STRIP, label="examples of a bin", **look)
    if len(edges) > _WRITTEN:
        return
    for b in np.flatnonzero(filled):
        place = (edges[b] + widths[b] / 2, -_STRIP + heights[b] + 0.01)
        axes.text(*place, f"{found.counts[b]:.4g}", ha="center", va="bottom")
