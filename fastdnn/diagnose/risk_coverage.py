"""The error among the rows that are accepted, against how many are."""

from dataclasses import dataclass

import numpy as np

from fastdnn.checks import number
from fastdnn.short_repr import ShortRepr


@dataclass(frozen=True)
class RiskCoverage(ShortRepr):
    """What every threshold of a measure of trust would do, from the highest down.

    thresholds: (points,), falling: the different values of the measure.
    coverage: (points,): the share of rows accepted, rising to 1.
    error: (points,): the share of the accepted that is wrong; the last one is the error of all rows.
    """

    thresholds: np.ndarray
    coverage: np.ndarray
    error: np.ndarray

    @property
    def area(self) -> float:
        """The mean error over all coverages: the lower, the better the measure knows the mistakes."""
        return float((np.diff(self.coverage, prepend=0.0) * self.error).sum())

    def error_at(self, coverage: float) -> float:
        """The error where at least this share of rows, 0 to 1, is accepted, and no more than need be.

        Raises:
            ValueError: it is no such share.
        """
        share = number("trust", "coverage", coverage, 0.0, 1.0, ends="[]")
        return float(self.error[self._place(share)])

    def threshold_at(self, coverage: float) -> float:
        """The threshold there.

        Raises:
            ValueError: it is no share from 0 to 1.
        """
        share = number("trust", "coverage", coverage, 0.0, 1.0, ends="[]")
        return float(self.thresholds[self._place(share)])

    def _place(self, coverage: float) -> int:
        rounding = 1e-12  # of the sums that coverage is made of
        return min(int(np.searchsorted(self.coverage, coverage - rounding)), len(self.coverage) - 1)

    def threshold_for(self, error: float) -> float | None:
        """The lowest threshold whose accepted rows have at most this error, 0 to 1; None if none has.

        Raises:
            ValueError: it is no such error.
        """
        wanted = number("trust", "wanted_error", error, 0.0, 1.0, ends="[]")
        fits = np.flatnonzero(self.error <= wanted)
        return float(self.thresholds[fits[-1]]) if fits.size else None


def risk_coverage(score: np.ndarray, wrong: np.ndarray, weights: np.ndarray | None = None) -> RiskCoverage:
    """The curve of rows with a score and whether they are wrong; equal scores are accepted together.

    >>> import numpy as np
    >>> from fastdnn.diagnose.risk_coverage import risk_coverage
    >>> curve = risk_coverage(np.array([0.9, 0.2, 0.6, 0.2]), np.array([False, True, False, False]))
    >>> curve.coverage.tolist(), curve.error.tolist(), curve.threshold_for(0.1)
    ([0.25, 0.5, 1.0], [0.0, 0.0, 0.25], 0.6)
    """
    if weights is not None:
        counted = weights > 0
        score, wrong, weights = score[counted], wrong[counted], weights[counted]
    order = np.argsort(-score, kind="stable")
    falling, missed = score[order], wrong[order]
    w = np.ones(len(falling)) if weights is None else weights[order]
    last = np.append(np.flatnonzero(np.diff(falling)), len(falling) - 1)
    rows, errors = np.cumsum(w)[last], np.cumsum(np.where(missed, w, 0.0))[last]
    return RiskCoverage(falling[last], rows / rows[-1], errors / rows)
