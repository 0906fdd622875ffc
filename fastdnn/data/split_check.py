"""Whether train, dev and test sets come from one distribution, and what follows if they do not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from fastdnn.data.shift import ShiftReport, check_shift
from fastdnn.errors import expected


class Finding(NamedTuple):
    """What a comparison of two sets means.

    level: "error" (mend it), "note" (know it) or "ok".
    """

    level: str
    text: str


@dataclass(frozen=True)
class SplitsReport:
    """What `check_splits` found: prints as findings, with the tables of what differs.

    comparisons: a `ShiftReport` for each pair of sets, by its names.
    findings: a `Finding` for each pair.
    """

    comparisons: dict[tuple[str, str], ShiftReport]
    findings: tuple[Finding, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing must be mended; notes are allowed."""
        return all(finding.level != "error" for finding in self.findings)

    def __str__(self) -> str:
        lines = [f"{finding.level}: {finding.text}" for finding in self.findings]
        tables = [str(report) for report in self.comparisons.values() if report.differs]
        return "\n\n".join(["\n".join(lines), *tables])


def check_splits(train: Any, dev: Any, test: Any = None, **options: Any) -> SplitsReport:
    """Whether train, dev and test sets come from the same distribution, and what follows if they do not.

    Dev against test is an error to mend: what is chosen on dev is then not what counts on test. Train against
    dev or test is a note: deck 002 allows it ("it is fine that the training set is different"), deck 001 does
    not; the error on dev then measures the shift as well as the variance.

    Args:
        train: (examples, features), as `check_shift` takes it: of `train_dev_test_split(x, y)` the first of
            each part, `split.train[0]`.
        dev: the same features in other rows.
        test: the same; None where there is a dev set alone.
        options: the other arguments of `check_shift`; α is for each pair.

    Raises:
        ValueError: as `check_shift`.

    >>> import numpy as np
    >>> from fastdnn.data import check_splits
    >>> rng = np.random.default_rng(1)
    >>> web, dev, app = rng.normal(size=(500, 2)), rng.normal(size=(300, 2)), rng.normal(size=(300, 2))
    >>> check_splits(web + 1, dev, app).ok
    True
    >>> print(check_splits(web, dev, app + [0, 1]).findings[-1].text)
    dev and test differ in x1: take both from one distribution, such as by shuffling them together
    """
    sets = {"train": train, "dev": dev} | ({} if test is None else {"test": test})
    for name, rows in sets.items():
        if isinstance(rows, tuple):
            hint = f"of a split pass the features alone, split.{name}[0]"
            raise ValueError(expected("check_splits", f"{name} as a table", "a tuple", hint))
    pairs = [pair for pair in (("train", "dev"), ("train", "test"), ("dev", "test")) if pair[1] in sets]
    comparisons = {pair: check_shift(sets[pair[0]], sets[pair[1]], pair, **options) for pair in pairs}
    findings = tuple(_finding(pair, report) for pair, report in comparisons.items())
    return SplitsReport(comparisons, findings)


def _finding(pair: tuple[str, str], report: ShiftReport) -> Finding:
    sets = f"{pair[0]} and {pair[1]}"
    if not report.differs:
        return Finding("ok", f"{sets}: no difference found")
    names = ", ".join(report.shifted[:5]) or "how features go together"
    if pair == ("dev", "test"):
        hint = "take both from one distribution, such as by shuffling them together"
        return Finding("error", f"{sets} differ in {names}: {hint}")
    hint = f"allowed if {pair[1]} is what the model is for; its error then measures this shift, too"
    return Finding("note", f"{sets} differ in {names}: {hint}")
