"""How errors are told: of classes in percent of the rows, of numbers by R²."""

from dataclasses import dataclass


@dataclass(frozen=True)
class ErrorWords:
    """How errors and gaps are told: of classes in percent and points, of numbers by R²."""

    regression: bool

    def gap(self, upper: str, error: float, lower: str, least: float) -> str:
        """Of two errors."""
        if not self.regression:
            return f"{upper} {error:.2%} - {lower} {least:.2%} = {points(error - least)}"
        names = [each.removesuffix(" error") for each in (upper, lower)]
        return "; ".join(f"{name} {r2_told(of)}" for name, of in zip(names, (error, least), strict=True))

    def both(self, train: float, dev: float) -> str:
        """The errors on both sets."""
        if self.regression:
            return f"train {r2_told(train)}; dev {r2_told(dev)}"
        return f"train error {train:.2%}, dev error {dev:.2%}"

    def above(self, limit: float) -> str:
        """That a gap is high."""
        if self.regression:
            return f"; they differ by more than {limit:g}"
        return f", above {100 * limit:g} points"


def r2_told(error: float) -> str:
    """An error 1 - R² in words.

    >>> from fastdnn.diagnose.error_words import r2_told
    >>> r2_told(0.125), r2_told(3.7556)
    ('R² 0.875', '3.76 times the error of guessing')
    """
    return f"R² {1 - error:.3f}" if error <= 1 else f"{error:.3g} times the error of guessing"


def points(gap: float, name: str = "") -> str:
    """12.5 points."""
    return f"{name} {100 * gap:.2f} points".strip()


def of_r2(gap: float, name: str) -> str:
    """0.125, of R²."""
    return f"{name} {gap:.3f}"
