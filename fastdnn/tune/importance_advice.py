"""What the importances of a study's parameters cannot tell, in words."""

from collections.abc import Collection, Sequence
from typing import Any

from fastdnn.diagnose.advice import Advice
from fastdnn.tune.choices import Choice
from fastdnn.tune.space import Space
from fastdnn.tune.trial import Trial

# Complete trials. Of five parameters one of which decides, with some noise, that one was the first of the
# order in 5 of 10 studies of 6 to 10 trials, 9 of 10 of 15 and 19 of 20 of 20.
_FEW, _VERY_FEW = 20, 10
_FEW_WITH = 10  # trials that have a conditional parameter
_NARROW = 0.1  # of a range: where nine of ten values lie in it, the parameter was hardly tried
_MOST_OF = 0.9  # of the trials


def advice_of(
    space: Space, complete: Sequence[Trial], best: int, beyond_chance: Collection[str]
) -> tuple[Advice, ...]:
    """See `Importances.advice`."""
    narrow = [name for name in space if _hardly_varied(space, name, complete)]
    left = [name for name in space if name not in beyond_chance and name not in narrow]
    return (
        *_few(complete),
        *_fixed(narrow),
        *_rare(space, complete),
        *_chance(left, beyond_chance, complete, best),
    )


def _few(complete: Sequence[Trial]) -> list[Advice]:
    if len(complete) >= _FEW:
        return []
    very = len(complete) < _VERY_FEW
    few = "too few" if very else "few"
    text = f"{len(complete)} trials are {few} to rank parameters by: make it {_FEW} or more."
    known = f"of {_FEW} trials in 19 of 20 studies, of 15 in 9 of 10, of up to {_VERY_FEW} in 5 of 10"
    evidence = f"where one of five parameters decided, it came first {known}"
    return [Advice("few_trials", "warning" if very else "hint", text, evidence)]


def _fixed(narrow: Sequence[str]) -> list[Advice]:
    if not narrow:
        return []
    text = f"{_listed(narrow)} hardly varied, so nothing is known of what {_it(narrow)} would change."
    evidence = f"{_MOST_OF:.0%} of the trials have one option, or lie within {_NARROW:.0%} of the range"
    return [Advice("hardly_varied", "warning", text, evidence)]


def _rare(space: Space, complete: Sequence[Trial]) -> list[Advice]:
    having = {name: sum(name in trial.params for trial in complete) for name in space.conditions}
    rare = {name: count for name, count in having.items() if count < min(_FEW_WITH, len(complete))}
    if not rare:
        return []
    text = f"Few trials have {_listed([*rare])}: trust {_its([*rare])} importance little."
    told = ", ".join(f"{name} in {count}" for name, count in rare.items())
    return [Advice("few_with_parameter", "hint", text, f"of {len(complete)} trials {told}")]


def _chance(
    left: Sequence[str], beyond: Collection[str], complete: Sequence[Trial], best: int
) -> list[Advice]:
    if not left:
        return []
    if beyond:
        text = f"That {_listed(left)} matter{'s' if len(left) == 1 else ''} is not shown: it may be chance."
    else:
        text = "No parameter is shown to matter: this order may be chance."
    evidence = f"best {best} of {len(complete)} trials; as much is told of values shuffled among the trials"
    return [Advice("no_more_than_chance", "hint" if beyond else "warning", text, evidence)]


def _hardly_varied(space: Space, name: str, complete: Sequence[Trial]) -> bool:
    values = [trial.params[name] for trial in complete if name in trial.params]
    if not values:
        return True
    if isinstance(space[name], Choice) or (space[name].size or _FEW) < 1 / _NARROW:
        return max(_count(values, value) for value in values) >= _MOST_OF * len(values)
    places = sorted(space[name].position(value) for value in values)
    cut = int((1 - _MOST_OF) / 2 * len(places))
    return places[len(places) - 1 - cut] - places[cut] <= _NARROW


def _count(values: Sequence[Any], value: Any) -> int:
    return sum(each is value or each == value for each in values)


def _listed(names: Sequence[str]) -> str:
    *others, last = names
    return f"{', '.join(others)} and {last}" if others else last


def _it(names: Sequence[str]) -> str:
    return "it" if len(names) == 1 else "they"


def _its(names: Sequence[str]) -> str:
    return "its" if len(names) == 1 else "their"
