"""Rows that stand in two sets: a network is measured on rows that it was trained on."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from fastdnn.data.row_hashes import Hashes, row_hashes
from fastdnn.data.sparse import is_sparse
from fastdnn.errors import expected, unknown_name
from fastdnn.report import table
from fastdnn.short_repr import ShortRepr

if TYPE_CHECKING:
    from fastdnn.diagnose.advice import Advice, Severity

FAR = 3.0  # times what repeated rows explain
MUCH = 0.05  # of a set's rows: an error; fewer hardly move its figures
_LEFT, _LEAST_LEFT = 0.1, 30  # share and number of rows that are worth keeping
VARIED = 0.3  # of rows that are different: so many, that others are hardly equal by their nature
_BY_CHANCE = 1e-9  # a probability that is none
_SOURCE = (
    'deck 000, "Train/Dev/Test Sets": dev and test sets are "data that the model had never seen before"; '
    'deck 002, "Mismatched train/test distribution"'
)


class SharedRows(NamedTuple):
    """How many rows of the set `second` stand in the set `first`, too.

    rows: of `second`.
    shared: of them, those with an equal row in `first`.
    repeated: the share of the rows of `first` that stand in it more than once.
    different: how many different rows `first` has, as a share of its rows.
    copied: whether `shared` is far more than rows that repeat explain.
    """

    first: str
    second: str
    rows: int
    shared: int
    repeated: float
    different: float
    copied: bool

    @property
    def doubled(self) -> bool:
        """Whether rows repeat within a set as well, though most are different: they may have been there
        twice before the sets were made.
        """
        return not self.copied and self.shared >= MUCH * self.rows and self.different >= VARIED


@dataclass(frozen=True)
class DuplicatesReport(ShortRepr):
    """What `check_duplicates` found: prints as a table.

    pairs: a `SharedRows` for each pair of sets.
    advice: one `Advice` of kind "copied_rows", or none: an error where at least 5 % of a set are copies, else
        a warning. Or the hint "repeated_rows", where rows repeat within and between sets alike.
    """

    pairs: tuple[SharedRows, ...]
    advice: tuple[Advice, ...]
    _seen: dict[str, NDArray[np.bool_]] = field(repr=False)

    @property
    def ok(self) -> bool:
        """Whether no set has copies of another's rows."""
        return not any(pair.copied for pair in self.pairs)

    def copied(self, name: str) -> NDArray[np.bool_]:
        """(examples,) of the set "dev" or "test": True where the row stands in a set before it, too.

        Raises:
            ValueError: there is no such set.
        """
        if name not in self._seen:
            raise unknown_name("copied", "a set", name, list(self._seen))
        return self._seen[name].copy()

    def __str__(self) -> str:
        return "\n".join([*(f"{each.severity}: {each.text}" for each in self.advice), self.table()])

    def table(self) -> str:
        """A line for each pair of sets."""
        header = ["rows of", "that stand in", "number", "share", "repeated in that set", "copies"]
        rows = [
            [
                pair.second,
                pair.first,
                f"{pair.shared:,} of {pair.rows:,}",
                f"{pair.shared / pair.rows:.1%}",
                f"{pair.repeated:.1%}",
                "yes" if pair.copied else "",
            ]
            for pair in self.pairs
        ]
        return table(header, rows, numeric=[2, 3, 4])


