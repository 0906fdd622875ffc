"""Curves on a terminal, told apart without colour: the first is a line of braille dots, the others are marks.

A braille character has 2 x 4 dots, so a plot of 60 x 14 characters is a raster of 120 x 56.
"""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from fastdnn.errors import expected

_DOT_BITS = ((0x01, 0x02, 0x04, 0x40), (0x08, 0x10, 0x20, 0x80))  # of a braille character, by column and row
_BRAILLE = 0x2800  # the character without dots
_MARKS = "ox+#"
_FRAME = {False: ("│", "┤", "─", "┬", "└"), True: ("|", "|", "-", "+", "-")}
_LOG_FROM = 20.0  # a logarithmic axis pays when the largest value is this many times the smallest
_MIN_WIDTH, _MIN_HEIGHT = 24, 4


def curve(
    series: Mapping[str, Sequence[float]],
    *,
    width: int = 72,
    height: int = 14,
    x_label: str = "epoch",
    y_label: str = "loss",
    log: bool | None = None,
    ascii_only: bool = False,
) -> str:
    """Plot series over 1, 2, 3, ... as text.

    The first series is a line, the others are marks (o, x, +, #) that leave it visible. Values that are not
    finite leave gaps (on a logarithmic axis also those that are not positive).

    Args:
        series: name to values, one to five of them; they may be of unlike lengths.
        width: of the longest line in characters, >= 24.
        height: of the plot in lines, >= 4; legend and axis take three more.
        x_label: what 1, 2, 3, ... count.
        y_label: what the values are.
        log: a logarithmic vertical axis; None takes one where all values are positive and the largest is at
            least 20 times the smallest.
        ascii_only: use no other characters.

    Returns:
        Lines without a newline at the end.

    Raises:
        ValueError: no series, too many, or too small a plot.

    >>> from fastdnn.cli.curve import curve
    >>> print(curve({"train": [4, 3, 2, 1], "dev": [4, 4, 3, 3]}, width=32, height=5, ascii_only=True))
    loss   . train   o dev
    4 |o....    o
    3 |     .......       o        o
      |            .....
    2 |                 .......
    1 |                        .....
      -+--------+------------------+
       1        2                  4
                               epoch
    """
    if not 1 <= len(series) <= 1 + len(_MARKS):
        raise ValueError(expected("curve", f"one to {1 + len(_MARKS)} series", len(series)))
    if width < _MIN_WIDTH or height < _MIN_HEIGHT:
        raise ValueError(
            expected("curve", f"width >= {_MIN_WIDTH} and height >= {_MIN_HEIGHT}", f"{width} and {height}")
        )
    values = [value for one in series.values() for value in one if math.isfinite(value)]
    if not values:
        return f"{y_label}: no values to plot"
    if log is None:
        log = min(values) > 0 and max(values) >= _LOG_FROM * min(values)
    values = [value for value in values if value > 0 or not log]
    if not values:
        return f"{y_label}: no positive values to plot"
    ticks = (
        log_ticks(min(values), max(values)) if log else linear_ticks(min(values), max(values), min(6, height))
    )
    labels = [f"{tick:g}" for tick in ticks]
    margin = max(map(len, labels))
    length = max(map(len, series.values()))
    plot = _Plot(width - margin - 2, height, length, _Scale.of(values, log), ascii_only)
    for index, one in enumerate(series.values()):
        plot.line(one) if index == 0 else plot.marks(one, _MARKS[index - 1])
    return "\n".join(
        [
            _legend(list(series), y_label + (" (log scale)" if log else ""), width, ascii_only),
            *plot.rows(dict(zip(ticks, labels, strict=True)), margin),
            *plot.axis(margin, x_label),
        ]
    )


@dataclass(frozen=True)
class _Scale:
    """Values to 0 (lowest) .. 1 (highest)."""

    low: float
    high: float
    log: bool

    @classmethod
    def of(cls, values: Sequence[float], log: bool) -> "_Scale":
        low, high = (_ordinate(value, log) for value in (min(values), max(values)))
        if high - low <= 1e-12 * max(abs(low), abs(high), 1e-300):  # one value: in the middle
            room = 0.5 * abs(low) or 1.0
            low, high = low - room, high + room
        return cls(low, high, log)

    def __call__(self, value: float) -> float | None:
        """The height of a value, None where it has none."""
        if not math.isfinite(value) or (self.log and value <= 0):
            return None
        # Halved, so that the span of the largest doubles is no infinity.
        return (_ordinate(value, self.log) / 2 - self.low / 2) / (self.high / 2 - self.low / 2)


def _ordinate(value: float, log: bool) -> float:
    return math.log10(value) if log else value


