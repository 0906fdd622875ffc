"""The learning curve of a model that was changed while it trained."""

from collections.abc import Sequence
from itertools import groupby
from typing import TYPE_CHECKING

from fastdnn.callbacks import History
from fastdnn.callbacks.change import Change
from fastdnn.errors import expected
from fastdnn.plots.figure import axes_for, legend_beside
from fastdnn.plots.learning_curve import learning_curve

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_WIDE = 44  # letters of a legend's line
_MOST = 12  # places that a legend names


def babysitting(history: History, figures: Sequence[str] = ("loss",), ax: "Axes | None" = None) -> "Axes":
    """Draw `learning_curve`, with a numbered line where each change that `fd.tune.Babysitter` made begins to
    hold; the legend says when, and what it was. Changes of one place share a line.

    An epoch's figures are drawn at its number, and the epoch reaches from half before it to half behind it:
    what holds from the begin of epoch 5 on is drawn at 4.5, between the last figures that it had no part in
    and the first that it had.

    Args:
        history: what `fit` returned, or `model.history`.
        figures: as of `learning_curve`.
        ax: where to draw; None makes a figure of its own, without a window.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: it is no history, has no epochs, or no such figure.

    >>> import fastdnn as fd
    >>> x, y = fd.data.load_digits()
    >>> model = fd.Sequential([fd.layers.Input((64,)), fd.layers.Dense(10)], seed=0)
    >>> model.compile("adam", fd.losses.SparseCategoricalCrossentropy(from_logits=True))
    >>> sitter = fd.tune.Babysitter()
    >>> sitter.change(learning_rate=0.01)
    >>> history = model.fit(x / 16, y, epochs=2, callbacks=[sitter])
    >>> ax = fd.plots.babysitting(history)
    >>> ax.get_legend().get_texts()[-1].get_text()
    'epoch 1: learning_rate 0.001 → 0.01'
    """
    if not isinstance(history, History):
        raise ValueError(expected("babysitting", "a History of fit", type(history).__name__))
    axes = learning_curve(history, figures, axes_for("babysitting", ax, (9.5, 4.8)))
    steps = _steps_of(history)
    ordered = sorted(history.changes, key=lambda change: _place(change, steps))
    groups = [list(group) for _, group in groupby(ordered, lambda change: change.place)]
    for number, changes in enumerate(groups, 1):
        _mark(axes, number, _place(changes[0], steps), _words(changes) if number <= _MOST else "")
    if len(groups) > _MOST:
        axes.plot([], [], linestyle="none", label=f"and {len(groups) - _MOST} more")
    _make_room(axes, [_place(changes[0], steps) for changes in groups])
    legend_beside(axes, ax, fontsize=8, handlelength=2)
    return axes


def _steps_of(history: History) -> int:
    """Of an epoch; one where that is not known."""
    return getattr(history, "params", {}).get("steps") or 1


def _place(change: Change, steps: int) -> float:
    """Where an epoch reaches from half before its number to half behind it."""
    if change.step is None:
        return change.epoch + 0.5
    return change.epoch - 0.5 + min((change.step - 1) / steps, 1.0)


def _words(changes: Sequence[Change]) -> str:
    """When and what was changed at one place, in lines that fit beside the picture."""
    named: dict[tuple[str, float | None, float | None, str], list[str]] = {}
    for change in changes:  # those of several layers in one line
        owner, _, word = change.name.rpartition("/")
        named.setdefault((word, change.old, change.new, change.note), []).append(owner)
    lines = []
    for (word, old, new, note), owners in named.items():
        many = len(owners) > 1
        name = f"{word} ({len(owners)} of them)" if many else "/".join(filter(None, [owners[0], word]))
        lines.append(Change(1, 1, name, old, new).what)
        if note and note not in lines:
            lines.append(f"“{note}”")
    lines[0] = f"{changes[0].place}: {lines[0]}"
    return "\n".join(part for line in lines for part in _cut(line))


def _cut(line: str) -> list[str]:
    """At spaces, into parts of a legend's width; a word that is longer is shortened in its middle."""
    parts = [""]
    for word in line.split():
        short = word if len(word) <= _WIDE else f"{word[: _WIDE // 2 - 1]}…{word[-_WIDE // 2 :]}"
        if parts[-1] and len(parts[-1]) + 1 + len(short) > _WIDE:
            parts.append(f"   {short}")
        else:
            parts[-1] += f" {short}" if parts[-1] else short
    return parts


def _mark(axes: "Axes", number: int, place: float, words: str) -> None:
    """A line from top to bottom, and its number with words for the legend."""
    axes.axvline(place, color="0.25", linewidth=1.2, linestyle=(0, (1, 1.5)), zorder=1)
    if words:
        axes.plot([], [], linestyle="none", color="black", marker=f"${number}$", markersize=8, label=words)


def _make_room(axes: "Axes", places: Sequence[float]) -> None:
    """The numbers above the axes, in as many rows as they need not to touch."""
    low, high = axes.get_xlim()
    low, high = min([low, *places]), max([high, *places])
    axes.set_xlim(low, high)
    ends: list[float] = []
    for number, place in enumerate(places, 1):
        share = (place - low) / (high - low)
        row = next((row for row, end in enumerate(ends) if share - end > 0.035), len(ends))
        ends[row : row + 1] = [share]
        axes.annotate(
            str(number),
            (place, 1),
            (0, 3 + 12 * row),
            xycoords=("data", "axes fraction"),
            textcoords="offset points",
            ha="center",
            fontsize=9,
            fontweight="bold",
        )
