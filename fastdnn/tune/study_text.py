"""What a search found, as text: its trials as a table, how many there are of each state, the best."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from fastdnn.report import table
from fastdnn.tune.reasons import commonest, reason_lines
from fastdnn.tune.trial import Trial

if TYPE_CHECKING:
    from fastdnn.tune.study import Study

_SHOWN = 10  # trials of `str(study)`


def told(study: "Study", rest: str) -> str:
    """See `Study.told`."""
    failed = any(trial.state == "failed" for trial in study.ranked()[:_SHOWN])  # why is below the table
    lines = [f"{len(study.trials)} of {study.planned} trials: {counted(study.trials, why=not failed)}"]
    if study.comparable:
        best = study.best_trial
        values = ", ".join(f"{name}={_short(value)}" for name, value in best.params.items())
        lines += [f"best {study.monitor}: {_short(best.value)} of trial {best.number}, {values}"]
    if study.trials:
        left = len(study.trials) - _SHOWN
        more = [f"... {left} more: {rest}"] if left > 0 else []
        lines = [study.table(_SHOWN), *more, *lines, *(str(each) for each in study.advice)]
    return "\n".join(lines)


def counted(trials: Sequence[Trial], *, why: bool = True) -> str:
    """How many trials of each state; `why`: with the commonest reasons of those that failed."""
    counts = dict.fromkeys(("complete", "pruned", "failed"), 0)
    for trial in trials:
        counts[trial.state] += 1
    said = ", ".join(f"{count} {state}" for state, count in counts.items() if count) or "none"
    return said + (f" ({commonest(trials)})" if why and counts["failed"] else "")


def table_of(study: "Study", shown: Sequence[Trial]) -> str:
    """Some of its trials as a table, and why those of them failed that did."""
    names = names_of(study)
    drawn = [f"{name} (drawn)" if name == "epochs" else name for name in names]
    has_folds = any(trial.folds for trial in study.trials)
    header = ["trial", study.monitor, *(["±"] if has_folds else []), "state", "epochs", *drawn]
    rows = [_row(trial, names, has_folds=has_folds) for trial in shown]
    first = len(header) - len(names)
    numeric = [0, 1, *([2] if has_folds else []), *range(first - 1, len(header))]
    return "\n".join([table(header, rows, numeric=numeric), *reason_lines(shown)])


def names_of(study: "Study") -> list[str]:
    """Of its parameters."""
    if study.space is not None:
        return list(study.space)
    return list(dict.fromkeys(name for trial in study.trials for name in trial.params))


def _row(trial: Trial, names: Sequence[str], *, has_folds: bool) -> list[str]:
    spread = [_short(trial.spread)] if has_folds else []
    values = [_short(trial.params.get(name, "")) for name in names]
    epochs = str(trial.epochs) if trial.epochs else ""
    return [str(trial.number), _short(trial.value), *spread, trial.state, epochs, *values]


def _short(value: Any) -> str:
    """A value in few characters."""
    if value is None:
        return ""
    return f"{value:.4g}" if isinstance(value, float) else str(value)
