"""What a comparison found: a table, and what the plots of it are drawn from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from fastdnn.compare.descent import Trajectory
from fastdnn.compare.surfaces import Surface
from fastdnn.report import table

if TYPE_CHECKING:
    from matplotlib.axes import Axes


@dataclass(frozen=True)
class Row:
    """One setting.

    name: what it was called.
    loss: at the end: f, or the training set's in inference mode; NaN where it diverged on a task.
    steps: that were taken.
    seconds: that they took.
    dev_error: on a task: 1 - accuracy on the dev set, or the loss there.
    distance: on a surface: to the nearest lowest point, at the end.
    batch_size: on a task.
    diverged: whether the loss became NaN or infinite, which ended it.
    steps_per_epoch: on a task.
    """

    name: str
    loss: float
    steps: int
    seconds: float
    dev_error: float | None = None
    distance: float | None = None
    batch_size: int | None = None
    diverged: bool = False
    steps_per_epoch: int | None = None


# Heading and text of each column; one that is None in all rows is left out.
_COLUMNS: dict[str, Callable[[Row], str | None]] = {
    "loss": lambda row: "diverged" if row.diverged else f"{row.loss:.4g}",
    "dev error": lambda row: None if row.dev_error is None else f"{row.dev_error:.4f}",
    "distance": lambda row: None if row.distance is None else f"{row.distance:.3g}",
    "batch": lambda row: None if row.batch_size is None else f"{row.batch_size:,}",
    "steps": lambda row: f"{row.steps:,}",
    "seconds": lambda row: f"{row.seconds:.2f}",
}


@dataclass(frozen=True)
class Comparison:
    """Settings side by side; `print` shows the table, `plot` draws a picture.

    what: is compared.
    on: which surface or task.
    rows: in the order in which the settings were given.
    trajectories: on a surface, by name.
    histories: on a task, by name: the figures of the epochs ("loss", "val_loss", ...).
    surface: the one that they were on, None on a task.
    """

    what: str
    on: str
    rows: list[Row]
    trajectories: dict[str, Trajectory] = field(default_factory=dict)
    histories: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    surface: Surface | None = None

    @property
    def best(self) -> Row:
        """The row with the lowest error on the dev set; on a surface with the lowest loss."""
        kept = [row for row in self.rows if not row.diverged] or self.rows
        return min(kept, key=lambda row: row.loss if row.dev_error is None else row.dev_error)

    def plot(
        self,
        ax: "Axes | None" = None,
        *,
        by: 'Literal["epoch", "step", "path"] | None' = None,
        figure: str | None = None,
        names: Sequence[str] | None = None,
        steps: int | None = None,
        smooth: float = 0.0,
        legend: bool = True,
    ) -> "Axes":
        """Draw the learning curves of a task, or the paths over the contours of a surface.

        Each setting has its colour, line style and marker, which tell it apart in grey, too; the legend is
        beside the axes. Positive values that span more than a factor of 10 are on a logarithmic axis, and
        steps where the lengths of epochs do.

        Args:
            ax: where to draw; None makes a figure of its own, without a window, which
                `ax.figure.savefig("found.png")` writes.
            by: on a task "epoch" (default) or "step", on a surface "path" (default) or "step": its height.
            figure: of the histories of a task, default "val_loss", the loss on the dev set.
            names: of the settings that are drawn, default all.
            steps: on a surface: only the first so many, default all.
            smooth: β, 0 <= β < 1, default 0: draw `averages.ewma` of each curve, and the noise about it pale
                behind.
            legend: whether there is one.

        Returns:
            The axes, for whatever else is to be changed.

        Raises:
            ImportError: matplotlib is not installed.
            ValueError: an argument does not fit.

        Source: deck 003, "Comparing Performances of Different Learning Rate Schedules and Adaptive Learning
        Algorithms"; deck 004, "Comparison of Optimization Methods".

        >>> import fastdnn as fd
        >>> found = fd.compare.schedules("valley", {"low": 0.1, "high": 1.0}, steps=50)
        >>> ax = found.plot()
        >>> [text.get_text() for text in ax.get_legend().get_texts()]
        ['low', 'high', 'start', 'minimum']
        """
        from fastdnn.plots.comparison import comparison

        return comparison(
            self, ax, by=by, figure=figure, names=names, steps=steps, smooth=smooth, legend=legend
        )

    def __str__(self) -> str:
        texts = {heading: [text(row) for row in self.rows] for heading, text in _COLUMNS.items()}
        shown = {
            heading: cells for heading, cells in texts.items() if any(cell is not None for cell in cells)
        }
        rows = [[row.name, *(cells[i] or "" for cells in shown.values())] for i, row in enumerate(self.rows)]
        header = [f"{self.what} on {self.on}", *shown]
        return table(header, rows, numeric=range(1, len(header)))
