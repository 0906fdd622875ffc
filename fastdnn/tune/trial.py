"""One trial of a search: the values that were tried, and what came of them."""

import copy
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields
from typing import Any, Literal

from fastdnn.arguments import seeds_given
from fastdnn.data.draws import bits

State = Literal["complete", "pruned", "failed"]
_ALWAYS = ("number", "params", "seed", "generation", "state", "value")  # in the repr, also where empty
_LONGEST = 80  # characters of a value there: an option may be a network of many layers


@dataclass(frozen=True, repr=False)
class Trial:
    """What came of one set of values.

    number: from 0, in the order of the proposals; it does not depend on who ran it, or when.
    params: the values by name; those of conditional parameters only where they count.
    seed: of the model's weights, order of rows and dropout, where `build` gives the model none.
    generation: in which it was proposed: the stage of "coarse_to_fine", the population of "evolutionary".
    state: "complete"; "pruned", stopped early as one of the worse; "failed", see `reason`.
    value: the monitored figure of the weights that the trial ended with, the mean over the folds; None where
        it failed.
    metrics: loss and metrics of the last epoch, and their "val_" twins, means over the folds.
    folds: the same for each fold of a cross-validation, its "value", and as "epochs" how many are in the
        weights that it ended with: `EarlyStopping` goes back to the best; empty without one.
    rungs: (epochs, value) where it was compared with others in between.
    epochs: how many it was trained, the mean over the folds, rounded.
    seconds: that its training and evaluation took.
    reason: why it failed.

    Its repr has all values, and leaves out what is empty.

    >>> import fastdnn as fd
    >>> fd.tune.Trial(4, {"lr": 0.01, "units": 32}, seed=7, value=0.25, epochs=3)
    Trial(number=4, params={'lr': 0.01, 'units': 32}, seed=7, generation=0, state='complete', value=0.25, ...
    """

    number: int
    params: Mapping[str, Any]
    seed: int
    generation: int = 0
    state: State = "complete"
    value: float | None = None
    metrics: Mapping[str, float] = field(default_factory=dict)
    folds: tuple[Mapping[str, float], ...] = ()
    rungs: tuple[tuple[int, float], ...] = ()
    epochs: int = 0
    seconds: float = 0.0
    reason: str = ""

    def __repr__(self) -> str:
        given = {each.name: getattr(self, each.name) for each in fields(self)}
        told = {name: value for name, value in given.items() if value or name in _ALWAYS}
        return f"Trial({', '.join(f'{name}={_shown(value)}' for name, value in told.items())})"

    @property
    def is_comparable(self) -> bool:
        """Whether its value is a finite number."""
        return self.value is not None and math.isfinite(self.value)

    @property
    def spread(self) -> float | None:
        """The standard deviation of the monitored figure over the folds, dividing by their number - 1."""
        values = [fold["value"] for fold in self.folds if "value" in fold]
        if len(values) < 2:
            return None
        mean = sum(values) / len(values)
        return float((sum((value - mean) ** 2 for value in values) / (len(values) - 1)) ** 0.5)


def _shown(value: Any) -> str:
    """A field in the repr: dicts with all names, long values by their type."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{name!r}: {_shown(each)}" for name, each in value.items()) + "}"
    if isinstance(value, tuple) and value and isinstance(value[0], Mapping):
        return f"<{len(value)} folds>"
    text = repr(value)
    return text if len(text) <= _LONGEST else f"<{type(value).__name__} of {len(text)} characters>"


def trial_seed(seed: int, number: int) -> int:
    """The seed of a trial, of 32 bits: a function of the search's seed and the trial's number alone.

    >>> from fastdnn.tune.trial import trial_seed
    >>> trial_seed(0, 5) == trial_seed(0, 5), trial_seed(0, 5) == trial_seed(0, 6)
    (True, False)
    """
    return int(bits(seed, f"trial {number}").random_raw()) >> 32


def model_seeds(seed: int) -> Iterator[int]:
    """The seeds of the models that a `build` makes: the first has the trial's own."""
    yield seed
    number = 1
    while True:
        yield trial_seed(seed, number)
        number += 1


def copied(params: Mapping[str, Any]) -> dict[str, Any]:
    """The values, for somebody who may change them: options such as lists are those of all trials.

    >>> from fastdnn.tune.trial import copied
    >>> sizes = [8, 4]
    >>> copied({"sizes": sizes})["sizes"] is sizes
    False
    """
    return {name: _copy(value) for name, value in params.items()}


def _copy(value: Any) -> Any:
    try:
        return copy.deepcopy(value)
    except Exception:  # a module, a lock, an open file: nothing that there could be two of
        return value


def trial_model(build: Any, trial: Trial) -> Any:
    """The model of a trial before its training: what `build` makes of its values, with the trial's seed where
    it gives the model none.

    >>> import fastdnn as fd
    >>> def build(p):
    ...     return fd.Sequential([fd.Input((2,)), fd.layers.Dense(p["units"])])
    >>> fd.tune.trial_model(build, fd.tune.Trial(0, {"units": 3}, seed=5)).seed
    5
    """
    with seeds_given(model_seeds(trial.seed)):
        return build(copied(trial.params))
