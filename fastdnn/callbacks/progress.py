"""The line on the terminal."""

import sys
import time
from typing import Any

from fastdnn.callbacks.callback import Callback
from fastdnn.errors import expected


class ProgressLine(Callback):
    """One line for each epoch: rate, loss, metrics, and the time that is left.

    Args:
        live: rewrite the line while the epoch runs (a terminal is needed to look well); else write it at the
            epoch's end.

    >>> import fastdnn as fd
    >>> fd.callbacks.ProgressLine(live=False).watches_progress
    False
    """

    def __init__(self, live: bool) -> None:
        self.live = live
        self.watches_progress = live

    @classmethod
    def for_verbose(cls, verbose: Any) -> "ProgressLine | None":
        """What `fit(verbose=)` asks for: "auto" is live on a terminal and nothing elsewhere; 0 nothing, 1
        live, 2 plain.

        Raises:
            ValueError: it is none of these.
        """
        if verbose not in ("auto", 0, 1, 2):
            raise ValueError(expected("fit", 'verbose as "auto", 0, 1 or 2', repr(verbose)))
        if verbose == "auto":
            return cls(live=True) if sys.stdout.isatty() else None
        return cls(live=verbose == 1) if verbose else None

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        """Start the clock."""
        self._train_start = time.perf_counter()
        self._width = 0

    def on_epoch_begin(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Start the epoch's clock."""
        self._epoch_start = time.perf_counter()

    def on_progress(self, epoch: int, batch: int, logs: dict[str, float]) -> None:
        """Rewrite the line."""
        steps = self.params["steps"]
        self._show(self._line(epoch, batch / steps if steps else None, batch, logs), end="")

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """The epoch's last word."""
        figures = {name: value for name, value in (logs or {}).items() if name != "learning_rate"}
        self._show(self._line(epoch, 1.0, self.params["steps"] or 0, figures), end="\n")

    def _line(self, epoch: int, done: float | None, batch: int, logs: dict[str, float]) -> str:
        """`done` is the share of the epoch that is over, None where an iterator does not say its length."""
        now = time.perf_counter()
        epochs = self.params["epochs"]
        figures = " - ".join(f"{name}: {value:.4f}" for name, value in logs.items())
        share = f" step {batch}" if done is None else "" if done == 1.0 else f" {100 * done:3.0f} %"
        number = f"{epoch + 1:{len(str(epochs))}}/{epochs}"
        line = f"epoch {number}{share} - {self._rate(now, done, batch)} - {figures}"
        if done is None or epoch + done >= epochs:
            return line
        left = (now - self._train_start) / (epoch + done) * (epochs - epoch - done)
        return f"{line} - {_duration(left)} left"

    def _rate(self, now: float, done: float | None, batch: int) -> str:
        elapsed = max(now - self._epoch_start, 1e-9)
        samples = self.params["samples"]
        if samples is None or done is None:
            return f"{_short(batch / elapsed)} steps/s"
        return f"{_short(samples * done / elapsed)} samples/s"

    def _show(self, line: str, end: str) -> None:
        if self.live:
            padding = " " * max(0, self._width - len(line))
            self._width = len(line) if end == "" else 0
            sys.stdout.write(f"\r{line}{padding}{end}")
        else:
            sys.stdout.write(line + end)
        sys.stdout.flush()


def _short(number: float) -> str:
    """Three digits and a unit: 1.23M."""
    for unit, size in (("G", 1e9), ("M", 1e6), ("k", 1e3)):
        if number >= size:
            return f"{number / size:.3g}{unit}"
    return f"{number:.3g}"


def _duration(seconds: float) -> str:
    """12 s, 3:45 min, 1:02 h."""
    whole = round(seconds)
    if whole < 60:
        return f"{whole} s"
    if whole < 3600:
        return f"{whole // 60}:{whole % 60:02d} min"
    return f"{whole // 3600}:{whole // 60 % 60:02d} h"
