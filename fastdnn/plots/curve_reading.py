"""Learning curves with what was read of them."""

from typing import TYPE_CHECKING, Any

import numpy as np

from fastdnn.diagnose.curve_reading import CurveReading
from fastdnn.errors import expected
from fastdnn.plots.figure import COLOURS, axes_for, legend_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_RATES = {
    "too_high": "learning rate too high",
    "too_low": "learning rate too low",
    "good": "learning rate good",
    "unknown": "learning rate not told by these curves",
}


def curve_reading(found: CurveReading, ax: "Axes | None" = None) -> "Axes":
    """Draw what `fastdnn.diagnose.read_curve` read: the curves, the gap between them, the best epoch, the
    epoch in which the loss was no longer finite; what was concluded is in the title.

    Args:
        found: the result.
        ax: where to draw; None makes a figure of its own, without a window.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: it is no such result.

    >>> import fastdnn as fd
    >>> ax = fd.diagnose.read_curve({"loss": [2.0, 1.0, 0.5, 0.4], "val_loss": [2.1, 1.2, 0.9, 0.9]}).plot()
    >>> ax.get_ylabel()
    'loss'
    """
    if not isinstance(found, CurveReading):
        raise ValueError(expected("plots.curve_reading", "what diagnose.read_curve read", repr(found)))
    axes = axes_for("plots.curve_reading", ax, (7, 4.5))
    from matplotlib.ticker import MaxNLocator

    epochs = np.arange(1, len(found.train) + 1)
    sets = {"train": found.train, **({} if found.dev is None else {"dev": found.dev})}
    for index, (name, values) in enumerate(sets.items()):
        finite = np.isfinite(values)
        look: dict[str, Any] = {
            "color": COLOURS[index],
            "linestyle": ("-", "--")[index],
            "marker": "os"[index],
        }
        every = max(1, len(values) // 15)
        axes.plot(epochs[finite], values[finite], markersize=4, markevery=every, label=name, **look)
    if found.dev is not None:
        both = np.isfinite(found.train) & np.isfinite(found.dev)
        label = (
            f"gap {found.gap:.3g}" if found.gap is not None and found.gap_figure == found.figure else "gap"
        )
        curves = (found.train[both], found.dev[both])
        axes.fill_between(epochs[both], *curves, color="0.6", alpha=0.25, linewidth=0, label=label)
    _marks(axes, found)
    axes.set(xlabel="epoch", ylabel=found.figure.replace("_", " "), title=_title(found))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    if not epochs.size:
        axes.set_xlim(0.5, 1.5)
    axes.grid(alpha=0.3)
    legend_for(axes, ax)
    return axes


def _marks(axes: "Axes", found: CurveReading) -> None:
    """Lines at the epochs that were told."""
    if found.diverged is not None:
        label = f"not finite: epoch {found.diverged}"
        axes.axvline(found.diverged, color=COLOURS[1], linewidth=2, linestyle="-.", label=label)
    if found.diverged != 1:
        word = "best, then worse" if found.turns else "best"
        label = f"{word}: epoch {found.best_epoch}"
        axes.axvline(found.best_epoch, color="black", linewidth=1, linestyle=":", label=label)


def _title(found: CurveReading) -> str:
    said = [_RATES[found.rate]]
    said += ["overfits"] if found.overfits else []
    said += ["plateau"] if found.plateau else []
    said += ["still improving"] if found.goes_on and not found.turns else []
    return ", ".join(said)
