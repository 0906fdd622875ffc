"""What is told of a table and of a network that was trained on it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import quote
from typing import Any

import numpy as np

from fastdnn.cli import output
from fastdnn.data.table import Table, shortened
from fastdnn.data.table_encoder import TableEncoder
from fastdnn.data.table_target import ClassTarget, NumberTarget
from fastdnn.diagnose.class_outputs import mistakes_of, predicted
from fastdnn.model import Model
from fastdnn.report import table as text_table

ALL_ROWS = "all rows"  # of a file, where there are no sets
Arrays = tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]


def told(
    table: Table, parts: Mapping[str, Table], encoder: TableEncoder, task: str, stratify: bool, seed: int
) -> str:
    """What was read, how it was split, what the network will see."""
    sizes = ", ".join(f"{len(part):,} {name}" for name, part in parts.items())
    how = "stratified, random" if stratify else "random"
    by = "numbers standardised and missing values filled by the training rows"
    lines = [table.describe(), "", f"split: {sizes} rows, {how} (seed {seed})", f"task: {task}"]
    lines.append(f"features: {encoder.width:,}; {by}")
    if isinstance(encoder.target, NumberTarget):
        lines.append("the loss is that of the standardised target; errors are in its own units")
    lines += [f"{name}: {note}" for name, part in parts.items() for note in encoder.unknown(part)]
    return "\n".join(lines)


@dataclass(frozen=True)
class Deviations:
    """How far predictions are from the numbers that they should be, in the target's units.

    RMSE = sqrt(mean (y - p)^2), MAE = mean |y - p|, R^2 = 1 - sum (y - p)^2 / sum (y - mean y)^2, which is
    0 for whoever always says the mean of these rows, and 1 without errors.

    >>> import numpy as np
    >>> from fastdnn.cli.table_report import Deviations
    >>> Deviations.of(np.array([1.0, 3.0]), np.array([1.0, 2.0])).mae
    0.5
    """

    rmse: float
    mae: float
    r2: float

    @classmethod
    def of(cls, y: np.ndarray[Any, Any], predicted: np.ndarray[Any, Any]) -> "Deviations":
        """Those of predictions (rows,) of numbers (rows,), at least one; R^2 is NaN for equal numbers."""
        error = y - predicted
        spread = float(((y - y.mean()) ** 2).sum())
        r2 = 1 - float((error**2).sum()) / spread if spread > 0 else float("nan")
        return cls(float(np.sqrt((error**2).mean())), float(np.abs(error).mean()), r2)

    def cells(self) -> list[str]:
        """For a row of a table."""
        return [f"{self.rmse:.6g}", f"{self.mae:.6g}", "-" if np.isnan(self.r2) else f"{self.r2:.4f}"]


def errors(
    model: Model, encoder: TableEncoder, data: Mapping[str, Arrays], threads: int | None, *, details: bool
) -> None:
    """The errors on each set that has rows, beside those of somebody who looks at no feature."""
    parts = {name: part for name, part in data.items() if len(part[0])}
    target = encoder.target
    if isinstance(target, ClassTarget):
        _class_errors(model, target, parts, threads, details=details)
    else:
        _number_errors(model, target, parts, threads)
    output.say()


def _class_errors(
    model: Model, target: ClassTarget, parts: Mapping[str, Arrays], threads: int | None, *, details: bool
) -> None:
    names = class_names(target.classes)
    made = {name: mistakes_of(model, x, y, threads, names) for name, (x, y) in parts.items()}
    rows = [[name, f"{100 * m.error:.2f} %", f"{m.wrong:,} of {m.rows:,}"] for name, m in made.items()]
    last, mistakes = list(made.items())[-1]
    wrong = mistakes.rows - int(mistakes.matrix[target.most_frequent].sum())
    guess = f"{last}, always {shortened(target.classes[target.most_frequent])!r}"
    rows.append([guess, f"{100 * wrong / mistakes.rows:.2f} %", f"{wrong:,} of {mistakes.rows:,}"])
    output.say(text_table(["set", "error", "wrong"], rows, numeric=[1, 2]))
    if mistakes.wrong >= wrong:
        _say_useless(last)
    if details:
        output.say(f"\nconfusion matrix of {last if last == ALL_ROWS else f'the {last} set'}")
        output.say(mistakes.told(output.width()))


def _number_errors(
    model: Model, target: NumberTarget, parts: Mapping[str, Arrays], threads: int | None
) -> None:
    rows, made, baseline = [], None, None
    for name, (x, y) in parts.items():
        true = y * target.scale + target.mean
        made = Deviations.of(true, target.decode(predicted(model, x, threads=threads)))
        baseline = Deviations.of(true, np.full(len(true), target.mean))
        rows.append([name, *made.cells()])
    assert made is not None
    assert baseline is not None
    last = rows[-1][0]
    rows.append([f"{last}, always {target.mean:.6g}", *baseline.cells()])
    output.say(text_table(["set", "RMSE", "MAE", "R^2"], rows, numeric=[1, 2, 3]))
    if not made.rmse < baseline.rmse:
        _say_useless(last)


def _say_useless(name: str) -> None:
    output.say(f"{name}: the network is no better than somebody who looks at no feature")


def class_names(classes: Sequence[str]) -> list[str]:
    """Names that fit the head of a column.

    >>> from fastdnn.cli.table_report import class_names
    >>> class_names(["Iris-setosa", "a name that is much too long for this"])
    ['Iris-setosa', 'a name that is much t...']
    """
    return [shortened(name) for name in classes]


def next_commands(model: Path, test: Path | None, data: str, *, has_dev: bool) -> None:
    """What to do with the files; a diagnosis needs dev rows."""
    output.say("\ntry next")
    if has_dev:
        output.say(f"  fastdnn diagnose {quote(str(model))}")
    if test is not None:
        output.say(f"  fastdnn evaluate {quote(str(model))} {quote(str(test))}")
    rows = quote(str(test) if test is not None else data)
    output.say(f"  fastdnn predict {quote(str(model))} {rows} --out predictions.csv")