def check_duplicates(train: Any, dev: Any, test: Any = None) -> DuplicatesReport:
    """Whether dev or test rows are copies of rows of another set, such as of the training set.

    Rows are equal where all features are. Of few discrete features many rows are equal by nature; so copies
    are said only where far more rows (3 times as many) are equal than independent draws would make, from
    whatever two distributions. With p_v, q_v the probabilities of a row v in two sets of n and m rows, by the
    inequality of Cauchy and Schwarz,

        expected equal pairs between the sets: n m Σ p_v q_v <= n m √(Σ p_v² Σ q_v²),

    where Σ p² is the share of equal pairs within a set; and of the rows that occur twice in all, the number
    with one in each set is, for Poisson counts, at most 2 √(with both in one · with both in the other). The
    second stays sharp where a few rows, such as empty ones, repeat often. Sets that are equal row for row are
    copies of each other whatever their features. Rows that were doubled before the sets were drawn by lot
    repeat within a set as often as between: they are a hint where most rows are different all the same.

    Args:
        train: (examples, features), an array, a memory map, a data frame, or a sparse matrix; NaN is allowed.
        dev: the same features in other rows.
        test: the same; None where there is a dev set alone.

    Raises:
        ValueError: a set is no table of numbers, or has other features.

    Cost: a pass over the rows by BLAKE2b, of about 1 GB a second, and a sort of 8 bytes a row.

    Source: deck 000, "Train/Dev/Test Sets".

    >>> import numpy as np
    >>> from fastdnn.data import check_duplicates
    >>> rows = np.random.default_rng(1).normal(size=(100, 3))
    >>> train, dev = rows[:80], rows[70:]
    >>> found = check_duplicates(train, dev)
    >>> print(found.advice[0].text)
    10 of 30 dev rows stand in the training set, too: a dev error of rows that were trained on is too low.
    >>> check_duplicates(train, dev[~found.copied("dev")]).ok
    True
    >>> bits = np.random.default_rng(2).integers(0, 2, (300, 3))     # 8 kinds of rows
    >>> check_duplicates(bits[:200], bits[200:]).ok
    True
    """
    sets = {"train": train, "dev": dev} | ({} if test is None else {"test": test})
    for name, rows in sets.items():
        if isinstance(rows, tuple):
            hint = f"of a split pass the features alone, split.{name}[0]"
            raise ValueError(expected("check_duplicates", f"{name} as a table", "a tuple", hint))
    return duplicates_of("check_duplicates", sets)


def duplicates_of(where: str, sets: Mapping[str, Any], *, same_names: bool = True) -> DuplicatesReport:
    """Of sets by their names; see `row_hashes`."""
    hashes = row_hashes(where, sets, same_names=same_names)
    names = [pair for pair in (("train", "dev"), ("train", "test"), ("dev", "test")) if pair[1] in sets]
    pairs = tuple(_pair(one, other, hashes[one], hashes[other]) for one, other in names)
    seen = {"dev": np.isin(hashes["dev"], hashes["train"])}
    if "test" in sets:
        seen["test"] = np.isin(hashes["test"], np.concatenate([hashes["train"], hashes["dev"]]))
    return DuplicatesReport(pairs, _advice(pairs, seen) or _doubled(pairs, is_sparse(sets["train"])), seen)


def _pair(first: str, second: str, a: Hashes, b: Hashes) -> SharedRows:
    kinds, of_rows = np.unique(np.concatenate([a, b]), return_inverse=True)
    of_rows = of_rows.reshape(-1)
    in_a, in_b = (np.bincount(part, minlength=len(kinds)) for part in (of_rows[: len(a)], of_rows[len(a) :]))
    shared = int(in_b[in_a > 0].sum())
    repeated = float(in_a[in_a > 1].sum() / len(a))
    different = float(np.count_nonzero(in_a) / len(a))
    same_order = len(a) == len(b) and bool((a == b).all()) and _alike(in_a) ** len(a) < _BY_CHANCE
    copied = same_order or shared > FAR * _by_pairs(in_a, in_b) or _apart(in_a, in_b)
    return SharedRows(first, second, len(b), shared, repeated, different, copied)


def _alike(counts: NDArray[np.intp]) -> float:
    """The probability that two rows are equal: Σ p²."""
    return float(((counts / counts.sum()) ** 2).sum())


def _by_pairs(in_a: NDArray[np.intp], in_b: NDArray[np.intp]) -> float:
    """The most equal pairs between the sets that pairs within them explain; one pair more than was seen
    stands for what few rows do not show.
    """
    explained = 1.0
    for counts in (in_a.astype(np.float64), in_b.astype(np.float64)):
        rows = counts.sum()
        equal = (counts * (counts - 1)).sum() / 2 + 1
        explained *= rows**2 * equal / max(rows * (rows - 1) / 2, 1)
    return math.sqrt(explained)