class _Plot:
    """A raster of characters, each of 2 x 4 dots (one dot in ASCII)."""

    def __init__(self, columns: int, rows: int, length: int, scale: _Scale, ascii_only: bool) -> None:
        self.columns = columns
        self.height = rows
        self.length = length
        self.scale = scale
        self.ascii_only = ascii_only
        self.dots = (1, 1) if ascii_only else (2, 4)  # of a character, across and down
        self.cells = [[0] * columns for _ in range(rows)]
        self.over = [[""] * columns for _ in range(rows)]

    def _across(self, index: float, parts: int) -> int:
        """Which of `parts` equal parts of the width the value number `index` is in."""
        return round(index * (parts - 1) / (self.length - 1)) if self.length > 1 else 0

    def line(self, values: Sequence[float]) -> None:
        """A dotted line from value to value."""
        before: tuple[int, int] | None = None
        down = self.height * self.dots[1] - 1
        for index, value in enumerate(values):
            share = self.scale(value)
            if share is None:
                before = None
                continue
            point = (self._across(index, self.columns * self.dots[0]), round((1 - share) * down))
            for x, y in _between(before or point, point):
                self._set(x, y)
            before = point

    def _set(self, x: int, y: int) -> None:
        across, down = self.dots
        self.cells[y // down][x // across] |= 1 if self.ascii_only else _DOT_BITS[x % across][y % down]

    def marks(self, values: Sequence[float], mark: str) -> None:
        """A mark at each value, and, where there are more values than room, in every third column."""
        used: int | None = None
        for index, value in enumerate(values):
            share = self.scale(value)
            column = self._across(index, self.columns)
            if share is None or (used is not None and 0 <= column - used < 3 and index != len(values) - 1):
                continue
            self.over[round((1 - share) * (self.height - 1))][column] = mark
            used = column

    def rows(self, ticks: Mapping[float, str], margin: int) -> Iterator[str]:
        """The lines of the plot, with the ticks of the vertical axis."""
        at: dict[int, str] = {}
        for tick, label in ticks.items():
            share = self.scale(tick)
            if share is not None:
                at.setdefault(round((1 - share) * (self.height - 1)), label)
        plain, ticked = _FRAME[self.ascii_only][:2]
        for row, (cells, over) in enumerate(zip(self.cells, self.over, strict=True)):
            text = "".join(mark or self._character(cell) for cell, mark in zip(cells, over, strict=True))
            yield f"{at.get(row, ''):>{margin}} {ticked if row in at else plain}{text}".rstrip()

    def _character(self, cell: int) -> str:
        if not cell:
            return " "
        return "." if self.ascii_only else chr(_BRAILLE | cell)

    def axis(self, margin: int, label: str) -> Iterator[str]:
        """The horizontal axis, its numbers, its label."""
        _, _, rule, ticked, corner = _FRAME[self.ascii_only]
        line, numbers = [rule] * self.columns, [" "] * (self.columns + margin + 2)
        free = 0
        for tick in _whole_ticks(self.length, self.columns // 6):
            column = self._across(tick - 1, self.columns)
            text = str(tick)
            begin = min(margin + 2 + column - (len(text) - 1) // 2, len(numbers) - len(text))
            if begin >= free:
                line[column] = ticked
                numbers[begin : begin + len(text)] = text
                free = begin + len(text) + 1
        yield " " * (margin + 1) + corner + "".join(line)
        yield "".join(numbers).rstrip()
        yield label.rjust(self.columns + margin + 2)


def _between(begin: tuple[int, int], end: tuple[int, int]) -> Iterator[tuple[int, int]]:
    """The dots of a straight line, both ends among them."""
    steps = max(abs(end[0] - begin[0]), abs(end[1] - begin[1]), 1)
    for step in range(steps + 1):
        yield tuple(round(a + (b - a) * step / steps) for a, b in zip(begin, end, strict=True))  # type: ignore[misc]


def _legend(names: Sequence[str], y_label: str, width: int, ascii_only: bool) -> str:
    """What is plotted, and how each series looks."""
    looks = ["." if ascii_only else "⠒⠒", *_MARKS]
    parts = [y_label, *(f"{look} {name}" for look, name in zip(looks, names, strict=False))]
    lines = [parts[0]]
    for part in parts[1:]:
        if len(lines[-1]) + 3 + len(part) <= width:
            lines[-1] += f"   {part}"
        else:
            lines.append(part)
    return "\n".join(lines)


def _whole_ticks(length: int, most: int) -> list[int]:
    """1, then multiples of 1, 2, 5, 10, 20, 50, ... and `length`; about `most` in all."""
    steps = (factor * 10**power for power in range(20) for factor in (1, 2, 5))
    step = next(step for step in steps if length // step < most)
    return sorted({1, *range(step, length + 1, step), length})


def linear_ticks(low: float, high: float, most: int) -> list[float]:
    """At most `most` multiples of a round step from low to high.

    >>> from fastdnn.cli.curve import linear_ticks
    >>> linear_ticks(0.3, 2.9, 5)
    [0.5, 1.0, 1.5, 2.0, 2.5]
    """
    span = high - low
    if not max(1e-9 * abs(low), 1e-9 * abs(high), 1e-300) < span < math.inf:
        return sorted({low, high})
    power = 10.0 ** math.floor(math.log10(span / most))
    for step in (power, 2 * power, 5 * power, 10 * power, 20 * power):
        numbers = range(math.ceil(low / step), math.floor(high / step) + 1)
        if len(numbers) <= most:
            break
    return [min(max(low, number * step), high) for number in numbers]


def log_ticks(low: float, high: float) -> list[float]:
    """Powers of ten from low to high, positive; with their double and fivefold where there are few.

    >>> from fastdnn.cli.curve import log_ticks
    >>> log_ticks(0.03, 4.0)
    [0.05, 0.1, 0.2, 0.5, 1.0, 2.0]
    """
    first, last = math.floor(math.log10(low)), math.ceil(math.log10(high))
    factors = (1, 2, 5) if last - first <= 3 else (1,)
    ticks = [float(f"{f}e{power}") for power in range(first, last + 1) for f in factors]
    return [tick for tick in ticks if low <= tick <= high] or [low, high]
