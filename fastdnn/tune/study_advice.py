"""What the trials of a search say about the next one."""

import math
from typing import TYPE_CHECKING

import numpy as np

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
_EDGE = 0.2  # of a range: where most of the best quarter lie in it, with the best, the end may cut them off
_CHANCE = 0.05  # of studies in which no range matters, and yet one is said to end too early


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
    if study.space is None or len(study.comparable) < _LEAST:
        return []
    ranges = {name: each for name, each in study.space.items() if isinstance(each, _RANGES)}
    found = (_edge(name, each, study, _CHANCE / len(ranges)) for name, each in ranges.items())
    return [advice for advice in found if advice is not None]


_RANGES = (Uniform, LogUniform, OneMinusLogUniform)


def _edge(name: str, searched: Distribution, study: "Study", chance: float) -> Advice | None:
    trials = [each for each in study.ranked()[: len(study.comparable)] if name in each.params]
    best = trials[: math.ceil(len(trials) / 4)]
    if not best:
        return None
    places = {trial.number: searched.position(trial.params[name]) for trial in trials}
    upwards = places[best[0].number] > 0.5
    there = {number for number, place in places.items() if (place if upwards else 1 - place) >= 1 - _EDGE}
    among = sum(trial.number in there for trial in best)
    wider = _wider(searched, upwards=upwards)
    crowd = best[0].number in there and 2 * among > len(best) and _by_chance(trials, there) <= chance
    if not crowd or wider is None:
        return None
    end = "upper" if upwards else "lower"
    return Advice(
        "edge_of_range",
        "hint",
        f"The best values of {name} crowd at the {end} end of what was searched: search on beyond it.",
        f"{among} of the best {len(best)} trials, and {len(there)} of all {len(trials)}, lie in the {end} "
        f"{_EDGE:.0%} of: {searched.describe()}",
        f"wider = {{{name!r}: {wider}}}",
        'deck 002, "Coarse to fine"',
    )


def _by_chance(ranked: list[Trial], there: set[int]) -> float:
    """How probable it is that so many of the best trials are `there`, or more, if that made none better.

    Trials of a generation are compared with each other alone: a search that learns goes where it has found
    good ones. Of a generation's n trials, m of which are there, k of its best quarter are by the
    hypergeometric distribution; of all generations it is their sum.
    """
    seen, chances = 0, np.ones(1)
    for generation in sorted({trial.generation for trial in ranked}):
        own = [trial.number in there for trial in ranked if trial.generation == generation]
        best, inside = math.ceil(len(own) / 4), sum(own)
        ways = [math.comb(inside, k) * math.comb(len(own) - inside, best - k) for k in range(best + 1)]
        chances = np.convolve(chances, [way / math.comb(len(own), best) for way in ways])
        seen += sum(own[:best])
    return float(chances[seen:].sum())


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
