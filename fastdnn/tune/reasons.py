"""Why trials failed: equal reasons once, with how many trials there are of each, the commonest first."""

import re
from collections.abc import Iterable

from fastdnn.tune.trial import Trial

_NUMBER = re.compile(r"\d[\d.,]*(?:e[+-]?\d+)?")  # in which reasons of one kind differ: sizes, values, rows
_LISTED = 3  # numbers of trials, and reasons in a line
# Characters of a reason, of which an error of a user's own code may have thousands: below a table, in a line.
_LONGEST, _SHORT = 400, 160


def grouped(trials: Iterable[Trial]) -> list[list[Trial]]:
    """Failed trials by their reason, those with the commonest first; of equally many the earlier ones.
    Reasons that differ in numbers only are one.

    >>> import fastdnn as fd
    >>> from fastdnn.tune.reasons import grouped
    >>> reasons = ["OSError: gone", "ValueError: got 3", "ValueError: got 12"]
    >>> trials = [fd.tune.Trial(n, {}, n, state="failed", reason=each) for n, each in enumerate(reasons)]
    >>> [[trial.number for trial in group] for group in grouped(trials)]
    [[1, 2], [0]]
    """
    found: dict[str, list[Trial]] = {}
    for trial in trials:
        if trial.state == "failed":
            found.setdefault(_NUMBER.sub("#", trial.reason), []).append(trial)
    return sorted(found.values(), key=lambda group: (-len(group), group[0].number))


def reason_lines(trials: Iterable[Trial]) -> list[str]:
    """A line for each group: which trials, and why."""
    return [f"{_numbers(group)} failed: {_why(group)}" for group in grouped(trials)]


def commonest(trials: Iterable[Trial]) -> str:
    """The most frequent reasons in a line, with their counts, the long ones cut; "" where none failed."""
    groups = grouped(trials)
    if len(groups) == 1 and len(groups[0]) == 1:
        return f"trial {groups[0][0].number}: {_why(groups[0], _SHORT)}"
    said = [f"{len(group)} of them: {_why(group, _SHORT)}" for group in groups[:_LISTED]]
    left = len(groups) - _LISTED
    return "; ".join([*said, *([f"and {left} other reasons"] if left > 0 else [])])


def _why(group: list[Trial], longest: int = _LONGEST) -> str:
    """The reason of the first; that the others' have other numbers, is said."""
    reason = group[0].reason
    reason = reason if len(reason) <= longest else f"{reason[:longest]} ..."
    one = len({trial.reason for trial in group}) == 1
    return reason if one else f"{reason} (trial {group[0].number}; the others with other numbers)"


def _numbers(group: list[Trial]) -> str:
    """Which trials: 'trial 3', 'trials 1, 2', 'trials 1, 2, 3 and 16 more'."""
    shown = ", ".join(str(trial.number) for trial in sorted(group, key=_number)[:_LISTED])
    left = len(group) - _LISTED
    return f"{'trial' if len(group) == 1 else 'trials'} {shown}" + (f" and {left} more" if left > 0 else "")


def _number(trial: Trial) -> int:
    return trial.number
