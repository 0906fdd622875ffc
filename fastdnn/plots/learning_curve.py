"""How the figures of a fit went from epoch to epoch."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from fastdnn.callbacks import History
from fastdnn.callbacks.monitored_figure import higher_is_better
from fastdnn.errors import expected, unknown_name
from fastdnn.plots.figure import axes_for, dress, legend_beside, plain_look, with_unit

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def learning_curve(
    history: "History | Mapping[str, Sequence[float]]",
    figures: Sequence[str] = ("loss",),
    ax: "Axes | None" = None,
) -> "Axes":
    """Draw figures of a fit over its epochs, those of the training set and of the held-out (dev) set.

    The best epoch of the first figure is marked, of the dev set where there is one: the highest of accuracies
    and their like, as `callbacks.EarlyStopping` knows them, the lowest of losses and errors.

    Args:
        history: what `fit` returned, or its `.history`.
        figures: names in the history, such as "loss" or "accuracy"; their "val_" twins are drawn with them.
        ax: where to draw; None makes a figure of its own, without a window, which
            `ax.figure.savefig("loss.png")` writes.

    Returns:
        The axes, for whatever else is to be changed, such as `ax.set_yscale("log")`.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: no such figure, or no epochs.

    >>> import fastdnn as fd
    >>> ax = fd.plots.learning_curve({"loss": [2.0, 1.0, 0.5], "val_loss": [2.0, 1.2, 1.3]})
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('epoch', 'loss')
    """
    chosen = _chosen(history.history if isinstance(history, History) else history, figures)
    axes = axes_for("learning_curve", ax, (8.5, 4.5))
    from matplotlib.ticker import MaxNLocator

    for index, (name, values) in enumerate(chosen.items()):
        axes.plot(
            range(1, len(values) + 1),
            values,
            label=_label(name),
            marker="o" if len(values) == 1 else None,
            **plain_look(index),
        )
    names = [name for name in chosen if not name.startswith("val_")]
    _mark_best(axes, chosen, f"val_{names[0]}" if f"val_{names[0]}" in chosen else names[0])
    dress(axes, "epoch", with_unit(names[0]) if len(names) == 1 else ", ".join(map(_words, names)))
    axes.xaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10], min_n_ticks=1))
    legend_beside(axes)
    return axes


def _chosen(history: Mapping[str, Sequence[float]], figures: Sequence[str]) -> dict[str, Sequence[float]]:
    """The figures and their twins."""
    wanted = [figures] if isinstance(figures, str) else list(figures)
    if not wanted:
        raise ValueError(
            expected("learning_curve", "at least one figure", "none", 'such as figures=("loss",)')
        )
    if not any(len(values) for values in history.values()):
        raise ValueError(
            expected("learning_curve", "a history of at least one epoch", "none", "call fit first")
        )
    for name in wanted:
        if name not in history:
            raise unknown_name("learning_curve", "a figure of the history", name, history)
    names = [name for figure in wanted for name in (figure, f"val_{figure}") if name in history]
    return {name: history[name] for name in dict.fromkeys(names)}


def _label(name: str) -> str:
    """train loss, dev loss."""
    part, figure = ("dev", name[4:]) if name.startswith("val_") else ("train", name)
    return f"{part} {_words(figure)}"


def _words(figure: str) -> str:
    return figure.replace("_", " ")


def _mark_best(ax: "Axes", chosen: Mapping[str, Sequence[float]], name: str) -> None:
    """A ring and a line at the best epoch, with its number in the legend."""
    sign = -1 if higher_is_better(name) else 1
    finite = [(sign * value, epoch) for epoch, value in enumerate(chosen[name], 1) if math.isfinite(value)]
    if not finite:
        return
    value, epoch = min(finite)
    ax.axvline(epoch, color="0.5", linewidth=1, linestyle=":", zorder=0)
    ax.plot(
        [epoch],
        [sign * value],
        linestyle="none",
        marker="o",
        markersize=9,
        markerfacecolor="none",
        markeredgecolor="black",
        markeredgewidth=1.5,
        zorder=3,
        label=f"best {_label(name)}: {sign * value:.4g}, epoch {epoch}",
    )
