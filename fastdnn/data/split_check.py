"""Whether train, dev and test sets come from one distribution, and share no rows; what follows if not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from fastdnn.data.duplicates import DuplicatesReport, duplicates_of
from fastdnn.data.shift import ShiftReport, check_shift
from fastdnn.errors import expected
from fastdnn.short_repr import ShortRepr

if TYPE_CHECKING:
    from fastdnn.diagnose.advice import Advice

_SOURCE = (
    'deck 002, "Mismatched train/test distribution"; '
    'deck 001, "Check the data distribution between training and dev sets"'
)
_ANEW = """
better = fd.diagnose.fresh_copy(model)
better.fit(x, y, epochs=20, validation_data=(x_dev, y_dev))"""
# By the pair that differs: its rows are put together before they are split again, in sets of the same sizes.
_SPLIT = {
    ("train", "dev"): """\
every_x, every_y = np.concatenate([x, x_dev]), np.concatenate([y, y_dev])
(x, y), (x_dev, y_dev), _ = fd.data.train_dev_test_split(every_x, every_y, dev=len(x_dev), test=0)"""
    + _ANEW,
    ("train", "test"): """\
every_x, every_y = np.concatenate([x, x_dev, x_test]), np.concatenate([y, y_dev, y_test])
split = fd.data.train_dev_test_split(every_x, every_y, dev=len(x_dev), test=len(x_test))
(x, y), (x_dev, y_dev), (x_test, y_test) = split"""
    + _ANEW,
    ("dev", "test"): """\
every_x, every_y = np.concatenate([x_dev, x_test]), np.concatenate([y_dev, y_test])
split = fd.data.train_dev_test_split(every_x, every_y, dev=0, test=len(x_test))
(x_dev, y_dev), _, (x_test, y_test) = split""",
}


@dataclass(frozen=True)
class SplitsReport(ShortRepr):
    """What `check_splits` found: prints as advice, with the tables of what differs.

    comparisons: a `ShiftReport` for each pair of sets, by its names.
    duplicates: whether dev or test rows stand in another set, as `check_duplicates` says it.
    advice: first that of `duplicates`, if there is some; then an `Advice` for each pair, in their order:
        "dev_test_mismatch" is an error, to be mended; "dev_shift" and "test_shift" are hints, to be known;
        "same_distribution" is good.
    """

    comparisons: dict[tuple[str, str], ShiftReport]
    duplicates: DuplicatesReport
    advice: tuple[Advice, ...]

    @property
    def ok(self) -> bool:
        """Whether nothing must be mended; hints are allowed."""
        return not any(each.is_trouble for each in self.advice)

    def __str__(self) -> str:
        lines = [f"{each.severity}: {each.text}" for each in self.advice]
        tables = [str(report) for report in self.comparisons.values() if report.differs]
        copies = [] if self.duplicates.ok else [self.duplicates.table()]
        return "\n\n".join(["\n".join(lines), *copies, *tables])


def check_splits(train: Any, dev: Any, test: Any = None, **options: Any) -> SplitsReport:
    """Whether train, dev and test sets come from the same distribution and have no rows in common, and what
    follows if not.

    Rows of dev or test that are copies of rows of another set are an error, as `check_duplicates` tells.
    Dev against test is an error to mend: what is chosen on dev is then not what counts on test. Train against
    dev or test is a hint: deck 002 allows it ("it is fine that the training set is different"), deck 001 does
    not; the error on dev then measures the shift as well as the variance.

    Args:
        train: (examples, features), as `check_shift` takes it: of `train_dev_test_split(x, y)` the first of
            each part, `split.train[0]`.
        dev: the same features in other rows.
        test: the same; None where there is a dev set alone.
        options: the other arguments of `check_shift`; α is for each pair, and `most_rows` of the shift alone:
            whether rows are copies is asked of all.

    Raises:
        ValueError: as `check_shift`.

    >>> import numpy as np
    >>> from fastdnn.data import check_splits
    >>> rng = np.random.default_rng(1)
    >>> web, dev, app = rng.normal(size=(500, 2)), rng.normal(size=(300, 2)), rng.normal(size=(300, 2))
    >>> check_splits(web + 1, dev, app).ok
    True
    >>> print(check_splits(web, dev, app + [0, 1]).advice[-1].text)
    Dev and test differ in x1: take both from one distribution, such as by shuffling them together.
    """
    sets = {"train": train, "dev": dev} | ({} if test is None else {"test": test})
    for name, rows in sets.items():
        if isinstance(rows, tuple):
            hint = f"of a split pass the features alone, split.{name}[0]"
            raise ValueError(expected("check_splits", f"{name} as a table", "a tuple", hint))
    pairs = [pair for pair in (("train", "dev"), ("train", "test"), ("dev", "test")) if pair[1] in sets]
    comparisons = {pair: check_shift(sets[pair[0]], sets[pair[1]], pair, **options) for pair in pairs}
    duplicates = duplicates_of("check_splits", sets, same_names=options.get("feature_names") is None)
    advice = (_advice(pair, report) for pair, report in comparisons.items())
    return SplitsReport(comparisons, duplicates, (*duplicates.advice, *advice))


def _advice(pair: tuple[str, str], report: ShiftReport) -> Advice:
    from fastdnn.diagnose.advice import Advice  # which imports this package

    sets = f"{pair[0].capitalize()} and {pair[1]}"
    seen = report.verdict()
    if not report.differs:
        return Advice("same_distribution", "good", f"{sets} do not differ.", seen, "", _SOURCE)
    names = ", ".join(report.shifted[:5]) or "how features go together"
    if pair == ("dev", "test"):
        text = (
            f"{sets} differ in {names}: take both from one distribution, such as by shuffling them together."
        )
        return Advice("dev_test_mismatch", "error", text, seen, _SPLIT[pair], _SOURCE)
    text = f"{sets} differ in {names}: the error on {pair[1]} then measures this shift, too."
    return Advice(f"{pair[1]}_shift", "hint", text, seen, _SPLIT[pair], _SOURCE)
