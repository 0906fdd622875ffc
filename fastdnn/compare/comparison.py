"""What a comparison found: a table, and what the plots of it are drawn from."""

from collections.abc import Callable
from dataclasses import dataclass, field

from fastdnn.compare.descent import Trajectory
from fastdnn.report import table


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
    """

    name: str
    loss: float
    steps: int
    seconds: float
    dev_error: float | None = None
    distance: float | None = None
    batch_size: int | None = None
    diverged: bool = False


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
    """Settings side by side; `print` shows the table.

    what: is compared.
    on: which surface or task.
    rows: in the order in which the settings were given.
    trajectories: on a surface, by name.
    histories: on a task, by name: the figures of the epochs ("loss", "val_loss", ...).
    """

    what: str
    on: str
    rows: list[Row]
    trajectories: dict[str, Trajectory] = field(default_factory=dict)
    histories: dict[str, dict[str, list[float]]] = field(default_factory=dict)

    @property
    def best(self) -> Row:
        """The row with the lowest error on the dev set; on a surface with the lowest loss."""
        kept = [row for row in self.rows if not row.diverged] or self.rows
        return min(kept, key=lambda row: row.loss if row.dev_error is None else row.dev_error)

    def __str__(self) -> str:
        texts = {heading: [text(row) for row in self.rows] for heading, text in _COLUMNS.items()}
        shown = {
            heading: cells for heading, cells in texts.items() if any(cell is not None for cell in cells)
        }
        rows = [[row.name, *(cells[i] or "" for cells in shown.values())] for i, row in enumerate(self.rows)]
        header = [f"{self.what} on {self.on}", *shown]
        return table(header, rows, numeric=range(1, len(header)))
