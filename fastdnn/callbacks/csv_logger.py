"""The figures of a fit in a file of comma-separated values."""

import csv
import pathlib
from os import PathLike
from typing import Any

from fastdnn.callbacks.callback import Callback
from fastdnn.errors import expected


class CSVLogger(Callback):
    """After each epoch, a line with its number from 0, its figures and the learning rate.

    The first line names them. The file is closed between lines: what is in it survives whatever ends the fit.

    Args:
        filename: the file; its folder must exist.
        separator: one character, default ",".
        append: go on with a file that has the same names, instead of replacing it.

    Raises:
        ValueError: `separator` is none; when training begins, a file to go on with that has other names.
        OSError: the file cannot be written.

    Source: Keras 3.

    >>> import pathlib, tempfile
    >>> import fastdnn as fd
    >>> model = fd.Sequential([fd.layers.Input((2,)), fd.layers.Dense(1)], seed=0)
    >>> model.compile("sgd", "mse")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = pathlib.Path(folder) / "log.csv"
    ...     _ = model.fit([[0.0, 1.0]], [1.0], epochs=2, callbacks=[fd.callbacks.CSVLogger(path)])
    ...     print(path.read_text().splitlines()[0])
    epoch,loss,learning_rate
    """

    def __init__(self, filename: "str | PathLike[str]", separator: str = ",", append: bool = False) -> None:
        if not isinstance(separator, str) or len(separator) != 1 or separator in '"\r\n':
            raise ValueError(expected("CSVLogger", "a separator of one character", repr(separator)))
        self.path = pathlib.Path(filename)
        self.separator = separator
        self.append = bool(append)

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """The line of names, or a look at the one that is there."""
        self._names = ["epoch", *self.params["metrics"], "learning_rate"]
        there = self._first_line() if self.append else []
        if there and there != self._names:
            raise ValueError(expected("CSVLogger", f"{self.path} with {self._names}", f"{there}"))
        if not there:
            self._write(self._names, "w")

    def _first_line(self) -> list[str]:
        if not self.path.exists():
            return []
        with self.path.open(newline="", encoding="utf-8") as file:
            return next(csv.reader(file, delimiter=self.separator), [])

    def _write(self, line: list[Any], mode: str) -> None:
        with self.path.open(mode, newline="", encoding="utf-8") as file:
            csv.writer(file, delimiter=self.separator, lineterminator="\n").writerow(line)

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """One line."""
        figures = logs or {}
        self._write([epoch, *(figures.get(name, "") for name in self._names[1:])], "a")
