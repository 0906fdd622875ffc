"""Bars of the errors on each set, with the gaps between them named."""

from typing import TYPE_CHECKING, Any

from fastdnn.diagnose.bias_variance import BiasVariance
from fastdnn.errors import expected
from fastdnn.plots.figure import COLOURS, axes_for

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_HATCHES = {"human": "", "perfect": "", "train": "//", "dev": "..", "test": "xx"}  # told apart in grey, too


def bias_variance(found: BiasVariance, ax: "Axes | None" = None) -> "Axes":
    """Draw what `fastdnn.diagnose.bias_variance` found: a bar for each set, an arrow for each gap.

    Args:
        found: the result.
        ax: where to draw; None makes a figure of its own, without a window.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: it is no such result.

    >>> import fastdnn as fd
    >>> ax = fd.diagnose.bias_variance(0.15, 0.3).plot()
    >>> [label.get_text() for label in ax.get_xticklabels()]
    ['perfect', 'train', 'dev']
    """
    if not isinstance(found, BiasVariance):
        raise ValueError(expected("plots.bias_variance", "what diagnose.bias_variance found", repr(found)))
    axes = axes_for("plots.bias_variance", ax, (7, 4.5))
    errors = {found.least: found.human_error, "train": found.train_error, "dev": found.dev_error}
    if found.test_error is not None:
        errors["test"] = found.test_error
    heights = {name: 100 * error for name, error in errors.items()}
    top = max(*heights.values(), 1.0)
    for place, (name, height) in enumerate(heights.items()):
        look: dict[str, Any] = {
            "color": COLOURS[place],
            "alpha": 0.75,
            "hatch": _HATCHES[name],
            "edgecolor": "white",
        }
        axes.bar(place, height, width=0.4, **look)
        axes.text(place, height + 0.015 * top, f"{height:.3g} %", ha="center", va="bottom")
    names = list(heights)
    gaps = {"train": "bias", "dev": "variance", "test": "test - dev"}
    for place, name in enumerate(names[1:], start=1):
        ends = (heights[names[place - 1]], heights[name])
        _gap(axes, place, ends, gaps[name], 100 * found.threshold, top, ax is not None)
    axes.set_xticks(range(len(names)), names)
    label = "error, 1 - R² (%)" if found.regression else "error (%)"
    axes.set(ylabel=label, xlim=(-0.4, len(names) - 0.6), ylim=(0, (1.25 if ax is None else 1.4) * top))
    limit = f" (a gap above {100 * found.threshold:g} points is high)" if ax is None else ""
    axes.set_title(found.verdict.replace("_", " ") + limit)
    axes.grid(axis="y", alpha=0.3)
    axes.set_axisbelow(True)
    return axes


def _gap(
    axes: "Axes", place: int, ends: tuple[float, float], name: str, limit: float, top: float, narrow: bool
) -> None:
    """An arrow beside the bar from the last one's height to its own; of a short one the name is above it,
    where it covers no height. In a narrow panel the words are short, and legible also over a bar.
    """
    (low, high), x = ends, place - 0.28
    axes.plot([place - 0.8, place - 0.2], [low, low], color="0.4", linewidth=0.8, linestyle=":")
    arrow = {"arrowstyle": "<->", "color": "black", "linewidth": 1.2, "shrinkA": 0, "shrinkB": 0}
    if high != low:
        axes.annotate("", (x, high), (x, low), arrowprops=arrow)
    weight = "bold" if high - low > limit else "normal"
    text = f"{name}\n{high - low:.3g}" + ("" if narrow else " points")
    look: dict[str, Any] = {"ha": "right", "fontsize": 8 if narrow else 10, "fontweight": weight}
    if narrow:
        look["bbox"] = {"facecolor": "white", "alpha": 0.8, "edgecolor": "none", "pad": 0.5}
    if abs(high - low) < 0.3 * top:
        above = 0.14 if narrow else 0.08
        axes.text(x + 0.06, max(low, high) + above * top, text, va="bottom", **look)
    else:
        axes.text(x - 0.04, (low + high) / 2, text, va="center", **look)
