"""The risk-coverage curve: the error among accepted answers, by how many are rejected."""

from typing import TYPE_CHECKING

import numpy as np

from fastdnn.diagnose.trust import Trust
from fastdnn.errors import expected
from fastdnn.plots.figure import COLOURS, axes_for, dress, legend_beside

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WHERE = "plots.risk_coverage"


def risk_coverage(found: Trust, ax: "Axes | None" = None) -> "Axes":
    """See `fastdnn.diagnose.Trust.plot`.

    >>> import fastdnn as fd
    >>> ax = fd.diagnose.trust([[0.9, 0.1], [0.6, 0.4], [0.8, 0.2]], y_true=[0, 1, 0]).plot()
    >>> [text.get_text() for text in ax.get_legend().get_texts()]
    ['by margin', 'mistakes first', 'at random']
    """
    if not isinstance(found, Trust):
        raise ValueError(expected(_WHERE, "what diagnose.trust found", repr(found)))
    if found.curve is None or found.error is None:
        hint = "trust(outputs, y_true=y)"
        raise ValueError(expected(_WHERE, "labels, to know the errors", "none", hint))
    axes = axes_for(_WHERE, ax, (7, 4.5))
    curve, error = found.curve, found.error
    rejected = 100 * (1 - curve.coverage)
    label = f"by {found.measure}"
    axes.step(rejected, 100 * curve.error, where="post", color=COLOURS[0], linewidth=2, label=label)
    share = np.linspace(0, 1, 201)[:-1]
    best = np.maximum(error - share, 0) / (1 - share)
    axes.plot(100 * share, 100 * best, color=COLOURS[2], linestyle="--", label="mistakes first")
    axes.axhline(100 * error, color="0.5", linestyle=":", label="at random")
    if np.isfinite(found.threshold) and found.coverage < 1:
        place = (100 * (1 - found.coverage), 100 * (found.error_accepted or 0.0))
        label = f"{found.measure} ≥ {found.threshold:.3g}:\n{place[1]:.2f} % wrong"
        axes.plot(*place, "o", color=COLOURS[1], markersize=9, linestyle="none", label=label)
    axes.set_xlim(-2, 102)
    axes.set_ylim(bottom=0, top=max(1.15 * 100 * max(error, curve.error.max()), 1e-3))
    dress(axes, "answers rejected (% of examples)", "error of the accepted (%)", "what rejecting gains")
    legend_beside(axes, ax)
    return axes
