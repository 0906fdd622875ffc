"""Which hyper-parameters tell the best trials of a search from the others."""

from typing import TYPE_CHECKING

from fastdnn.errors import expected
from fastdnn.plots.figure import COLOURS, HATCHES, axes_for, dress
from fastdnn.plots.study_axes import shortened, trials_of
from fastdnn.tune.study import Study

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_LETTERS, _LETTERS_BESIDE = 32, 14  # of a name, in a figure of its own and among other pictures


def study_importance(study: Study, ax: "Axes | None" = None) -> "Axes":
    """Draw how much each parameter tells the best trials of `fd.tune.search` from the others:
    `Study.importances`, the most important at the top; hatched and pale where it may be chance.

    Args:
        study: what `fd.tune.search` returned.
        ax: where to draw; None makes a figure of its own, without a window.

    Raises:
        ImportError: matplotlib is not installed.
        ValueError: it is no study, has no trials, or too few to tell.

    >>> import fastdnn as fd
    >>> given = {"a": fd.tune.uniform(0, 1), "b": fd.tune.uniform(0, 1), "c": fd.tune.uniform(0, 1)}
    >>> space = fd.tune.Space.of("example", given)
    >>> values = [space.draw(seed=0, trial=number) for number in range(50)]
    >>> trials = [fd.tune.Trial(n, p, seed=n, value=p["b"] ** 2) for n, p in enumerate(values)]
    >>> study = fd.tune.Study(tuple(trials), 50, "val_loss", "min", "random", space)
    >>> fd.plots.study_importance(study).get_yticklabels()[-1].get_text()  # the top
    'b'
    """
    trials_of("study_importance", study)
    found = study.importances()
    shares = sorted(found.items(), key=lambda item: item[1])
    if not shares:
        raise ValueError(expected("study_importance", "parameters that were searched", "none"))
    axes = axes_for("study_importance", ax, (8, 1.5 + 0.4 * len(shares)))
    known = [name in found.beyond_chance for name, _ in shares]
    places = range(len(shares))
    bars = axes.barh(places, [100 * share for _, share in shares], edgecolor="black", height=0.6)
    for bar, is_known in zip(bars, known, strict=True):
        bar.set_facecolor(COLOURS[0] if is_known else "white")
        bar.set_hatch(HATCHES[0] if is_known else HATCHES[1])
    label = f"{found.about} (%)"
    dress(axes, label + ("" if all(known) else "\nhatched: no more than by chance"), "")
    axes.set_yticks(
        places, [shortened(name, _LETTERS if ax is None else _LETTERS_BESIDE) for name, _ in shares]
    )
    axes.grid(visible=False, axis="y")
    for place, (_, share) in zip(places, shares, strict=True):
        axes.annotate(
            f"{100 * share:.0f} %",
            (100 * share, place),
            (4, 0),
            textcoords="offset points",
            va="center",
            fontsize=9,
        )
    axes.set_xlim(0, max(100 * share for _, share in shares) * 1.12 or 1)
    return axes
