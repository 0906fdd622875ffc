"""Which parameters matter, of the trials of a study."""

import warnings
from typing import TYPE_CHECKING

from fastdnn.errors import expected
from fastdnn.tune.methods.asked import encoded
from fastdnn.tune.optuna_parts import optuna, quiet

if TYPE_CHECKING:
    from fastdnn.tune.study import Study

_LEAST = 4  # complete trials, of which the best quarter is one


def importances(study: "Study") -> dict[str, float]:
    """See `Study.importances`."""
    complete = [trial for trial in study.trials if trial.state == "complete" and trial.is_comparable]
    space = study.space
    if space is None or len(complete) < _LEAST:
        got = "a study that was loaded" if space is None else f"{len(complete)}"
        raise ValueError(expected("Study.importances", f"at least {_LEAST} complete trials of a search", got))
    package = optuna("Study.importances")
    with quiet():
        direction = "minimize" if study.mode == "min" else "maximize"
        there = package.create_study(direction=direction, storage=package.storages.InMemoryStorage())
        for trial in complete:
            params, distributions = encoded(space, trial.params)
            there.add_trial(
                package.trial.create_trial(params=params, distributions=distributions, value=trial.value)
            )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of few trials, and of equal ones: refused below
            found = package.importance.PedAnovaImportanceEvaluator().evaluate(there)
    whole = sum(found.values())
    if not whole > 0:
        got = f"{len(complete)} complete trials of which the best are like the others"
        raise ValueError(expected("Study.importances", "trials whose values differ", got))
    names = {space[name].encoded_name(name): name for name in space}
    order = sorted(found.items(), key=lambda item: -item[1])
    return {names[known_as]: float(share / whole) for known_as, share in order}