def _apart(in_a: NDArray[np.intp], in_b: NDArray[np.intp]) -> bool:
    """Whether rows that occur twice stand in both sets far more often than in one."""
    both = np.count_nonzero((in_a == 1) & (in_b == 1))
    twice = [np.count_nonzero((one == 2) & (other == 0)) + 1 for one, other in ((in_a, in_b), (in_b, in_a))]
    return bool(both > FAR * 2 * math.sqrt(twice[0] * twice[1]))


_KNOWN = {"train": "the training set", "dev": "the dev set"}


def _advice(pairs: tuple[SharedRows, ...], seen: dict[str, NDArray[np.bool_]]) -> tuple[Advice, ...]:
    from fastdnn.diagnose.advice import Advice  # which imports this package

    found = [pair for pair in pairs if pair.copied]
    if not found:
        return ()
    names = list(dict.fromkeys(pair.second for pair in found))
    gone = [name for name in names if _are_few(~seen[name])]
    worst = max(found, key=lambda pair: pair.shared / pair.rows)
    text = (
        f"{worst.shared:,} of {worst.rows:,} {worst.second} rows stand in {_KNOWN[worst.first]}, too: "
        f"a {worst.second} error of rows that were {'trained on' if worst.first == 'train' else 'chosen by'} "
        "is too low."
    )
    if gone:
        text += " Hardly any others are left: split the training rows, and train anew."
    evidence = "; ".join(
        f"{one.shared:,} of {one.rows:,} {one.second} rows in {one.first}, where {one.repeated:.1%} repeat"
        for one in found
    )
    severity: Severity = "error" if any(one.shared >= MUCH * one.rows for one in found) else "warning"
    code = _code(names, gone, "test" in seen)
    return (Advice("copied_rows", severity, text, evidence, code, _SOURCE),)


def _doubled(pairs: tuple[SharedRows, ...], sparse: bool) -> tuple[Advice, ...]:
    from fastdnn.diagnose.advice import Advice

    doubled = [pair for pair in pairs if pair.doubled]
    if not doubled:
        return ()
    worst = max(doubled, key=lambda pair: pair.shared / pair.rows)
    text = (
        f"{worst.shared:,} of {worst.rows:,} {worst.second} rows are equal to rows of {_KNOWN[worst.first]}, "
        "and rows repeat within it, too. If they are copies and no different examples, they were there twice "
        "before the sets were made: keep equal rows together, and train anew."
    )
    evidence = f"{worst.repeated:.1%} of the rows of {worst.first} repeat"
    code = (
        "equal = np.unique(x, axis=0, return_inverse=True)[1].reshape(-1)\n"
        "(x, y), (x_dev, y_dev), _ = fd.data.train_dev_test_split(x, y, dev=0.2, test=0, groups=equal)\n"
        "better = fd.diagnose.fresh_copy(model)\n"
        "better.fit(x, y, epochs=20)"
    )
    return (Advice("repeated_rows", "hint", text, evidence, "" if sparse else code, _SOURCE),)


def _are_few(left: NDArray[np.bool_]) -> bool:
    """Whether a set is of no use any more."""
    return int(left.sum()) < max(_LEFT * len(left), min(_LEAST_LEFT, len(left) / 2))


def _code(names: list[str], gone: list[str], with_test: bool) -> str:
    """Lines that take copies out of sets; those of which nothing is left are split off the training set."""
    lines = []
    if taken := [name for name in names if name not in gone]:
        lines.append(f"found = fd.data.check_duplicates({'x, x_dev, x_test' if with_test else 'x, x_dev'})")
    for name in taken:
        lines.append(f'kept = ~found.copied("{name}")')
        lines.append(f"x_{name}, y_{name} = x_{name}[kept], y_{name}[kept]")
    if gone:
        sets = ", ".join(f"(x_{name}, y_{name})" if name in gone else "_" for name in ("dev", "test"))
        shares = ", ".join(f"{name}={0.2 if name in gone else 0}" for name in ("dev", "test"))
        lines.append(f"(x, y), {sets} = fd.data.train_dev_test_split(x, y, {shares})")
        lines.append("better = fd.diagnose.fresh_copy(model)")
        lines.append("better.fit(x, y, epochs=20)")
    return "\n".join(lines)
