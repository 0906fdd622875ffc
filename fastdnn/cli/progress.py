"""How training goes, on one line that is rewritten, or on a few plain ones."""

import sys
import time
from typing import Any

from fastdnn.callbacks import Callback
from fastdnn.cli import output

_REWRITE_SECONDS = 0.05
_PLAIN_LINES = 10


class Progress(Callback):
    """Epoch, train and dev loss, dev error: rewritten in place on a terminal; else about ten lines in all.

    Args:
        live: whether standard output is a terminal.

    >>> from fastdnn.cli.progress import Progress
    >>> Progress(live=False).live
    False
    """

    def __init__(self, live: bool) -> None:
        self.live = live
        self._waiting = ""  # the newest line, while it is not written
        self._shown = 0  # characters of the line that will be rewritten
        self._written_at = -1.0

    def on_epoch_end(self, epoch: int, logs: dict[str, Any] | None = None) -> None:
        """Write the epoch's line, if it is its turn."""
        epochs = self.params["epochs"]
        self._waiting = f"epoch {epoch + 1:{len(str(epochs))}}  {_figures(logs or {})}"
        if self.live:
            if time.perf_counter() - self._written_at >= _REWRITE_SECONDS:
                self._write()
        elif epoch == 0 or (epoch + 1) % max(1, epochs // _PLAIN_LINES) == 0:
            self._write()

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        """The last epoch is always told."""
        if self._waiting:
            self._write()
        self.close()

    def close(self) -> None:
        """Leave the line that is being rewritten; also after an error."""
        if self._shown:
            sys.stdout.write("\n")
            self._shown = 0

    def _write(self) -> None:
        line, self._waiting = self._waiting, ""
        if not self.live:
            output.say(line)
            return
        line = line[: output.width()]
        sys.stdout.write(f"\r{line:{max(1, self._shown)}}")
        sys.stdout.flush()
        self._shown = len(line)
        self._written_at = time.perf_counter()


def _figures(logs: dict[str, float]) -> str:
    """Losses, and the error that the dev accuracy leaves."""
    parts = [f"train loss {logs['loss']:.4f}"]
    if "val_loss" in logs:
        parts.append(f"dev loss {logs['val_loss']:.4f}")
    if "val_accuracy" in logs:
        parts.append(f"dev error {100 * (1 - logs['val_accuracy']):.2f} %")
    return "  ".join(parts)
