"""What a benchmark has done, on standard error."""

import sys

from fastdnn.cli import output

_PLAIN_LINES = 10


class BenchProgress:
    """A line that is rewritten in place on a terminal; else about ten lines in all.

    Args:
        rows: how many there will be.

    >>> from fastdnn.cli.bench_progress import BenchProgress
    >>> with BenchProgress(2) as progress:
    ...     pass  # progress.row("gemm")
    """

    def __init__(self, rows: int) -> None:
        self._rows = rows
        self._done = 0
        self._shown = 0

    def __enter__(self) -> "BenchProgress":
        return self

    def __exit__(self, *error: object) -> None:
        self._close()

    def row(self, text: str) -> None:
        """One more."""
        self._done += 1
        line = f"[{self._done}/{self._rows}] {text}"
        if sys.stderr.isatty():
            line = line[: output.width()]
            sys.stderr.write(f"\r{line:{max(1, self._shown)}}")
            self._shown = len(line)
        elif self._done % max(1, self._rows // _PLAIN_LINES) == 0 or self._done == self._rows:
            sys.stderr.write(f"{line}\n")
        sys.stderr.flush()

    def note(self, text: str) -> None:
        """A line that stays."""
        self._close()
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()

    def _close(self) -> None:
        """Leave the line that is being rewritten."""
        if self._shown:
            sys.stderr.write("\n")
            self._shown = 0
