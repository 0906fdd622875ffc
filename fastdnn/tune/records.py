"""What an Optuna trial says of the slot that it was run for."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from fastdnn.tune.runner import Outcome
from fastdnn.tune.space import Space
from fastdnn.tune.trial import Trial, trial_seed

MOST_DEATHS = 3  # of processes that ran a trial, after which it is the trial's fault
SETTINGS, SLOT, RESULT, WORKER, RELEASED, RUNG = "fastdnn", "slot", "result", "worker", "released", "rung"
PLANNED = "planned"  # how many trials the search is to have, as far as who came last wants


@dataclass(frozen=True)
class Slot:
    """A trial that is to be done.

    number, generation, params: of the trial.
    epochs: that it is trained when it is not stopped early.
    """

    number: int
    generation: int
    params: Mapping[str, Any]
    epochs: int


@dataclass
class Record:
    """The Optuna trial that counts for a slot."""

    slot: Slot
    id: int
    number: int
    attempt: int
    frozen: Any
    ours: bool = False
    seen: float = 0.0  # when it was first met running without an owner


def deaths_of(frozen: Any) -> int:
    """Of processes that ran the slot, this attempt's included, which ended without a result. Who waits at a
    rung for others is not run, and gives no process a reason to die.
    """
    waited = frozen.user_attrs.get(RUNG, 0) in frozen.intermediate_values
    return int(frozen.user_attrs[SLOT]["deaths"]) + (not waited and RELEASED not in frozen.user_attrs)


def result_of(frozen: Any) -> dict[str, Any] | None:
    """What came of an Optuna trial; None where it is not finished, or was lost with its process."""
    if not frozen.state.is_finished():
        return None
    result: dict[str, Any] | None = frozen.user_attrs.get(RESULT)
    if result is None and (deaths := deaths_of(frozen)) >= MOST_DEATHS:
        reason = f"the process that ran it died, {deaths} times"
        return result_from(Outcome(0, reason=reason), ()) | {"state": "failed"}
    return result


def trial_of(slot: Slot, seed: int, result: Mapping[str, Any]) -> Trial:
    """A slot and what came of it."""
    return Trial(
        number=slot.number,
        params=slot.params,
        seed=trial_seed(seed, slot.number),
        generation=slot.generation,
        state=result["state"],
        value=result["value"],
        metrics=result["metrics"],
        folds=tuple(result["folds"]),
        rungs=tuple((int(epochs), float(value)) for epochs, value in result["rungs"]),
        epochs=result["epochs"],
        seconds=result["seconds"],
        reason=result["reason"],
    )


def result_from(outcome: Outcome, rungs: Iterable[tuple[int, float]]) -> dict[str, Any]:
    """What is written down of an outcome, beside its state."""
    return {
        "value": outcome.value,
        "metrics": dict(outcome.metrics),
        "folds": [dict(fold) for fold in outcome.folds],
        "rungs": [list(rung) for rung in rungs],
        "epochs": outcome.epochs,
        "seconds": round(outcome.seconds, 6),
        "reason": outcome.reason,
    }


def values_of(frozen: Any, space: Space) -> dict[str, Any]:
    """Those of a trial, of what Optuna was told of them."""
    known = {name: distribution.encoded_name(name) for name, distribution in space.items()}
    told = {name: frozen.params[as_] for name, as_ in known.items() if as_ in frozen.params}
    return {name: space[name].decode(value) for name, value in told.items()}


def plain(value: Any) -> Any:
    """A value as JSON has it, or what it prints."""
    return value if value is None or isinstance(value, str | int | float) else repr(value)
