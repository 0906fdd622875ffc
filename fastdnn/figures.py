"""What a run reports: figures, each a function of sums over the rows that it has seen."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass


def mean(total: float, count: float) -> float:
    """The quotient, and 0 of nothing: before the first row, or where all weights are 0."""
    return total / count if count else 0.0


def mean_over_rows(total: float, count: float) -> float:
    """The mean over rows, of what is to be divided by their number once more."""
    return mean(mean(total, count), count)


def total(sum_of_all: float) -> float:
    """The sum itself."""
    return sum_of_all


@dataclass(frozen=True)
class Figure:
    """A number that is reported under a name.

    terms: numbers of a program's results, whose sums over the rows `of` takes; None for the count of rows.
    of: None where a metric in Python says the figure.
    """

    name: str
    terms: tuple[int | None, ...] = ()
    of: Callable[..., float] | None = None


def totals_of(figures: Sequence[Figure], sums: Sequence[float], rows: int) -> list[float]:
    """The terms of all figures after a run over so many rows: those of several runs add up."""
    return [float(rows) if term is None else sums[term] for figure in figures for term in figure.terms]


def values_of(figures: Sequence[Figure], totals: Sequence[float]) -> Iterator[float | None]:
    """What these totals make of each figure; None where a metric in Python says it."""
    rest = iter(totals)
    for figure in figures:
        terms = [next(rest) for _ in figure.terms]
        yield None if figure.of is None else figure.of(*terms)
