"""What the trials of a search say about the next one."""

import math
from statistics import median
from typing import TYPE_CHECKING

from fastdnn.diagnose.advice import Advice
from fastdnn.tune.distribution import Distribution
from fastdnn.tune.ranges import LogUniform, OneMinusLogUniform, Uniform
from fastdnn.tune.reasons import commonest
from fastdnn.tune.trial import Trial

if TYPE_CHECKING:
    from fastdnn.tune.study import Study

_MANY_FAILED = 0.2  # of the trials
_SOME = "Many trials failed: leave out the values that cannot work."
_LEAST = 20  # complete trials, the best quarter of which is five
_EDGE = 0.2  # of a range: where half of the best quarter lies in it, with the best, the end may cut them off


def advice_of(study: "Study") -> tuple[Advice, ...]:
    """See `Study.advice`."""
    return (*_training_figure(study), *_unread(study), *_failures(study), *_edges(study))


def _training_figure(study: "Study") -> list[Advice]:
    if study.monitor.startswith("val_") or not study.trials:
        return []
    text = (
        "The trials are ranked by rows that they were trained on: the best may be the one that overfits most."
    )
    held_out = f"val_{study.monitor}"
    kept = any(held_out in trial.metrics for trial in study.trials)
    evidence = f"monitor {study.monitor!r}" + (f"; {held_out!r} is in each trial's metrics" if kept else "")
    return [Advice("training_figure", "warning", text, evidence, f"monitor = {held_out!r}")]


def _unread(study: "Study") -> list[Advice]:
    return [
        Advice(
            "unread_parameter",
            "warning",
            f"build did not read {name} before the search: if it never does, its values change nothing.",
            f"{name} in the space, and in no build that was watched before the first trial",
        )
        for name in study.unread
    ]


def _failures(study: "Study") -> list[Advice]:
    failed = [trial for trial in study.trials if trial.state == "failed"]
    if len(failed) <= _MANY_FAILED * len(study.trials):
        return []
    all_failed = len(failed) == len(study.trials)
    text = "All trials failed: mend what they failed by." if all_failed else _SOME
    return [
        Advice(
            "failed_trials",
            "error" if all_failed else "warning",
            text,
            f"{len(failed)} of {len(study.trials)} trials; {commonest(failed)}",
        )
    ]


def _edges(study: "Study") -> list[Advice]:
    """Ranges whose end the best quarter of the trials crowds at."""
    complete = study.ranked()[: len(study.comparable)]  # which these are
    if study.space is None or len(complete) < _LEAST:
        return []
    best = complete[: math.ceil(len(complete) / 4)]
    found = (_edge(name, each, best) for name, each in study.space.items() if isinstance(each, _RANGES))
    return [advice for advice in found if advice is not None]


_RANGES = (Uniform, LogUniform, OneMinusLogUniform)


def _edge(name: str, searched: Distribution, best: list[Trial]) -> Advice | None:
    values = [trial.params[name] for trial in best if name in trial.params]
    if not values:
        return None
    places = [searched.position(value) for value in values]
    middle = median(places)
    wider = _wider(searched, upwards=middle > 0.5)
    at_edge = max(middle, places[0]) <= _EDGE or min(middle, places[0]) >= 1 - _EDGE
    if not at_edge or wider is None:
        return None
    end = "upper" if middle > 0.5 else "lower"
    return Advice(
        "edge_of_range",
        "hint",
        f"The best values of {name} crowd at the {end} end of what was searched: search on beyond it.",
        f"of the best {len(values)} trials half lie in the {end} {_EDGE:.0%} of: {searched.describe()}",
        f"wider = {{{name!r}: {wider}}}",
        'deck 002, "Coarse to fine"',
    )


def _wider(searched: Distribution, *, upwards: bool) -> str | None:
    """The range that goes on beyond an end, as code; None where it cannot."""
    assert isinstance(searched, _RANGES)
    low, high = searched.low, searched.high
    if isinstance(searched, LogUniform):
        low, high = (low, 10 * high) if upwards else (low / 10, high)
    elif isinstance(searched, OneMinusLogUniform):
        low, high = (low, 1 - (1 - high) / 10) if upwards else (max(0.0, 1 - (1 - low) * 10), high)
    elif upwards:
        high += high - low
    elif low > 0:
        low = max(0.0, low - (high - low))  # what begins at 0, such as a rate of dropout, has no less
    if (low, high) == (searched.low, searched.high):
        return None
    digits = getattr(searched, "digits", None)
    kept = "" if digits is None else f", digits={digits}"
    return f"fd.tune.{searched.where}({low:.6g}, {high:.6g}{kept})"
